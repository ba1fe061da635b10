"""Jobs and items as they go over the wire."""

import json
from functools import lru_cache

from pydantic import TypeAdapter

from services.processing.item_row import Item
from services.processing.job_spec import spec_of
from services.processing.result_names import result_name
from shared.contracts.jobs import job_view
from shared.contracts.processing import JobItem, ProcessingJob, ProcessingJobDetail, Steps
from shared.jobs import Job


def job(row: Job, base: str, *, store_results: bool) -> ProcessingJob:
    """The job, with URLs as the caller reaches them."""
    spec = spec_of(row)
    url = f"{base}/v1/jobs/{row.id}"
    return ProcessingJob(
        **job_view(row).model_dump(),
        pipeline=json.loads(spec.pipeline),
        format=spec.output.format,
        quality=spec.output.quality,
        store_results=store_results,
        url=url,
        results_url=f"{url}/results.zip",
    )


def detail(
    row: Job, base: str, *, store_results: bool, items: list[Item], next_cursor: str | None
) -> ProcessingJobDetail:
    """The job with a page of its items."""
    facts = job(row, base, store_results=store_results)
    pipeline = spec_of(row).pipeline
    shown = [_item(one, pipeline, base) for one in items]
    return ProcessingJobDetail.model_construct(**dict(facts), items=shown, next_cursor=next_cursor)


def item(one: Item, row: Job, base: str) -> JobItem:
    """One item of the job."""
    return _item(one, spec_of(row).pipeline, base)


def _item(one: Item, pipeline: str, base: str) -> JobItem:
    """Made without validation: a page has a thousand of them, and they come from our own rows."""
    url = f"{base}/v1/jobs/{one.job_id}/items/{one.index}"
    shown = JobItem.model_construct(
        index=one.index,
        name=one.name,
        state=one.state,
        attempts=one.attempts,
        error=one.error,
        pipeline=None if one.pipeline is None else _steps(one.pipeline),
        original_url=None if one.original is None else f"{url}/original",
        stored_name=one.stored_name,
        store_error=one.store_error,
        started_at=one.started_at,
        ended_at=one.ended_at,
    )
    result = one.result
    if result is not None:
        shown.result_url = f"{url}/result"
        shown.result_name = result_name(one.stem, one.pipeline or pipeline, result.media_type)
        shown.media_type, shown.size = result.media_type, result.size
        shown.digest = f"sha256:{result.digest}"
        shown.width, shown.height = one.width, one.height
    return shown


def name_of(one: Item, row: Job) -> str:
    """The result's name, in the ZIP and when it is saved."""
    assert one.result is not None
    return result_name(one.stem, one.pipeline or spec_of(row).pipeline, one.result.media_type)


@lru_cache(256)
def _steps(pipeline: str) -> Steps:
    return TypeAdapter(Steps).validate_json(pipeline)
