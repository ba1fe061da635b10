"""HTTP for bytes: results, originals, and all results as a ZIP."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.processing import job_presenting, repository
from services.processing.archive import stream_results
from services.processing.item_row import Item, Stored
from services.processing.job_schema import MAX_WAIT, Index, JobId, Wait
from services.processing.parts import Parts
from services.processing.result_names import plain_name
from shared.errors import Conflict, NotFound, Unprocessable
from shared.jobs import Job
from shared.web.content import Content, content_headers, disposition, send_content
from shared.web.cursors import MAX_INTEGER
from shared.web.direct import add_direct

PAGE = 500
BINARY = {"schema": {"type": "string", "format": "binary"}}
BYTES = {
    200: {"description": "The bytes", "content": {"image/*": BINARY}},
    206: {"description": "The part that Range asked for", "content": {"image/*": BINARY}},
    304: {"description": "The content is the one of If-None-Match"},
}


class ItemNotReady(Conflict):
    """The item has no result: not yet, or never."""

    code = "item_not_ready"
    title = "There is no result yet"


def add_byte_routes(app: FastAPI, parts: Parts) -> None:
    """Add `/result` and `/original` of items: Range, ETag, If-None-Match."""

    async def serve_result(scope: Scope, receive: Receive, send: Send) -> None:
        job_id, index = read_place(scope, "job_id", "index")
        job, item = await parts.watch.until(
            lambda: parts.jobs.item(job_id, index), lambda found: found[1].ended, _wait(scope)
        )
        if item.result is None:
            raise _not_ready(item)
        name = job_presenting.name_of(item, job)
        await send_content(_content(parts, item.result, name), scope, receive, send)

    async def serve_original(scope: Scope, receive: Receive, send: Send) -> None:
        _, item = await parts.jobs.item(*read_place(scope, "job_id", "index"))
        if item.original is None:
            raise NotFound("the image's bytes were never had", code="original_missing")
        name = plain_name(item.name, item.index)
        await send_content(_content(parts, item.original, name), scope, receive, send)

    def get_result(job_id: JobId, index: Index, wait: Wait = 0) -> None:
        """The image as processed; 409 `item_not_ready`, `item_failed`, `item_cancelled` without one."""

    def get_original(job_id: JobId, index: Index) -> None:
        """The image as it came."""

    for path, direct, documentation, summary in (
        ("result", serve_result, get_result, "The result of one image"),
        ("original", serve_original, get_original, "The image before"),
    ):
        add_direct(
            app.router,
            f"/v1/jobs/{{job_id}}/items/{{index}}/{path}",
            direct,
            documentation,
            summary=summary,
            tags=["jobs"],
            responses=BYTES,
        )


def archive_router(parts: Parts) -> APIRouter:
    """All results at once."""
    router = APIRouter(tags=["jobs"])

    @router.get(
        "/v1/jobs/{job_id}/results.zip",
        summary="All results",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": BINARY}}},
    )
    async def get_results(job_id: JobId) -> StreamingResponse:
        """What is finished by now, in the order of the upload; ERRORS.txt names what is not, and why."""
        job, _ = await parts.jobs.get(job_id)
        pieces = stream_results(_all_items(parts, job), partial(job_presenting.name_of, row=job), parts.blobs)
        headers = {
            "Content-Disposition": disposition(f"results-{job_id}.zip", attachment=True).decode(),
            "Cache-Control": "no-store",
        }
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    return router


def _all_items(parts: Parts, job: Job) -> Iterator[Item]:
    after = -1
    while True:
        page = parts.database.read_now(partial(repository.page, job_id=job.id, after=after, limit=PAGE))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].index


def _content(parts: Parts, stored: Stored, name: str) -> Content:
    is_image = stored.media_type.startswith("image/")
    headers = content_headers(
        media_type=stored.media_type,
        etag=stored.digest,
        name=name,
        cache_control="private, max-age=0, must-revalidate",
        attachment=not is_image,
    )
    return Content(
        stored.size,
        f'"{stored.digest}"'.encode(),
        headers,
        chunks=lambda start, end: parts.blobs.chunks(stored.key, start, end),
    )


def _not_ready(item: Item) -> Conflict:
    if item.state == "failed":
        error = item.error or {}
        return Conflict(str(error.get("detail", "")), code="item_failed", error=error)
    if item.state == "cancelled":
        return Conflict("the job was cancelled before this image was done", code="item_cancelled")
    return ItemNotReady("the image is not done yet; `wait` waits for it", headers={"Retry-After": "1"})


def read_place(scope: Scope, *names: str) -> list[int]:
    """The numbers of these names in the path. Raises Unprocessable for what is no such number."""
    return [_number(str(scope["path_params"][name]), MAX_INTEGER) for name in names]


def _number(text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > most:
        raise Unprocessable(f"{text[:30]!r} is not a number of a job or an image", code="validation_failed")
    return int(text)


def _wait(scope: Scope) -> float:
    given = parse_qs(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True).get("wait")
    if given is None:
        return 0.0
    try:
        seconds = float(given[-1])
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT:
        raise Unprocessable(f"wait: 0 to {MAX_WAIT} seconds", code="validation_failed")
    return seconds
