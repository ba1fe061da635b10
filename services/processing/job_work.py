"""JobWork: what the service's runner does with a job: its images first, then the image store."""

import asyncio
from collections.abc import Mapping
from typing import Any

from services.processing import repository
from services.processing.job_run import JobRun, Means
from services.processing.storing import Storing
from shared.errors import InsufficientStorage, Unavailable
from shared.jobs import RunningJob
from shared.web.problems import as_darkroom_error


class JobWork:
    """The handler of jobs; `stop` is called once, when the service is about to end."""

    def __init__(self, means: Means, storing: Storing) -> None:
        self._means = means
        self._storing = storing
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin no further item; what workers are at is finished and written."""
        self._stopping.set()

    async def run(self, running: RunningJob) -> Mapping[str, Any]:
        """One job, to its end. What is not its own fault is Unavailable, and it is taken up again."""
        try:
            return await self._run(running)
        except Exception as error:
            known = as_darkroom_error(error)
            if isinstance(known, InsufficientStorage):
                raise Unavailable(known.detail) from error
            if known is not None and known is not error:
                raise known from error
            raise

    async def _run(self, running: RunningJob) -> Mapping[str, Any]:
        result = await JobRun(self._means, running, self._stopping).run()
        if await self._means.database.read(lambda c: repository.is_store_wanted(c, running.id)):
            result |= await self._storing.store(running)
        return result
