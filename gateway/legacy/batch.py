"""A batch of the processing protocol: its images as they come, kept until the job has them."""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gateway.legacy.processing import ImageData, ImageEnd, Operation
from shared.contracts.operations import PipelineStep

IN_MEMORY = 4 * 1024 * 1024  # bytes of a batch; a larger one goes to the disk
# The operations by their digits, with the parameters of the protocol's document.
OPERATIONS: dict[int, PipelineStep] = {
    1: PipelineStep(operation="edge_detection", parameters={"low": 90, "high": 180}),
    2: PipelineStep(operation="colour_inversion"),
    3: PipelineStep(
        operation="corner_detection",
        parameters={"block": 2, "aperture": 3, "k": 0.04, "threshold": 0.1, "radius": 5},
    ),
    4: PipelineStep(operation="sift_features"),
    5: PipelineStep(operation="denoise", parameters={"h": 10, "h_colour": 10, "template": 7, "search": 21}),
    6: PipelineStep(operation="erosion", parameters={"kernel": 5, "iterations": 1}),
    7: PipelineStep(operation="dilation", parameters={"kernel": 5, "iterations": 1}),
    8: PipelineStep(operation="histogram_equalisation"),
}


@dataclass(slots=True)
class BatchImage:
    """One image: where it is in the batch's file. `problem` says why it cannot be processed, if it cannot."""

    begin: int
    size: int = 0
    digit: int = 0
    problem: str = ""


class Batch:
    """Images in the order of the upload, one behind the other in one file, which has no name."""

    def __init__(self, folder: Path, frame_bytes: int) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 - `close` is below
        self._frame_bytes = frame_bytes
        self._open: BatchImage | None = None
        self.images: list[BatchImage] = []

    def take(self, message: ImageData | ImageEnd | Operation) -> None:
        """Add a part of the batch. It is written to the page cache, which does not wait for the disk."""
        if self._open is None:
            self._open = BatchImage(self._file.tell())
            self.images.append(self._open)
        image = self._open
        if isinstance(message, ImageData):
            self._write(image, message.data)
        elif isinstance(message, ImageEnd):
            if message.dropped:
                image.problem = f"the image has more than {self._frame_bytes} bytes"
            elif not message.size:
                image.problem = "the image is empty"
        else:
            image.digit = message.digit
            if message.digit not in OPERATIONS:
                image.problem = image.problem or f"there is no operation {message.digit}; there are 1 to 8"
            self._open = None

    def good(self) -> Iterator[tuple[int, BatchImage]]:
        """The images that a job can take, with their places in the batch."""
        return ((place, image) for place, image in enumerate(self.images) if not image.problem)

    def content(self, image: BatchImage) -> "Window":
        """An image's bytes as a file. One is read at a time."""
        return Window(self._file, image.begin, image.size)

    def close(self) -> None:
        """Let go of the images."""
        self._file.close()

    def _write(self, image: BatchImage, data: bytes) -> None:
        try:
            self._file.write(data)
            image.size += len(data)
        except OSError as error:
            image.problem = f"the image could not be kept: {error.strerror}"


class Window(io.RawIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, file: IO[bytes], begin: int, size: int) -> None:
        self._file = file
        self._begin = begin
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do."""
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As files do."""
        left = self._size - self._at
        self._file.seek(self._begin + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data
