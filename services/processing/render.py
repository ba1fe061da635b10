"""Rendering: a file's bytes through a pipeline, a file's bytes out. Pure and blocking, with no I/O.

For the call at once and for the workers of jobs alike. Takes milliseconds to minutes, and up to some hundred
MB: for a process or a thread of its own, never for an event loop.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.processing.limits import DEFAULT_LIMITS, PipelineLimits
from services.processing.pipeline import Pipeline, run
from shared.errors import Unprocessable
from shared.imaging import ImageFormat, probe
from shared.imaging.arrays import DEFAULT_QUALITY, Array, read_array, write_array

OUTPUT_FORMATS = (ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF)
_LOSSLESS = frozenset({ImageFormat.PNG, ImageFormat.GIF, ImageFormat.BMP, ImageFormat.TIFF})


class InvalidOutput(Unprocessable):
    """No result can have that format or quality."""

    code = "invalid_output"
    title = "The result cannot have this form"


@dataclass(frozen=True, slots=True)
class Output:
    """How results are written; without a format, by `own_format` of what came in. `quality` is 1 to 100.

    Raises InvalidOutput.
    """

    format: ImageFormat | None = None
    quality: int = DEFAULT_QUALITY

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in OUTPUT_FORMATS:
            raise InvalidOutput(f"the format is one of {', '.join(OUTPUT_FORMATS)}")
        if not 1 <= self.quality <= 100:
            raise InvalidOutput("the quality is 1 to 100")


def read_output(format_name: str | None, quality: str | int | None = None) -> Output:
    """The output asked for in words, such as `png` or `jpg`. Raises InvalidOutput."""
    try:
        kind = ImageFormat("jpeg" if format_name == "jpg" else format_name) if format_name else None
        return Output(kind, DEFAULT_QUALITY if quality in (None, "") else int(quality or 0))
    except ValueError:
        raise InvalidOutput(
            f"the format is one of {', '.join(OUTPUT_FORMATS)}, the quality a whole number from 1 to 100"
        ) from None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A result: its bytes, and what they are; width and height in pixels."""

    content: bytes
    format: ImageFormat
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """`image/png` and so on."""
        return self.format.media_type


def own_format(source: ImageFormat) -> ImageFormat:
    """What a result is written as unless something else is wanted: PNG where the source lost nothing."""
    return ImageFormat.PNG if source in _LOSSLESS else source


def render(
    source: bytes, pipeline: Pipeline, output: Output | None = None, limits: PipelineLimits = DEFAULT_LIMITS
) -> Rendered:
    """The result of the last step.

    Raises UnsupportedFormat, ImageTooLarge, BrokenImage, UnsuitableImage, OutputTooLarge, OperationFailed.
    """
    kind, pictures = _pictures(source, pipeline, limits)
    picture = next(pictures)
    for picture in pictures:  # noqa: B007 - the last one is wanted
        pass
    return _written(picture, kind, output or Output())


def render_steps(
    source: bytes, pipeline: Pipeline, output: Output | None = None, limits: PipelineLimits = DEFAULT_LIMITS
) -> Iterator[Rendered]:
    """The result of each step, in their order. Raises what `render` raises."""
    kind, pictures = _pictures(source, pipeline, limits)
    for picture in pictures:
        yield _written(picture, kind, output or Output())


def _pictures(
    source: bytes, pipeline: Pipeline, limits: PipelineLimits
) -> tuple[ImageFormat, Iterator[Array]]:
    info = probe(source, limits.image)
    return own_format(info.format), run(pipeline, read_array(source, info), limits)


def _written(picture: Array, kind: ImageFormat, output: Output) -> Rendered:
    kind = output.format or kind
    return Rendered(write_array(picture, kind, output.quality), kind, picture.shape[1], picture.shape[0])
