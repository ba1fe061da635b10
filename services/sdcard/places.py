"""Where a file of a card is, and what people see of its name. Pure.

Names on a card are any bytes but `/` and NUL. As text they are as Python reads file names: UTF-8, with
what is none of it as lone surrogates, which neither JSON nor a database takes.
"""

from dataclasses import dataclass

from services.sdcard.card import clip_id, clip_place, shown
from shared.errors import NotFound

ID_PATTERN = r"^[A-Za-z0-9_-]{1,400}$"


class ClipNotFound(NotFound):
    """No file of the card has that id."""

    code = "clip_not_found"
    title = "There is no such file on the card"


@dataclass(frozen=True, slots=True)
class Place:
    """A file by date, hour and name; `name` as Python reads it, lone surrogates and all."""

    date: str
    hour: int
    name: str

    @property
    def path(self) -> str:
        """Below the card's own path."""
        return f"{self.date}/{self.hour:02d}/{self.name}"

    @property
    def id(self) -> str:
        """The same in letters that fit into a URL."""
        return clip_id(self.date, f"{self.hour:02d}", self.name)

    @property
    def shown(self) -> str:
        """The name as people see it."""
        return shown(self.name)


def place_of(file_id: str) -> Place:
    """The place that the id stands for. Raises InvalidClipId."""
    date, hour, name = clip_place(file_id)
    return Place(date, int(hour), name)
