"""What the tagging service tells an operator."""

from services.tagging import repository
from services.tagging.tables import jobs
from shared.database import Connection, Database
from shared.figures import Figure
from shared.jobs.figures import job_figures


async def work_figures(database: Database) -> list[Figure]:
    """Imports that wait, and labels that no CSV holds yet."""

    def work(connection: Connection) -> list[Figure]:
        unsaved = repository.unsaved(connection)
        return [
            *job_figures(connection, jobs),
            Figure("darkroom_unsaved_changes", "Changes that the CSV does not hold yet", unsaved.changes),
            Figure("darkroom_unsaved_datasets", "Datasets with such changes", unsaved.datasets),
            Figure("darkroom_conflicted_datasets", "Datasets whose CSV others changed", unsaved.conflicts),
        ]

    return await database.read(work)
