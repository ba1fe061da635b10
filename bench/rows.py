"""A line of the benchmark's table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Darkroom's figure and its reference's for the same work in the same run.

    `needed` is the least `ours / reference` that is wanted (the most, where `unit` is a time or a size),
    `meets` whether it is reached, and `note` how the reference was set up.
    """

    work: str
    ours: float
    reference: float
    unit: str
    needed: float
    meets: bool
    note: str = ""
