"""HTTP for the CSV: saved, and exported."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from services.tagging.dataset_routes import DatasetId
from services.tagging.exports import Columns
from services.tagging.parts import Parts
from services.tagging.repository import DatasetRow
from services.tagging.target import labelled_name
from shared.contracts.tagging import Save, Saved
from shared.web.content import disposition

CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "The CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


def file_router(parts: Parts) -> APIRouter:
    """The CSV on disk, and as a download."""
    router = APIRouter(tags=["files"])

    @router.post("/v1/datasets/{dataset_id}/save", summary="Write the CSV")
    async def save_dataset(dataset_id: DatasetId, wanted: Save | None = None) -> Saved:
        """When answered, the file on disk holds every change made before. 409 `csv_changed` where someone
        else changed it: send the choice with `on_conflict`."""
        if wanted is None or wanted.on_conflict is None:
            return await parts.mirror.save(dataset_id)
        return await parts.conflicts.save(dataset_id, wanted)

    @router.get(
        "/v1/datasets/{dataset_id}/export.csv",
        summary="The CSV as a download",
        response_class=StreamingResponse,
        responses=CSV,
    )
    async def export_csv(
        dataset_id: DatasetId,
        columns: Annotated[
            Columns, Query(description="tags: tag columns alone, in index order")
        ] = Columns.ALL,
        spreadsheet: Annotated[bool, Query(description="put ' before cells that begin a formula")] = False,
    ) -> Response:
        """As it would be saved now. Nothing is written."""
        if columns is Columns.TAGS:
            row, text = await parts.exports.tags(dataset_id)
            return Response(text, headers=_headers(row), media_type="text/csv")
        row, pieces = await parts.exports.whole(dataset_id, for_spreadsheet=spreadsheet)
        return StreamingResponse(pieces, headers=_headers(row), media_type="text/csv")

    return router


def _headers(row: DatasetRow) -> dict[str, str]:
    name = labelled_name(row.name if row.name.endswith(".csv") else f"{row.name}.csv")
    return {
        "Content-Disposition": disposition(name, attachment=True).decode(),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
