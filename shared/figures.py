"""Figure: one number of now, for an operator; shared/web/metrics.py shows what parts of the program tell."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """A gauge's value. Figures of one name have the same help and the same labels."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


# Asked at each scrape. Where it raises, or takes too long, its figures are absent.
Source = Callable[[], Awaitable[Iterable[Figure]]]
