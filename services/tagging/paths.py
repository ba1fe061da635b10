"""Paths that people and CSV files name: they reach only below the roots, whatever links say."""

import os
from collections.abc import Sequence
from pathlib import Path

from shared.errors import Forbidden, NotFound


class PathNotAllowed(Forbidden):
    """The path leads outside the roots; the same answer whether there is something or not."""

    code = "path_not_allowed"
    title = "This path is not allowed"


class FileMissing(NotFound):
    """Nothing stands below the roots under that path."""

    code = "file_not_found"
    title = "There is no such file"


class Roots:
    """The folders below which files may be read and written."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(Path(os.path.realpath(folder)) for folder in folders)

    def resolve(self, text: str, base: str = "") -> Path:
        """The real path of `text`, relative to `base`, if given, or else to the roots in their order.

        A `\\` separates as `/` does. It need not exist. Raises PathNotAllowed.
        """
        wanted = text.replace("\\", "/")
        if "\0" in wanted or not wanted:
            raise _outside()
        bases = [*([base] if base else []), *map(str, self._folders)]
        allowed: Path | None = None
        for each in bases:
            try:
                found = Path(os.path.realpath(os.path.join(each, wanted)))  # noqa: PTH118 - an absolute one wins
            except (OSError, ValueError):  # a loop of links, or a name that no file system takes
                continue
            if not self._holds(found):
                continue
            if os.path.exists(found):  # noqa: PTH110 - Path.exists raises for names that are too long
                return found
            allowed = allowed or found
        if allowed is None:
            raise _outside()
        return allowed

    def file(self, text: str, base: str = "") -> Path:
        """The same, for a file that is there. Raises PathNotAllowed, FileMissing."""
        found = self.resolve(text, base)
        if not os.path.isfile(found):  # noqa: PTH113 - as above
            raise FileMissing("there is no such file below the roots")
        return found

    def _holds(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self._folders)


def _outside() -> PathNotAllowed:
    return PathNotAllowed("paths have to lie below one of DARKROOM_TAGGING_ROOTS, links resolved")
