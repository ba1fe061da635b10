"""HTTP for saved pipelines."""

from typing import Annotated, cast

from fastapi import APIRouter, Header, Path, Query, Request, Response

from services.processing.pipelines import Condition, Pipelines, etag_of, on_wire
from shared.contracts.operations import PipelineChange, SavedPipeline
from shared.contracts.pages import Page
from shared.web.caller import actor, path_part, public_base
from shared.web.content import matches
from shared.web.cursors import decode_cursor, encode_cursor

Name = Annotated[str, Path(description="letters, digits, spaces, `_`, `-`", examples=["Old film"])]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
IfMatch = Annotated[str | None, Header(description="the ETag that the pipeline must still have")]
IfNoneMatch = Annotated[str | None, Header(description="`*` refuses to replace")]


def pipeline_router(pipelines: Pipelines) -> APIRouter:
    """Save, list, fetch, replace and remove."""
    router = APIRouter(tags=["pipelines"])

    @router.get("/v1/pipelines", summary="Saved pipelines, by name")
    async def list_pipelines(limit: Limit = 100, cursor: Cursor = None) -> Page[SavedPipeline]:
        after = None if cursor is None else cast("str", decode_cursor(cursor, str)[0])
        rows = await pipelines.page(after, limit + 1)
        return Page(
            items=[on_wire(row) for row in rows[:limit]],
            next_cursor=encode_cursor(rows[limit - 1].name) if len(rows) > limit else None,
        )

    @router.get("/v1/pipelines/{name}", summary="A saved pipeline")
    async def get_pipeline(
        name: Name, response: Response, if_none_match: Annotated[str | None, Header()] = None
    ) -> SavedPipeline:
        row = await pipelines.get(name)
        response.headers["ETag"] = etag_of(row)
        if if_none_match is not None and matches(if_none_match.encode(), etag_of(row).encode()):
            response.status_code = 304
        return on_wire(row)

    @router.put(
        "/v1/pipelines/{name}",
        summary="Save a pipeline under a name",
        responses={201: {"model": SavedPipeline, "description": "The name is new"}},
    )
    async def save_pipeline(
        name: Name,
        wanted: PipelineChange,
        request: Request,
        response: Response,
        if_match: IfMatch = None,
        if_none_match: IfNoneMatch = None,
    ) -> SavedPipeline:
        """201 for a new name, 200 for one that has a pipeline. Steps are kept with all their parameters."""
        condition = _condition(if_match, if_none_match)
        row, new = await pipelines.save(name, wanted, actor(request.scope), condition)
        response.status_code = 201 if new else 200
        response.headers["ETag"] = etag_of(row)
        response.headers["Location"] = f"{public_base(request.scope)}/v1/pipelines/{path_part(row.name)}"
        return on_wire(row)

    @router.delete("/v1/pipelines/{name}", status_code=204, summary="Forget a saved pipeline")
    async def delete_pipeline(name: Name, request: Request, if_match: IfMatch = None) -> None:
        await pipelines.remove(name, actor(request.scope), _condition(if_match, None))

    return router


def _condition(if_match: str | None, if_none_match: str | None) -> Condition:
    """RFC 9110, 13.1.1 and 13.1.2: a tag of nothing at all matches nothing, not even `*`."""

    def holds(etag: str | None) -> bool:
        if if_match is not None and (etag is None or not matches(if_match.encode(), etag.encode())):
            return False
        return if_none_match is None or etag is None or not matches(if_none_match.encode(), etag.encode())

    return holds
