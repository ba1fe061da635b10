"""Staging: what is on its way into a store, and what a life that ended left half-written there."""

import os
import time
from contextlib import suppress
from pathlib import Path

STAGED_SECONDS = 3600.0  # what another replica may still be at: no request lasts that long


def clear_staging(folder: Path, *, alone: bool, moment: float | None = None) -> None:
    """Remove what requests of earlier lives left half-written; blocks.

    `alone`: no other process uses the folder, so all of it goes, whatever the clock shows. Else what has
    been there for an hour: a replica that starts may not take away what another one is being sent. Time
    counts from the moment the file came to stand there (ctime): a linked one is as old as its source by
    its mtime. `moment`: what the clock shows, in seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    newest = (moment or time.time()) - STAGED_SECONDS
    old: list[str] = []
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            if alone or entry.stat().st_ctime <= newest:
                old.append(entry.path)
    for path in old:  # only now: to remove one of two names of a file makes the other one new
        Path(path).unlink(missing_ok=True)
