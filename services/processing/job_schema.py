"""What calls about jobs take and give, as OpenAPI has it."""

from typing import Annotated, Any

from fastapi import Path, Query

from services.processing.render import OUTPUT_FORMATS
from shared.contracts.processing import JobRequest
from shared.web.cursors import MAX_INTEGER

MAX_WAIT = 25  # seconds; the gateway waits 30 for an answer to begin
JobId = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
Index = Annotated[int, Path(ge=0, le=1_000_000, description="the image's place in the upload, from 0")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT, description="seconds to wait for the end of it")]
Limit = Annotated[int, Query(ge=1, le=1000)]
_TEXT = {"type": "string", "contentMediaType": "application/json"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "images": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "pipeline": {**_TEXT, "examples": ['[{"operation": "edge_detection"}]']},
                        "pipeline_name": {"type": "string", "description": "a saved one, instead"},
                        "overrides": {**_TEXT, "examples": ['{"2": [{"operation": "denoise"}]}']},
                        "format": {"type": "string", "enum": [*OUTPUT_FORMATS]},
                        "quality": {"type": "integer", "minimum": 1, "maximum": 100},
                        "store_results": {"type": "string", "enum": ["true", "false"]},
                    },
                    "required": ["images"],
                }
            },
            "application/json": {"schema": JobRequest.model_json_schema()},
        },
    }
}
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"schema": {"type": "string"}, "description": "the job"}}}
}
