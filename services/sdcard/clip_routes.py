"""HTTP for clips: properties, the clip itself, pictures of it, and several in a ZIP."""

from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from starlette.types import Receive, Scope, Send

from services.sdcard import presenting
from services.sdcard.archives import stream_zip
from services.sdcard.camera_routes import CameraId
from services.sdcard.parts import Parts
from services.sdcard.places import ID_PATTERN
from services.sdcard.streams import StreamedResponse, send_stream
from shared.contracts.sdcard import ArchiveRequest, Clip
from shared.errors import Unprocessable
from shared.web.caller import public_base
from shared.web.content import Content, content_headers, disposition, matches, send_content, wanted_range
from shared.web.direct import add_direct
from shared.web.head import wants_head_only
from shared.web.middleware import find_header

ClipId = Annotated[str, Path(pattern=ID_PATTERN, examples=["MjAyNi0xMS0yMC8xMy8wMDAwMDEtMTMwMC5tcDQ"])]
BINARY = {"schema": {"type": "string", "format": "binary"}}
CONTENT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {"application/octet-stream": BINARY, "video/mp4": BINARY}},
    206: {"description": "The part that Range asked for", "content": {"video/mp4": BINARY}},
    304: {"description": "The content is the one of If-None-Match"},
}
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "The archive", "content": {"application/zip": BINARY}}
}
REVALIDATED = "private, no-cache"
YES, NO = {"true", "1", "yes", "on"}, {"", "false", "0", "no", "off"}


class PictureResponse(Response):
    """A Content as FastAPI routes return it."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the picture."""
        await send_content(self._content, scope, receive, send)


def clip_router(parts: Parts) -> APIRouter:
    """What is known of a clip, pictures, archives."""
    router = APIRouter(tags=["clips"])

    @router.get("/v1/cameras/{camera_id}/clips/{clip_id}", summary="A clip with its properties")
    async def get_clip(camera_id: CameraId, clip_id: ClipId, request: Request, response: Response) -> Clip:
        """Read from the camera where no scan has done so yet."""
        row = await parts.registry.get(camera_id)
        file = await parts.clips.get(row, clip_id)
        response.headers["ETag"] = f'"{presenting.file_etag(row.id, file)}"'
        return presenting.clip(file, row.id, public_base(request.scope))

    @router.get(
        "/v1/cameras/{camera_id}/clips/{clip_id}/thumbnail.jpg",
        summary="A small picture of the first key frame",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": BINARY}}, 304: CONTENT_ANSWERS[304]},
    )
    async def get_thumbnail(camera_id: CameraId, clip_id: ClipId) -> Response:
        row = await parts.registry.get(camera_id)
        tag, picture = await parts.clips.thumbnail(row, clip_id)
        return _picture(picture, f"{tag}-thumbnail", "image/jpeg", "thumbnail.jpg")

    @router.get(
        "/v1/cameras/{camera_id}/clips/{clip_id}/preview.gif",
        summary="A few key frames, moving",
        response_class=Response,
        responses={200: {"content": {"image/gif": BINARY}}, 304: CONTENT_ANSWERS[304]},
    )
    async def get_preview(camera_id: CameraId, clip_id: ClipId) -> Response:
        row = await parts.registry.get(camera_id)
        tag, picture = await parts.clips.preview(row, clip_id)
        return _picture(picture, f"{tag}-preview", "image/gif", "preview.gif")

    @router.post(
        "/v1/cameras/{camera_id}/archives",
        summary="A ZIP of several files",
        response_class=Response,
        responses=ZIP,
    )
    async def make_clip_archive(camera_id: CameraId, wanted: ArchiveRequest) -> StreamedResponse:
        """Streamed from the card, one file after the other. What cannot be read is listed in ERRORS.txt."""
        row = await parts.registry.get(camera_id)
        chunks = stream_zip(parts.clips, row, list(dict.fromkeys(wanted.clips)))
        headers = [
            (b"content-type", b"application/zip"),
            (b"content-disposition", disposition(wanted.filename, attachment=True)),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
        ]
        return StreamedResponse(headers, chunks)

    return router


def _picture(data: bytes, tag: str, media_type: str, name: str) -> PictureResponse:
    headers = content_headers(media_type=media_type, etag=tag, name=name, cache_control=REVALIDATED)
    return PictureResponse(Content(len(data), f'"{tag}"'.encode(), headers, data))


def add_content_route(app: FastAPI, parts: Parts) -> None:
    """Add `/content` of a clip to the app."""

    async def serve_content(scope: Scope, receive: Receive, send: Send) -> None:
        row = await parts.registry.get(scope["path_params"]["camera_id"])
        async with parts.clips.open(row, scope["path_params"]["clip_id"]) as opened:
            tag = presenting.file_etag(row.id, opened.file)
            etag = f'"{tag}"'.encode()
            headers = list(
                content_headers(
                    media_type=opened.media_type,
                    etag=tag,
                    name=opened.file.name,
                    cache_control=REVALIDATED,
                    attachment=_wants_download(scope) or opened.media_type != "video/mp4",
                )
            )
            condition = find_header(scope, b"if-none-match")
            if condition is not None and matches(condition, etag):
                await send({"type": "http.response.start", "status": 304, "headers": headers})
                await send({"type": "http.response.body"})
                return
            size = opened.file.size
            part = _part(scope, etag, size)
            start, end = part or (0, size)
            headers.append((b"content-length", b"%d" % (end - start)))
            if part is not None:
                headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, size)))
            head = {"type": "http.response.start", "status": 206 if part else 200, "headers": headers}
            if wants_head_only(scope):
                await send(head)
                await send({"type": "http.response.body"})
                return
            await send_stream(head, opened.chunks(start, end), receive, send)

    def get_clip_content(
        camera_id: CameraId,
        clip_id: ClipId,
        download: Annotated[bool, Query(description="as an attachment, to be kept")] = False,
    ) -> None:
        """Straight from the card: Range, ETag, HEAD. A client that goes away ends the reading."""

    add_direct(
        app.router,
        "/v1/cameras/{camera_id}/clips/{clip_id}/content",
        serve_content,
        get_clip_content,
        summary="The clip itself",
        tags=["clips"],
        responses=CONTENT_ANSWERS,
    )


def _part(scope: Scope, etag: bytes, size: int) -> tuple[int, int] | None:
    value = find_header(scope, b"range")
    unless = find_header(scope, b"if-range")
    if value is None or (unless is not None and unless.strip() != etag):
        return None
    return wanted_range(value, size)


def _wants_download(scope: Scope) -> bool:
    given = parse_qs(scope["query_string"].decode("ascii", "replace")).get("download", [""])[-1]
    if given.lower() not in YES | NO:
        raise Unprocessable("download: true or false", code="validation_failed")
    return given.lower() in YES
