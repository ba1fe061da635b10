"""Names of results: as the original, with what was done to it. Pure."""

import json
import re
import unicodedata
from functools import lru_cache

MAX_STEM = 100
MAX_DONE = 60
NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


def plain_name(given: str | None, index: int) -> str:
    """An upload's file name, without folders and what no file system takes; never empty."""
    text = unicodedata.normalize("NFC", given or "").replace("\\", "/").rpartition("/")[2]
    text = "".join(char for char in text if not unicodedata.category(char).startswith("C"))
    text = NOT_PLAIN.sub("_", text).strip(" .-")[:200]
    return text or f"image-{index + 1}"


class Stems:
    """What the results' names of one job begin with, no two alike, also where case does not count."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def make(self, name: str) -> str:
        """The name without its ending, and with a number where that is taken."""
        stem = (name.rpartition(".")[0] or name)[:MAX_STEM].strip(" .-") or "image"
        free = stem
        while free.casefold() in self._numbers:
            self._numbers[stem.casefold()] = number = self._numbers.get(stem.casefold(), 1) + 1
            free = f"{stem}-{number}"
        self._numbers[free.casefold()] = 1
        return free


def result_name(stem: str, pipeline: str, media_type: str, mark: str = "") -> str:
    """Such as `beach-grey-edge_detection.png`; `mark` tells it from another one of that name."""
    ending = media_type.removeprefix("image/").replace("jpeg", "jpg")
    return f"{stem}-{_done(pipeline)}{mark}.{ending}"


@lru_cache(64)
def _done(pipeline: str) -> str:
    """What a pipeline does, in a few words; remembered, as a page of items asks for it a thousand times."""
    return "-".join(step["operation"] for step in json.loads(pipeline))[:MAX_DONE].rstrip("-")
