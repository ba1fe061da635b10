"""The form of POST /v1/process: one image, and what is to become of it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import Receive, Scope

from services.processing.settings import ProcessingSettings
from shared.errors import BadRequest, TooLarge, Unprocessable
from shared.settings import MIB
from shared.web.multipart import Part, read_parts

_FIELDS = frozenset({"pipeline", "pipeline_name", "format", "quality", "intermediates"})
IN_MEMORY = 4 * MIB  # most images: a file costs a tenth of what cheap operations do
_HEAD = 4096  # bytes that are enough to tell what an image is


@dataclass(slots=True)
class ProcessForm:
    """What came: `image` is its bytes or a file of ours, `fields` the others by name."""

    image: bytes | Path | None = None
    filename: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def head(self) -> bytes:
        """The image's first bytes."""
        if isinstance(self.image, Path):
            with self.image.open("rb") as file:
                return file.read(_HEAD)
        return (self.image or b"")[:_HEAD]

    @property
    def intermediates(self) -> bool:
        """Whether the results of all steps are wanted. Raises Unprocessable unless it is true or false."""
        given = self.fields.get("intermediates", "false").lower()
        if given not in ("true", "false"):
            raise Unprocessable("intermediates is true or false", code="validation_failed")
        return given == "true"


@asynccontextmanager
async def read_form(
    scope: Scope, receive: Receive, folder: Path, settings: ProcessingSettings
) -> AsyncIterator[ProcessForm]:
    """The form; its file is gone afterwards.

    Raises TooLarge, UnsupportedMedia, BadRequest `invalid_multipart`, and Unprocessable for a form without an
    image, with two, or with unknown fields.
    """
    form = ProcessForm()
    try:
        async for part in read_parts(
            scope,
            receive,
            folder=folder,
            part_limit=settings.image_bytes,
            body_limit=settings.image_bytes + settings.json_body_bytes,
            in_memory=IN_MEMORY,
            hashed=False,
        ):
            _take(form, part, folder, settings.json_body_bytes)
        if form.image is None:
            raise Unprocessable("the form holds no image; its field is `image`", code="no_files")
        yield form
    finally:
        if isinstance(form.image, Path):
            form.image.unlink(missing_ok=True)


def _take(form: ProcessForm, part: Part, folder: Path, text_limit: int) -> None:
    if part.staged is None:
        raise part.refusal or TooLarge
    if part.field == "image":
        if form.image is not None:
            raise Unprocessable("the form holds two images; jobs take many", code="too_many_images")
        form.filename = part.filename or ""
        form.image = part.staged.data
        if part.staged.path is not None:
            # The part's own file goes with the part: this name keeps the bytes while the rest is read
            form.image = part.staged.path.rename(folder / f"process-{secrets.token_hex(16)}")
        return
    if part.field not in _FIELDS:
        known = ", ".join(sorted({"image", *_FIELDS}))
        raise Unprocessable(
            f"there is no field {part.field[:100]!r}; there are {known}", code="unknown_field"
        )
    if part.staged.size > text_limit or part.staged.data is None:
        raise TooLarge(f"a text of the form may have at most {text_limit} bytes", limit=text_limit)
    try:
        form.fields[part.field] = part.staged.data.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"{part.field} is not UTF-8", code="invalid_multipart") from None
