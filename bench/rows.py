"""A line of the benchmark's table."""

from dataclasses import dataclass

SMALL_IS_GOOD = frozenset({"ms", "s", "KiB"})


@dataclass(frozen=True, slots=True)
class Row:
    """Darkroom's figure and its reference's for the same work in the same run.

    `needed` is the least `ours / reference` that is wanted (the most, where `unit` is a time or a size),
    `meets` whether it is reached, and `note` how the reference was set up. A row without something
    needed (0) is there to be read beside the others.
    """

    work: str
    ours: float
    reference: float
    unit: str
    needed: float
    meets: bool
    note: str = ""

    @property
    def at_most(self) -> bool:
        """True where `reference` is a limit, which a small figure keeps."""
        return self.unit in SMALL_IS_GOOD
