"""How much a pipeline may ask for."""

from dataclasses import dataclass, field

from shared.imaging import ImageLimits


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """`steps` of a pipeline, `kernel` and `side` in pixels; `image` is what may come in.

    No step may give more than `side` pixels a side, nor more in all than `image` allows.
    """

    steps: int = 10
    kernel: int = 101
    side: int = 8_192
    image: ImageLimits = field(default_factory=ImageLimits)


DEFAULT_LIMITS = PipelineLimits()
