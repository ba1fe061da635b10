"""The processing service's typed client."""

import json
from collections.abc import AsyncIterator, Sequence
from io import RawIOBase

import httpx2

from shared.clients.base import ServiceClient
from shared.contracts.operations import PipelineStep
from shared.contracts.pages import Page
from shared.contracts.processing import JobItem, JobRequest, ProcessingJob, ProcessingJobDetail, Steps

PAGE = 1000
WAIT_SECONDS = 20.0
ENDED = frozenset({"finished", "failed", "cancelled"})


class ProcessingClient(ServiceClient):
    """Calls of the processing service. All raise ProblemAnswer for refusals, and httpx2.TransportError."""

    async def process(
        self,
        name: str,
        content: bytes,
        pipeline: Sequence[PipelineStep],
        *,
        format: str = "",  # noqa: A002 - the contract's name
    ) -> bytes:
        """One image at once."""
        fields = {"pipeline": steps_json(pipeline), **({"format": format} if format else {})}
        answer = await self.request("POST", "/v1/process", files={"image": (name, content)}, data=fields)
        return answer.content

    async def submit(
        self,
        images: Sequence[tuple[str, bytes | RawIOBase]],
        pipeline: Sequence[PipelineStep],
        *,
        overrides: dict[int, Steps] | None = None,
        format: str = "",  # noqa: A002 - the contract's name
        quality: int | None = None,
        store_results: bool = False,
        key: str = "",
    ) -> ProcessingJob:
        """A job over images (name, content); files are read piece by piece.

        The same `key` with the same job gives that job again.
        """
        fields = {"pipeline": steps_json(pipeline)}
        if overrides:
            others = {
                index: [step.model_dump(mode="json") for step in steps] for index, steps in overrides.items()
            }
            fields["overrides"] = json.dumps(others)
        if format:
            fields["format"] = format
        if quality is not None:
            fields["quality"] = str(quality)
        if store_results:
            fields["store_results"] = "true"
        form = [("images", image) for image in images]
        answer = await self.request("POST", "/v1/jobs", files=form, data=fields, headers=_keyed(key))
        return ProcessingJob.model_validate_json(answer.content)

    async def submit_names(self, wanted: JobRequest, *, key: str = "") -> ProcessingJob:
        """A job over images of the image store."""
        body = wanted.model_dump(mode="json", exclude_unset=True)
        answer = await self.request("POST", "/v1/jobs", json=body, headers=_keyed(key))
        return ProcessingJob.model_validate_json(answer.content)

    async def job(self, job_id: int, *, wait: float = 0, limit: int = 100) -> ProcessingJobDetail:
        """The job with its first items; `wait`: seconds to wait for its end, at most 25."""
        return await self.get(
            ProcessingJobDetail, f"/v1/jobs/{job_id}", params={"wait": wait, "limit": limit}
        )

    async def jobs(self) -> list[ProcessingJob]:
        """The newest jobs."""
        return (await self.get(Page[ProcessingJob], "/v1/jobs")).items

    async def finished(self, job_id: int) -> ProcessingJobDetail:
        """The job once it has ended, however long that takes."""
        while True:
            job = await self.job(job_id, wait=WAIT_SECONDS)
            if job.state in ENDED:
                return job

    async def item(self, job_id: int, index: int, *, wait: float = 0) -> JobItem:
        """One item; `wait`: seconds to wait for its end, at most 25."""
        return await self.get(JobItem, f"/v1/jobs/{job_id}/items/{index}", params={"wait": wait})

    async def items(self, job_id: int) -> AsyncIterator[JobItem]:
        """Every item in the order of the upload, each as soon as it has ended."""
        total = (await self.job(job_id, limit=1)).progress.total
        for index in range(total):
            item = await self.item(job_id, index, wait=WAIT_SECONDS)
            while item.state not in ENDED:
                item = await self.item(job_id, index, wait=WAIT_SECONDS)
            yield item

    async def result(self, job_id: int, index: int, *, wait: float = 0) -> bytes:
        """The image as processed; `wait`: seconds to wait for it, at most 25."""
        query = f"?wait={wait}" if wait else ""
        return (await self.request("GET", f"/v1/jobs/{job_id}/items/{index}/result{query}")).content

    async def original(self, job_id: int, index: int) -> bytes:
        """The image as it came."""
        return (await self.request("GET", f"/v1/jobs/{job_id}/items/{index}/original")).content

    async def results(self, job_id: int) -> bytes:
        """The ZIP of all results."""
        return (await self.request("GET", f"/v1/jobs/{job_id}/results.zip")).content

    async def cancel(self, job_id: int) -> ProcessingJob:
        """Begin nothing further."""
        return _job(await self.request("DELETE", f"/v1/jobs/{job_id}"))

    async def retry(self, job_id: int) -> ProcessingJob:
        """Try failed and cancelled items again."""
        return _job(await self.request("POST", f"/v1/jobs/{job_id}/retry"))

    async def store(self, job_id: int) -> ProcessingJob:
        """Put the results into the image store."""
        return _job(await self.request("POST", f"/v1/jobs/{job_id}/store"))


def steps_json(pipeline: Sequence[PipelineStep]) -> str:
    """A pipeline as a form's field."""
    return json.dumps([step.model_dump(mode="json") for step in pipeline])


def _keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def _job(answer: httpx2.Response) -> ProcessingJob:
    return ProcessingJob.model_validate_json(answer.content)
