"""HTTP for labels: one row, many rows, undo, redo, history."""

from typing import Annotated, cast

from fastapi import APIRouter, FastAPI, Header, Query, Request
from starlette.types import Receive, Scope, Send

from services.tagging import presenting
from services.tagging.dataset_routes import Cursor, DatasetId, Limit
from services.tagging.parts import Parts
from services.tagging.row_routes import RowNumber
from shared.contracts.pages import Page
from shared.contracts.tagging import Change, Changed, HistoryEntry, Labelled, MassChange
from shared.web.caller import actor
from shared.web.content import matches
from shared.web.cursors import decode_cursor, encode_cursor
from shared.web.direct import add_direct
from shared.web.json_body import path_number, read_model
from shared.web.middleware import find_header


def label_router(parts: Parts) -> APIRouter:
    """Changes of many rows, and the way back."""
    router = APIRouter(tags=["labels"])

    @router.post("/v1/datasets/{dataset_id}/tag", summary="Change the tags of many rows at once")
    async def tag_rows(dataset_id: DatasetId, wanted: MassChange, request: Request) -> Changed:
        """All in one transaction: a range, a list, or every row that fits a filter."""
        return await parts.labels.change_rows(dataset_id, wanted, actor(request.scope))

    @router.post("/v1/datasets/{dataset_id}/undo", summary="Undo your newest change")
    async def undo(dataset_id: DatasetId, request: Request) -> Changed:
        """Cells that others have changed since stay as they are."""
        return await parts.labels.undo(dataset_id, actor(request.scope))

    @router.post("/v1/datasets/{dataset_id}/redo", summary="Do again what you undid last")
    async def redo(dataset_id: DatasetId, request: Request) -> Changed:
        """Until you make another change."""
        return await parts.labels.redo(dataset_id, actor(request.scope))

    @router.get("/v1/datasets/{dataset_id}/history", summary="Who changed what, newest first")
    async def list_history(
        dataset_id: DatasetId,
        by: Annotated[str | None, Query(max_length=255)] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[HistoryEntry]:
        before = None if cursor is None else cast("int", decode_cursor(cursor, int)[0])
        rows = await parts.datasets.history(dataset_id, before=before, limit=limit + 1, by=by)
        following = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=[presenting.change(row) for row in rows[:limit]], next_cursor=following)

    return router


def add_label_route(app: FastAPI, parts: Parts) -> None:
    """Add PATCH of one row's tags, without a framework in between: it is what annotators wait for."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        dataset_id, index = path_number(scope, "dataset_id"), path_number(scope, "index")
        change = await read_model(Change, scope, receive, parts.settings.json_body_bytes)
        condition = find_header(scope, b"if-match")
        matching = None
        if condition is not None:
            wanted = condition
            matching = lambda version: matches(wanted, presenting.row_etag(version).encode())  # noqa: E731
        done = await parts.labels.change_row(dataset_id, index, change, matching, actor(scope))
        body = done.model_dump_json().encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"etag", presenting.row_etag(done.version).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def tag_row(
        dataset_id: DatasetId,
        index: RowNumber,
        if_match: Annotated[str | None, Header(description="the ETag that the row must still have")] = None,
    ) -> None:
        """Durable when answered. Where the dataset has single selection, the other tags go by themselves."""

    add_direct(
        app.router,
        "/v1/datasets/{dataset_id}/rows/{index}/tags",
        serve,
        tag_row,
        methods=["PATCH"],
        response_model=Labelled,
        summary="Change the tags of one row",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": Change.model_json_schema()}},
            }
        },
        tags=["labels"],
    )
