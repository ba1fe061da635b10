"""What the SD-card browser tells an operator."""

from services.sdcard import camera_repository
from services.sdcard.tables import jobs
from shared.database import Connection, Database
from shared.figures import Figure
from shared.jobs.figures import job_figures


async def camera_figures(database: Database) -> list[Figure]:
    """Scans and copies that wait, and how many cameras are in which state."""

    def work(connection: Connection) -> list[Figure]:
        states = camera_repository.count_states(connection)
        told = "Cameras by what was last found"
        cameras = [
            Figure("darkroom_cameras", told, count, {"state": state}) for state, count in states.items()
        ]
        return [*job_figures(connection, jobs), *cameras]

    return await database.read(work)
