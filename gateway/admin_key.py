"""The admin key of the machine's own user: made at the first start, kept in a file only they can read."""

import asyncio
import fcntl
import os
from pathlib import Path

from gateway.keys import Keys, digest

NAME = "admin"


async def ensure_admin_key(keys: Keys, file: Path) -> None:
    """Keep the file's key good: where there is none, or it is not valid any more, make another one.

    The key is in the database before it is in the file: a file never holds a key that opens nothing. Gateways
    that start at the same moment make one for all of them.
    """
    if await _is_good(keys, _read(file)):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f".{file.name}.lock").open("a") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not await _is_good(keys, _read(file)):
            _, secret = await keys.add(NAME, ["admin"])
            _write(file, secret)


async def _is_good(keys: Keys, secret: str) -> bool:
    caller = await keys.find(digest(secret)) if secret else None
    return caller is not None and "admin" in caller.scopes


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        return ""


def _write(file: Path, secret: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secret + "\n")
        opened.flush()
        os.fsync(descriptor)
    fresh.replace(file)
