"""HTTP for the figures of a card: as JSON, as CSV, and as charts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.sdcard import presenting
from services.sdcard.camera_routes import CameraId
from services.sdcard.dates import real_date
from services.sdcard.figures import QualityFigures, UsageFigures
from services.sdcard.parts import Parts
from services.sdcard.reports import quality_csv, usage_csv
from services.sdcard.usage import Step
from shared.contracts.sdcard import Quality, StepName, Usage, UsageItem
from shared.web.content import SANDBOX, disposition

Date = Annotated[
    str | None,
    Query(
        pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", description="the whole card unless given"
    ),
]
By = Annotated[StepName, Query(description="the step of time")]
TEXT = {"schema": {"type": "string"}}
BINARY = {"schema": {"type": "string", "format": "binary"}}
TYPES = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}


def figure_router(parts: Parts) -> APIRouter:
    """Usage and quality; what has not been scanned yet is left out and counted."""
    router = APIRouter(tags=["figures"])
    _add_usage(router, parts)
    _add_quality(router, parts)
    return router


def _add_usage(router: APIRouter, parts: Parts) -> None:
    async def find(camera_id: str, by: StepName, date: str | None) -> UsageFigures:
        row = await parts.registry.get(camera_id)
        return await parts.figures.usage(row, Step(by), real_date(date))

    @router.get("/v1/cameras/{camera_id}/usage", summary="How much was recorded when")
    async def get_usage(camera_id: CameraId, by: By = "hour", date: Date = None) -> Usage:
        found = await find(camera_id, by, date)
        items = [UsageItem(start_local=b.start, clips=b.clips, size=b.size) for b in found.buckets]
        return Usage(
            **presenting.listing(found.card).model_dump(),
            by=by,
            date=date,
            items=items,
            size=sum(item.size for item in items),
            clips=sum(item.clips for item in items),
        )

    @router.get("/v1/cameras/{camera_id}/usage.csv", summary="The same as CSV", **_answers("csv", TEXT))
    async def get_usage_csv(camera_id: CameraId, by: By = "hour", date: Date = None) -> Response:
        found = await find(camera_id, by, date)
        return _file(usage_csv(found.buckets).encode(), camera_id, "usage", "csv")

    async def chart(camera_id: str, by: StepName, date: str | None, form: Literal["svg", "png"]) -> Response:
        row = await parts.registry.get(camera_id)
        found = await parts.figures.usage(row, Step(by), real_date(date))
        return _file(await parts.figures.usage_chart(row, found, form), camera_id, "usage", form)

    @router.get("/v1/cameras/{camera_id}/usage.svg", summary="The same as a chart", **_answers("svg", TEXT))
    async def get_usage_svg(camera_id: CameraId, by: By = "hour", date: Date = None) -> Response:
        return await chart(camera_id, by, date, "svg")

    @router.get("/v1/cameras/{camera_id}/usage.png", summary="The same as a chart", **_answers("png", BINARY))
    async def get_usage_png(camera_id: CameraId, by: By = "hour", date: Date = None) -> Response:
        return await chart(camera_id, by, date, "png")


def _add_quality(router: APIRouter, parts: Parts) -> None:
    async def find(camera_id: str, date: str | None) -> QualityFigures:
        row = await parts.registry.get(camera_id)
        return await parts.figures.quality(row, real_date(date))

    @router.get("/v1/cameras/{camera_id}/quality", summary="How good the recordings are, and what is missing")
    async def get_quality(camera_id: CameraId, date: Date = None) -> Quality:
        """By half hour of the camera's own time. Gaps are those that the recording mode does not explain."""
        found = await find(camera_id, date)
        return Quality(
            **presenting.listing(found.card).model_dump(),
            date=date,
            items=[presenting.half_hour(half) for half in found.halves],
            gaps=[presenting.gap(gap) for gap in found.gaps],
            unread=found.unread,
        )

    @router.get("/v1/cameras/{camera_id}/quality.csv", summary="The same as CSV", **_answers("csv", TEXT))
    async def get_quality_csv(camera_id: CameraId, date: Date = None) -> Response:
        """Columns: timeStamp, time, ave_kbps, ave_fps, resolute, frame_mode, sd_rec_mode."""
        found = await find(camera_id, date)
        return _file(quality_csv(found.halves).encode(), camera_id, "quality", "csv")

    async def chart(camera_id: str, date: str | None, form: Literal["svg", "png"]) -> Response:
        row = await parts.registry.get(camera_id)
        found = await parts.figures.quality(row, real_date(date))
        return _file(await parts.figures.quality_chart(row, found, form), camera_id, "quality", form)

    @router.get("/v1/cameras/{camera_id}/quality.svg", summary="The same as charts", **_answers("svg", TEXT))
    async def get_quality_svg(camera_id: CameraId, date: Date = None) -> Response:
        return await chart(camera_id, date, "svg")

    @router.get(
        "/v1/cameras/{camera_id}/quality.png", summary="The same as charts", **_answers("png", BINARY)
    )
    async def get_quality_png(camera_id: CameraId, date: Date = None) -> Response:
        return await chart(camera_id, date, "png")


def _answers(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    media_type = TYPES[kind].partition(";")[0]
    return {"response_class": Response, "responses": {200: {"content": {media_type: schema}}}}


def _file(data: bytes, camera_id: str, what: str, kind: str) -> Response:
    """Only PNGs are shown by themselves: an SVG is for pages to embed, or to be kept."""
    name = f"{camera_id.lower()}-{what}.{kind}"
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": SANDBOX.decode(),
        "Content-Disposition": disposition(name, attachment=kind != "png").decode(),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=TYPES[kind], headers=headers)
