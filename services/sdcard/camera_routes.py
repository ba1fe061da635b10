"""HTTP for the registry: find, add, change and remove cameras, and trust their keys."""

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.sdcard import presenting
from services.sdcard.camera_repository import CameraRow
from services.sdcard.parts import Parts
from shared.contracts.pages import Page
from shared.contracts.sdcard import Camera, CameraChange, CameraState, HostKeyAcceptance, NewCamera
from shared.web.caller import actor, public_base
from shared.web.content import matches
from shared.web.cursors import decode_cursor, encode_cursor

CameraId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_-]{1,63}$", description="the camera's id, in any case", examples=["cam1"]),
]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
IfMatch = Annotated[str | None, Header(description="the ETag that the camera must still have")]
Wait = Annotated[
    float, Query(ge=0, le=25, description="seconds to wait for a refresh that is under way or due")
]


def camera_router(parts: Parts) -> APIRouter:
    """The registry, and whether a camera can be reached."""
    router = APIRouter(tags=["cameras"])
    registry = parts.registry

    @router.get("/v1/cameras", summary="The cameras, each with what was last seen of it")
    async def list_cameras(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Page[CameraState]:
        after = None if cursor is None else cast("str", decode_cursor(cursor, str)[0])
        found = await registry.page(after, limit + 1)
        items = await parts.cards.states(found[:limit], public_base(request.scope))
        following = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return Page(items=items, next_cursor=following)

    @router.post("/v1/cameras", status_code=201, summary="Add a camera")
    async def add_camera(new: NewCamera, request: Request, response: Response) -> Camera:
        """What is not given comes from `[defaults]` of the file of cameras. Credentials never come out."""
        row = await registry.add(new, actor(request.scope))
        answer = _answer(parts, row, request, response)
        response.headers["Location"] = answer.url
        return answer

    @router.get("/v1/cameras/{camera_id}", summary="A camera: online or why not, its card, its host key")
    async def get_camera(
        camera_id: CameraId, request: Request, response: Response, wait: Wait = 0.0
    ) -> CameraState:
        """At once, from what was last seen; the camera is asked behind, and an event tells what it said."""
        row = await registry.get(camera_id)
        await parts.cards.look(row, wait)
        row = await registry.get(camera_id)
        response.headers["ETag"] = presenting.camera_etag(row)
        return await parts.cards.state(row, public_base(request.scope))

    return router


def camera_change_router(parts: Parts) -> APIRouter:
    """What ends a camera's connections: other facts, another key to trust, its removal."""
    router = APIRouter(tags=["cameras"])
    registry = parts.registry

    @router.patch("/v1/cameras/{camera_id}", summary="Change a camera")
    async def change_camera(
        camera_id: CameraId,
        wanted: CameraChange,
        request: Request,
        response: Response,
        if_match: IfMatch = None,
    ) -> Camera:
        """Changed by hand, a camera no longer follows the file of cameras. A camera that moves to another
        host or port has to have its key accepted again."""
        row = await registry.change(camera_id, wanted, _condition(if_match), actor(request.scope))
        await parts.cards.forget_connections(row)
        return _answer(parts, row, request, response)

    @router.delete("/v1/cameras/{camera_id}", status_code=204, summary="Forget a camera")
    async def delete_camera(camera_id: CameraId, request: Request, if_match: IfMatch = None) -> None:
        row = await registry.get(camera_id)
        await registry.delete(camera_id, _condition(if_match), actor(request.scope))
        await parts.cards.forget_connections(row)

    @router.post("/v1/cameras/{camera_id}/host-key", summary="Trust the key that the camera shows")
    async def accept_host_key(
        camera_id: CameraId, wanted: HostKeyAcceptance, request: Request, response: Response
    ) -> Camera:
        """Only the key that it showed last can be accepted: compare its fingerprint with the camera's own."""
        row = await registry.accept_key(camera_id, wanted.fingerprint, actor(request.scope))
        await parts.cards.forget_connections(row)
        return _answer(parts, row, request, response)

    return router


def _answer(parts: Parts, row: CameraRow, request: Request, response: Response) -> Camera:
    response.headers["ETag"] = presenting.camera_etag(row)
    return presenting.camera(row, parts.registry, public_base(request.scope))


def _condition(if_match: str | None) -> Callable[[CameraRow], bool] | None:
    if if_match is None:
        return None
    return lambda row: matches(if_match.encode(), presenting.camera_etag(row).encode())
