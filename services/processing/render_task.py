"""What a rendering process is asked."""

from dataclasses import dataclass, field
from pathlib import Path

from services.processing.limits import PipelineLimits
from services.processing.render import Output


@dataclass(frozen=True, slots=True)
class Shared:
    """An image that is the first `size` bytes of the file that both processes have."""

    size: int


@dataclass(frozen=True, slots=True)
class RenderTask:
    """What is asked: `source` is an image's bytes, or where they are.

    With `steps_to` the results of all steps go into a ZIP of that path, and none into the answer. OpenCV
    spreads what it can over so many `threads`.
    """

    source: bytes | Path | Shared
    pipeline: str
    output: Output = field(default_factory=Output)
    limits: PipelineLimits = field(default_factory=PipelineLimits)
    steps_to: Path | None = None
    threads: int = 1
