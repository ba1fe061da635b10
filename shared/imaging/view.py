"""View: which part of an image is wanted, and how large."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """What to take of an image: its middle `keep` (width, height) pixels, shrunk to `size`."""

    keep: tuple[int, int]
    size: tuple[int, int]

    def turned(self) -> "View":
        """The same with the sides swapped."""
        return View(self.keep[::-1], self.size[::-1])
