"""HTTP for uploads: many files as multipart, or one as the plain body."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Request, Response
from starlette.types import Receive, Scope, Send

from services.imagestore import presenting
from services.imagestore.parameters import Name
from services.imagestore.parts import Parts
from services.imagestore.service import Precondition
from shared.contracts.imagestore import Image, UploadResult, UploadResults
from shared.contracts.problems import Problem
from shared.errors import DarkroomError, Unprocessable
from shared.web.bodies import Staging, stage_body
from shared.web.caller import actor, public_base
from shared.web.content import matches
from shared.web.direct import add_direct
from shared.web.middleware import find_header
from shared.web.multipart import Part, read_parts
from shared.web.problems import STATE_KEY, as_darkroom_error, problem_of

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                    "required": ["files"],
                }
            }
        },
    }
}
RAW = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def upload_router(parts: Parts) -> APIRouter:
    """POST of many files."""
    settings = parts.settings
    router = APIRouter(tags=["images"])

    @router.post(
        "/v1/images",
        status_code=201,
        summary="Upload images",
        openapi_extra=FORM,
        responses={207: {"model": UploadResults, "description": "Some files were refused"}},
    )
    async def upload_images(request: Request, response: Response) -> UploadResults:
        """Each file stands for itself: the answer tells of each whether it is stored, or why not.

        201: all are; 207: some are. Where none is, the first one's problem is the answer, with all of
        them in its `items`.
        """
        results: list[UploadResult] = []
        refusals: list[DarkroomError] = []
        async for part in read_parts(
            request.scope,
            request.receive,
            folder=parts.blobs.staging,
            part_limit=settings.image_bytes,
            body_limit=settings.batch_bytes,
        ):
            if part.filename:
                result, refusal = await _store_part(parts, part, request)
                results.append(result)
                refusals.extend([refusal] if refusal else [])
        if not results:
            raise Unprocessable("the form holds no file", code="no_files")
        if len(refusals) == len(results):
            raise _refuse_all(refusals[0], results)
        response.status_code = 207 if refusals else 201
        return UploadResults(items=results)

    return router


def add_put_route(app: FastAPI, parts: Parts) -> None:
    """Add PUT of one image, without a framework in between: that costs as much as all else but the disk."""

    async def store_image(scope: Scope, receive: Receive, send: Send) -> None:
        precondition = Precondition(
            _content_condition(find_header(scope, b"if-match")),
            _content_condition(find_header(scope, b"if-none-match")),
        )
        with Staging(parts.blobs.staging) as staging:
            await stage_body(scope, receive, staging, parts.settings.image_bytes)
            done, row = await parts.uploads.store(
                scope["path_params"]["name"], staging.finish_now, actor(scope), precondition
            )
        image = presenting.image(row, public_base(scope))
        body = image.model_dump_json().encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"location", image.url.encode("ascii", "replace")),
        ]
        status = 201 if done == "created" else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def put_image(
        name: Name,
        if_none_match: Annotated[str | None, Header(description="`*` refuses to overwrite")] = None,
        if_match: Annotated[str | None, Header(description="the content's ETag to be overwritten")] = None,
    ) -> None:
        """201 for a new name; 200 for a new version of one, or for the content that it has already."""

    add_direct(
        app.router,
        "/v1/images/{name}",
        store_image,
        put_image,
        methods=["PUT"],
        response_model=Image,
        summary="Upload one image, as the body",
        openapi_extra=RAW,
        tags=["images"],
        responses={201: {"model": Image, "description": "The name is new"}},
    )


async def _store_part(
    parts: Parts, part: Part, request: Request
) -> tuple[UploadResult, DarkroomError | None]:
    name = part.filename or ""
    try:
        staged = part.staged
        if staged is None:
            raise part.refusal or Unprocessable
        done, row = await parts.uploads.store(name, lambda: staged, actor(request.scope))
    except Exception as error:
        refusal = as_darkroom_error(error)
        if refusal is None:
            raise
        problem = Problem.model_validate(problem_of(refusal, request.scope["state"].get(STATE_KEY, "")))
        return UploadResult(name=name, status="failed", problem=problem), refusal
    image = presenting.image(row, public_base(request.scope))
    return UploadResult(name=row.name, status=done, image=image), None


def _refuse_all(first: DarkroomError, results: list[UploadResult]) -> DarkroomError:
    items = [result.model_dump(mode="json", exclude_none=True) for result in results]
    first.extra = {**first.extra, "items": items}
    return first


def _content_condition(given: bytes | None) -> Callable[[str], bool] | None:
    if given is None:
        return None
    return lambda digest: matches(given, f'"{digest}"'.encode())
