"""Reading an image's header at any place of it, from memory or from a file, without reading the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from shared.imaging.errors import BrokenImage

ImageSource: TypeAlias = bytes | bytearray | memoryview | Path | BinaryIO


class Source(Protocol):
    """Bytes that can be read at any place."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer at the end, none beyond it."""


class MemorySource:
    """Bytes in memory; only the parts asked for are copied."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._view = memoryview(data)
        self.size = self._view.nbytes

    def at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`."""
        return bytes(self._view[offset : offset + length])


class FileSource:
    """A seekable file; its position afterwards is undefined."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`."""
        self._file.seek(offset)
        return self._file.read(length)


@contextmanager
def open_source(image: ImageSource) -> Iterator[Source]:
    """Bytes, a path or a seekable binary file as a Source; a path is closed again."""
    if isinstance(image, bytes | bytearray | memoryview):
        yield MemorySource(image)
    elif isinstance(image, Path):
        with image.open("rb") as file:
            yield FileSource(file)
    else:
        yield FileSource(image)


def exactly(source: Source, offset: int, length: int) -> bytes:
    """`length` bytes from `offset`. Raises BrokenImage when the image ends before."""
    data = source.at(offset, length)
    if len(data) < length:
        raise BrokenImage("The image ends in the middle of its header.")
    return data
