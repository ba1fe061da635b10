"""Jobs and items as they go over the wire."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from services.processing.item_row import Item
from services.processing.job_spec import spec_of
from services.processing.result_names import result_name
from shared.contracts.jobs import job_view
from shared.contracts.processing import JobItem, ProcessingJob
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
    row: Job, base: str, *, store_results: bool, items: Sequence[Sequence[Any]], next_cursor: str | None
) -> bytes:
    """The job with a page of its items, a ProcessingJobDetail in JSON.

    Written as it stands in the rows: models of a thousand items took three times as long as all the rest.
    """
    facts = job(row, base, store_results=store_results)
    pipeline = spec_of(row).pipeline
    shown = [_shown(one, pipeline, facts.url) for one in items]
    return to_json({**facts.model_dump(), "items": shown, "next_cursor": next_cursor})


def _shown(row: Sequence[Any], pipeline: str, job_url: str) -> dict[str, Any]:
    """A JobItem as JSON has it."""
    (
        index, name, stem, state, attempts, error, own, original, result, media_type, size, digest,
        width, height, stored_name, store_error, started_at, ended_at,
    ) = row  # fmt: skip
    url = f"{job_url}/items/{index}"
    done = result is not None
    return {
        "index": index,
        "name": name,
        "state": state,
        "attempts": attempts,
        "error": error and json.loads(error),
        "pipeline": own and _steps(own),
        "original_url": f"{url}/original" if original is not None else None,
        "result_url": f"{url}/result" if done else None,
        "result_name": result_name(stem, own or pipeline, media_type) if done else None,
        "media_type": media_type if done else None,
        "size": size if done else None,
        "digest": f"sha256:{digest}" if done else None,
        "width": width if done else None,
        "height": height if done else None,
        "stored_name": stored_name,
        "store_error": store_error and json.loads(store_error),
        "started_at": started_at,
        "ended_at": ended_at,
    }


def item(shown: Sequence[Any], row: Job, base: str) -> JobItem:
    """One item of the job."""
    return JobItem.model_validate(_shown(shown, spec_of(row).pipeline, f"{base}/v1/jobs/{row.id}"))


def name_of(one: Item, row: Job) -> str:
    """The result's name, in the ZIP and when it is saved."""
    assert one.result is not None
    return result_name(one.stem, one.pipeline or spec_of(row).pipeline, one.result.media_type)


@lru_cache(256)
def _steps(pipeline: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(pipeline)
    return found
