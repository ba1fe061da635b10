"""What the processing service tells an operator."""

from services.processing import repository
from services.processing.tables import jobs
from shared.database import Connection, Database
from shared.figures import Figure
from shared.jobs.figures import job_figures


async def work_figures(database: Database) -> list[Figure]:
    """Jobs and their images that wait."""

    def work(connection: Connection) -> list[Figure]:
        waiting = repository.waiting_items(connection)
        told = Figure("darkroom_job_items_waiting", "Images of jobs that no worker has yet", waiting)
        return [*job_figures(connection, jobs), told]

    return await database.read(work)
