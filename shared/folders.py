"""Folders that hold durable files: made once, with their names on disk, and synced after each new file."""

import os
import threading
import weakref
from pathlib import Path

KEPT_OPEN = 256  # as many as blobs are spread over by the first two digits of their digests


class DurableFolders:
    """The folders below a root. All calls block, and may come from many threads.

    Those used first stay open: a sync then needs one system call instead of three, after each of which
    a thread of a busy process waits for the interpreter again.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: set[str] = set()  # made, and their names on disk
        self._open: dict[str, int] = {}
        self._making = threading.Lock()
        weakref.finalize(self, _close_all, self._open)

    def make(self, folder: str, *, durable: bool) -> None:
        """Make the folder, an absolute path below the root, and those above it, unless they are there."""
        if folder in self._known or (not durable and Path(folder).is_dir()):
            return
        with self._making:  # nobody may use a folder that another thread made and has not synced yet
            below = Path(folder).relative_to(self._root)
            for each in (*reversed(below.parents), below):
                self._make_one(Path(self._root, each), durable=durable)

    def sync(self, folder: str) -> None:
        """Have the names in the folder on disk."""
        kept = self._open.get(folder)
        if kept is not None:
            os.fsync(kept)
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            self._keep_or_close(folder, descriptor)

    def _make_one(self, folder: Path, *, durable: bool) -> None:
        if str(folder) in self._known:
            return
        folder.mkdir(exist_ok=True)
        if durable:
            self.sync(str(folder.parent))
            self._known.add(str(folder))

    def _keep_or_close(self, folder: str, descriptor: int) -> None:
        if len(self._open) >= KEPT_OPEN or self._open.setdefault(folder, descriptor) != descriptor:
            os.close(descriptor)


def _close_all(descriptors: dict[str, int]) -> None:
    for descriptor in descriptors.values():
        os.close(descriptor)
