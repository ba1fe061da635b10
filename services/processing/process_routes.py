"""HTTP for one image at once: POST /v1/process."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from services.processing.form import ProcessForm, read_form
from services.processing.pipeline import InvalidPipeline, Pipeline, read_pipeline, write_pipeline
from services.processing.pipelines import Pipelines
from services.processing.render import OUTPUT_FORMATS, Output, own_format, read_output
from services.processing.render_pool import RenderPool
from services.processing.render_task import RenderTask
from services.processing.settings import ProcessingSettings
from shared.imaging import sniff
from shared.imaging.negotiation import negotiate
from shared.web.content import SANDBOX, disposition
from shared.web.direct import add_direct
from shared.web.middleware import find_header

PIECE = 1024 * 1024
BINARY = {"schema": {"type": "string", "format": "binary"}}
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": {"type": "string", "format": "binary"},
                        "pipeline": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": 'a list of up to 10 {"operation": "...", "parameters": {...}}',
                            "examples": ['[{"operation": "edge_detection", "parameters": {"low": 60}}]'],
                        },
                        "pipeline_name": {"type": "string", "description": "a saved one, instead"},
                        "format": {"type": "string", "enum": [*OUTPUT_FORMATS]},
                        "quality": {"type": "integer", "minimum": 1, "maximum": 100, "default": 95},
                        "intermediates": {
                            "type": "string",
                            "enum": ["true", "false"],
                            "default": "false",
                            "description": "answer a ZIP with the result of each step",
                        },
                    },
                    "required": ["image"],
                }
            }
        },
    }
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The image; with `intermediates` a ZIP of one image a step",
        "content": {"image/*": BINARY, "application/zip": BINARY},
    },
}


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What the route needs; uploads over 4 MiB and ZIPs are in `staging` for as long as it takes."""

    settings: ProcessingSettings
    renders: RenderPool
    pipelines: Pipelines
    staging: Path


def add_process_route(app: FastAPI, parts: AtOnce) -> None:
    """Add POST /v1/process, without a framework in between: that costs as much as the cheap operations."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        parts.renders.check_room()
        async with read_form(scope, receive, parts.staging, parts.settings) as form:
            pipeline = await _pipeline(parts, form)
            output = await _output(form, scope)
            assert form.image is not None
            task = RenderTask(form.image, write_pipeline(pipeline), output, parts.settings.limits)
            if form.intermediates:
                await _answer_steps(parts, task, form, send)
            else:
                await _answer_image(parts, task, form, send)

    def process_image() -> None:
        """One image in, one out; nothing is kept.

        The format is the one of `format`, else by `Accept`, else the image's own (PNG for GIF, BMP, TIFF).
        """

    add_direct(
        app.router,
        "/v1/process",
        serve,
        process_image,
        methods=["POST"],
        summary="Process one image at once",
        openapi_extra=FORM,
        tags=["processing"],
        responses=ANSWERS,
    )


async def _pipeline(parts: AtOnce, form: ProcessForm) -> Pipeline:
    text, name = form.fields.get("pipeline"), form.fields.get("pipeline_name")
    if (text is None) == (name is None):
        raise InvalidPipeline("give either `pipeline`, a JSON list of steps, or `pipeline_name`")
    if name is not None:
        return await parts.pipelines.resolve(name)
    return read_pipeline(text or "", parts.settings.limits)


async def _output(form: ProcessForm, scope: Scope) -> Output:
    output = read_output(form.fields.get("format"), form.fields.get("quality"))
    if output.format is not None:
        return output
    source = own_format(sniff(await asyncio.to_thread(form.head)))
    accept = find_header(scope, b"accept")
    names_images = accept is not None and b"image/" in accept
    return replace(
        output, format=negotiate(accept.decode("latin-1"), source) if names_images and accept else source
    )


async def _answer_image(parts: AtOnce, task: RenderTask, form: ProcessForm, send: Send) -> None:
    result = await parts.renders.run(task)
    assert result is not None
    headers = _headers(result.media_type, f"{_stem(form)}.{result.format}", len(result.content))
    headers.append((b"vary", b"Accept"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": result.content})


async def _answer_steps(parts: AtOnce, task: RenderTask, form: ProcessForm, send: Send) -> None:
    """The ZIP is made in a file: ten results of 50 megapixels are more than memory should hold."""
    path = parts.staging / f"steps-{secrets.token_hex(16)}"
    try:
        await parts.renders.run(replace(task, steps_to=path))
        size = (await asyncio.to_thread(path.stat)).st_size
        headers = _headers("application/zip", f"{_stem(form)}.zip", size)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send_file(path, send)
    finally:
        with suppress(FileNotFoundError):
            await asyncio.to_thread(path.unlink)


async def _send_file(path: Path, send: Send) -> None:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


def _headers(media_type: str, name: str, size: int) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % size),
        (b"cache-control", b"no-store"),
        (b"content-disposition", disposition(name, attachment=media_type == "application/zip")),
        (b"content-security-policy", SANDBOX),
        (b"x-content-type-options", b"nosniff"),
    ]


def _stem(form: ProcessForm) -> str:
    """The upload's name without its folder and ending; what it may hold is seen to by `disposition`."""
    name = form.filename.replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[0][:200] or name[:200] or "result"
