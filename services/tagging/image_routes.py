"""HTTP for the images of rows, served without a framework in between."""

import re
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Query
from starlette.types import Receive, Scope, Send

from services.tagging.dataset_routes import DatasetId
from services.tagging.parts import Parts
from services.tagging.row_routes import RowNumber
from services.tagging.sheets import make_sheet
from shared.contracts.tagging import MAX_PICTURES
from shared.errors import Unprocessable
from shared.web.content import send_content
from shared.web.direct import add_direct
from shared.web.json_body import path_number
from shared.web.problems import STATE_KEY

ROWS = rf"^[0-9]{{1,10}}(,[0-9]{{1,10}}){{0,{MAX_PICTURES - 1}}}$"
MIN_EDGE, MAX_EDGE = 16, 8192
BINARY = {"schema": {"type": "string", "format": "binary"}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {"image/*": BINARY}},
    206: {"description": "The part that Range asked for", "content": {"image/*": BINARY}},
    304: {"description": "The content is the one of If-None-Match"},
}


def add_image_route(app: FastAPI, parts: Parts) -> None:
    """Add the image of a row to the app."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        edge = _edge(scope["query_string"]) if scope["query_string"] else 0
        wanted = (path_number(scope, "dataset_id"), path_number(scope, "index"), edge)
        content = parts.pictures.remembered(wanted)
        if content is None:
            content = await parts.pictures.find(wanted)
        await send_content(content, scope, receive, send)

    def get_row_image(
        dataset_id: DatasetId,
        index: RowNumber,
        edge: Annotated[
            int | None,
            Query(ge=MIN_EDGE, le=MAX_EDGE, description="a JPEG of at most so many pixels a side instead"),
        ] = None,
    ) -> None:
        """The file's bytes as they are on disk, with Range and ETag; or a smaller JPEG, kept in a cache."""

    add_direct(
        app.router,
        "/v1/datasets/{dataset_id}/rows/{index}/image",
        serve,
        get_row_image,
        summary="The image of a row",
        tags=["images"],
        responses=ANSWERS,
    )


def add_sheet_route(app: FastAPI, parts: Parts) -> None:
    """Add the images of several rows in one answer to the app."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        rows = _rows(scope["query_string"])
        sheet = await make_sheet(
            parts.pictures, path_number(scope, "dataset_id"), rows, scope["state"][STATE_KEY]
        )
        body = sheet.body()
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def get_row_images(
        dataset_id: DatasetId,
        rows: Annotated[str, Query(pattern=ROWS, description="row numbers with commas between them")],
    ) -> None:
        """A line of JSON, a list with a `Picture` for each row, then the bytes of the images one behind the
        other. What does not fit into 4 MiB is left off: ask again for the rows that are missing. A row with a
        `problem` or `apart` has no bytes here."""

    add_direct(
        app.router,
        "/v1/datasets/{dataset_id}/images",
        serve,
        get_row_images,
        summary="The images of several rows at once",
        tags=["images"],
        responses={200: {"description": "Heads and bytes", "content": {"application/octet-stream": BINARY}}},
    )


def _rows(query: bytes) -> list[int]:
    found = parse_qs(query.decode("ascii", "replace")).get("rows", [""])
    if re.fullmatch(ROWS, found[-1]) is None:
        raise Unprocessable(f"rows: 1 to {MAX_PICTURES} row numbers with commas", code="validation_failed")
    return [int(row) for row in found[-1].split(",")]


def _edge(query: bytes) -> int:
    found = parse_qs(query.decode("ascii", "replace"), keep_blank_values=True).get("edge")
    if found is None:
        return 0
    text = found[-1]
    if not (text.isascii() and text.isdigit() and len(text) <= 6) or not MIN_EDGE <= int(text) <= MAX_EDGE:
        raise Unprocessable(f"edge: a whole number from {MIN_EDGE} to {MAX_EDGE}", code="validation_failed")
    return int(text)
