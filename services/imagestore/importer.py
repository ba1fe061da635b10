"""Bringing a folder of images in through the REST API: side by side, and again without harm."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from services.imagestore.names import InvalidName, clean_name
from shared.clients.base import ProblemAnswer
from shared.clients.imagestore import ImageStoreClient
from shared.imaging import UnsupportedFormat, sniff

AT_ONCE = 4
AGAIN_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)  # while the service is away or full
BUSY = {429, 503, 504}


@dataclass(slots=True)
class Tally:
    """What became of the files: stored, there already, or refused with a reason."""

    stored: int = 0
    there: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def find_images(folder: Path) -> list[tuple[str, Path]]:
    """Every image file below the folder, by its first bytes, with the name that it gets: its path below
    the folder with `_` for each `/`. Where two get the same, both keep the path's digest in theirs."""
    found = [(_flat_name(path.relative_to(folder)), path) for path in _files(folder) if _is_image(path)]
    counts = Counter(name for name, _ in found)
    return [
        (name if counts[name] == 1 else _distinct(name, path.relative_to(folder)), path)
        for name, path in found
    ]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _is_image(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            sniff(file.read(256))
    except (UnsupportedFormat, OSError):
        return False
    return True


def _flat_name(path: Path) -> str:
    joined = "_".join(path.parts)
    try:
        return clean_name(joined)
    except InvalidName:
        return joined  # the service says why, and the tally shows it


def _distinct(name: str, path: Path) -> str:
    mark = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-{mark}.{ending}" if dot else f"{name}-{mark}"


class Importer:
    """Puts files in, a few at a time. Stopped and started again, it goes on where it was: what is there
    with the same content is not sent again."""

    def __init__(self, client: ImageStoreClient, progress: Callable[[], None]) -> None:
        self._client = client
        self._progress = progress
        self._there: dict[str, str] = {}
        self.tally = Tally()

    async def run(self, files: list[tuple[str, Path]]) -> Tally:
        """Bring the files in. Raises ProblemAnswer or httpx2.TransportError where the service stays away."""
        self._there = {image.name: image.digest async for image in self._client.images()}
        waiting = iter(files)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work(waiting))
        return self.tally

    async def _work(self, waiting: Iterator[tuple[str, Path]]) -> None:
        for name, path in waiting:
            await self._bring(name, path)
            self._progress()

    async def _bring(self, name: str, path: Path) -> None:
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            self.tally.refused.append((str(path), error.strerror or "cannot be read"))
            return
        digest = f"sha256:{await asyncio.to_thread(_sha256, content)}"
        if self._there.get(name) == digest:
            self.tally.there += 1
            return
        try:
            await self._put(name, content)
        except ProblemAnswer as answer:
            if answer.problem.status in {401, 403, *BUSY}:
                raise
            self.tally.refused.append((str(path), answer.problem.detail or answer.problem.title))
        else:
            self.tally.stored += 1

    async def _put(self, name: str, content: bytes) -> None:
        """PUT is safe to repeat: the same content under the same name changes nothing."""
        for seconds in AGAIN_SECONDS:
            try:
                await self._client.put(name, content)
            except ProblemAnswer as answer:
                if answer.problem.status not in BUSY:
                    raise
            except httpx2.TransportError:
                pass
            else:
                return
            await asyncio.sleep(seconds)
        await self._client.put(name, content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
