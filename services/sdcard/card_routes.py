"""HTTP for what is on a card: dates, hours, and files, from the last listing at once."""

from typing import Annotated, cast

from fastapi import APIRouter, Path, Query, Request

from services.sdcard import presenting
from services.sdcard.camera_routes import CameraId, Cursor, Limit, Wait
from services.sdcard.dates import real_date
from services.sdcard.parts import Parts
from shared.contracts.sdcard import CardDate, CardDates, CardHour, CardHours, Clips
from shared.web.caller import public_base
from shared.web.cursors import decode_cursor, encode_cursor

Date = Annotated[str, Path(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-11-20"])]


def card_router(parts: Parts) -> APIRouter:
    """What was last listed, with its age; it is refreshed behind, and an event tells when that is done."""
    router = APIRouter(tags=["cards"])

    @router.get("/v1/cameras/{camera_id}/dates", summary="The dates on the card, newest first")
    async def list_dates(camera_id: CameraId, wait: Wait = 0.0) -> CardDates:
        row = await parts.registry.get(camera_id)
        await parts.cards.look(row, wait)
        card, found = await parts.cards.dates(row)
        items = [
            CardDate(date=one.date, hours=one.hours, clips=one.clips, others=one.others, size=one.size)
            for one in found
        ]
        return CardDates(**presenting.listing(card).model_dump(), items=items)

    @router.get("/v1/cameras/{camera_id}/dates/{date}", summary="The hours of a date, newest first")
    async def list_hours(camera_id: CameraId, date: Date, wait: Wait = 0.0) -> CardHours:
        row = await parts.registry.get(camera_id)
        await parts.cards.look(row, wait)
        card, found, scanned = await parts.cards.hours(row, real_date(date))
        items = [
            CardHour(
                hour=one.hour,
                clips=one.clips,
                others=one.others,
                size=one.size,
                scanned=scanned.get(one.hour, 0),
                listed_at=one.listed_at,
            )
            for one in found
        ]
        return CardHours(**presenting.listing(card).model_dump(), date=date, items=items)

    @router.get("/v1/cameras/{camera_id}/dates/{date}/clips", summary="The files of a date, newest first")
    async def list_clips(
        camera_id: CameraId,
        date: Date,
        request: Request,
        hour: Annotated[int | None, Query(ge=0, le=23)] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        wait: Wait = 0.0,
    ) -> Clips:
        """Files whose names are not those of clips are shown too, as `other`, with their size alone."""
        before = None if cursor is None else cast("str", decode_cursor(cursor, str)[0])
        row = await parts.registry.get(camera_id)
        await parts.cards.look(row, wait)
        card, found = await parts.cards.files(row, real_date(date), hour, before, limit + 1)
        base = public_base(request.scope)
        items = [presenting.clip(file, row.id, base) for file in found[:limit]]
        following = encode_cursor(found[limit - 1].place) if len(found) > limit else None
        return Clips(**presenting.listing(card).model_dump(), items=items, next_cursor=following)

    return router
