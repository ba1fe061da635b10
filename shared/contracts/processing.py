"""Wire models of the processing service's jobs; its operations are in `operations`."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.jobs import JobView
from shared.contracts.operations import PipelineStep

ItemState = Literal["waiting", "running", "finished", "failed", "cancelled"]
Steps = list[PipelineStep]


class JobOptions(BaseModel):
    """What is to be done with the images of a job. One of `pipeline` and `pipeline_name`."""

    model_config = ConfigDict(extra="forbid")

    pipeline: Steps | None = Field(None, description="for all images that have none of their own")
    pipeline_name: str | None = Field(None, max_length=200, description="a saved pipeline, as it is now")
    overrides: dict[int, Steps] = Field(
        default={}, description="other pipelines for some images, by their index in the upload, from 0"
    )
    format: str | None = Field(None, description="of the results: jpeg, png, webp, avif", max_length=10)
    quality: int | None = Field(None, ge=1, le=100)
    store_results: bool = Field(default=False, description="put each result into the image store")


class JobRequest(JobOptions):
    """A job over images that the image store has."""

    images: list[str] = Field(min_length=1, description="their names; up to 10,000", examples=[["beach.jpg"]])


class JobItem(BaseModel):
    """One image of a job."""

    index: int = Field(description="its place in the upload, from 0")
    name: str
    state: ItemState
    attempts: int
    error: dict[str, Any] | None = Field(None, description="why it failed: code, detail, and more")
    pipeline: Steps | None = Field(None, description="where it differs from the job's")
    original_url: str | None = None
    result_url: str | None = Field(None, description="once it is finished")
    result_name: str | None = Field(None, description="as in the ZIP", examples=["beach-edge_detection.png"])
    media_type: str | None = None
    size: int | None = Field(None, description="bytes of the result")
    digest: str | None = Field(None, description="of the result, as sha256:<hex>")
    width: int | None = None
    height: int | None = None
    stored_name: str | None = Field(None, description="the result's name in the image store")
    store_error: dict[str, Any] | None = Field(None, description="why the image store did not take it")
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None


class ProcessingJob(JobView):
    """A job, and how to get at its images."""

    pipeline: Steps
    format: str | None = None
    quality: int | None = None
    store_results: bool = False
    url: str
    results_url: str = Field(description="a ZIP of the finished results, in the order of the upload")


class ProcessingJobDetail(ProcessingJob):
    """A job with a page of its items, in the order of the upload."""

    items: list[JobItem]
    next_cursor: str | None = None
