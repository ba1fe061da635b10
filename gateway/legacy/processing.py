"""The processing protocol's codec: markers in the stream itself, and results with a shaped tail."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from gateway.legacy.codec import MIB, FrameTooLarge, ProtocolError

IMAGE_SENT = b"###%Image_Sent%"
IMAGE_END = b"###%Image_End%"
CLOSE = b"Close_Connection"
GOT_IT = b"I got the file"

PIECE = 4096  # what the client reads at most at once
TAIL = 1000  # bytes that go out last, in one write: they fit in one TCP segment
LEAST_TOTAL = 8 * 1024 + 1
LEAST_REST, MOST_REST = 1200, 4000  # of the total modulo 4,096


@dataclass(frozen=True, slots=True)
class ImageData:
    """Some of an image's bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ImageEnd:
    """The image is whole; `size` bytes of it came. `dropped`: it was over the limit, and is not kept."""

    size: int
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What to do with the image before: a digit from 0 to 9."""

    digit: int


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """All images of the batch are there."""


@dataclass(frozen=True, slots=True)
class GotFile:
    """The client has a result, and is ready for the next."""


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """The client wishes to end."""


Message: TypeAlias = ImageData | ImageEnd | Operation | BatchEnd | GotFile | CloseConnection
WORDS: dict[bytes, Message] = {IMAGE_END: BatchEnd(), CLOSE: CloseConnection(), GOT_IT: GotFile()}


class _State(Enum):
    BEGIN = auto()  # where an image may start
    IMAGE = auto()
    OPERATION = auto()
    CLOSED = auto()


class RequestDecoder:
    """The server's end. Of an image no more is held than may be the beginning of its marker."""

    def __init__(
        self, frame_bytes: int = 64 * MIB, batch_bytes: int = 1024 * MIB, batch_images: int = 10_000
    ) -> None:
        self._frame_bytes = frame_bytes
        self._batch_bytes = batch_bytes
        self._batch_images = batch_images
        self._buffer = bytearray()
        self._state = _State.BEGIN
        self._size = 0  # of the image that comes
        self._total = 0  # of the batch that comes
        self._images = 0
        self._dropped = False

    @property
    def inside(self) -> bool:
        """Whether a batch has begun and its end marker has not come."""
        if self._state is _State.CLOSED:
            return False
        return bool(self._buffer) or self._state is not _State.BEGIN or self._images > 0

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        if self._state is not _State.CLOSED:
            self._buffer += data

    def finish(self) -> None:
        """The client has sent all it will: a batch that is not whole by now never will be."""

    def next_message(self) -> Message | None:
        """The next part of a batch, or None until more has come. Raises ProtocolError."""
        if self._state is _State.BEGIN and (found := self._word()) is not None:
            return found
        if self._state is _State.IMAGE:
            return self._image()
        if self._state is _State.OPERATION:
            return self._operation()
        return None

    def _word(self) -> Message | None:
        """A marker where an image may start; otherwise an image starts, as soon as that is certain."""
        head = bytes(self._buffer[: len(CLOSE)])
        for word, message in WORDS.items():
            if head.startswith(word):
                del self._buffer[: len(word)]
                self._after_word(message)
                return message
        if head and not any(word.startswith(head) for word in WORDS):
            self._begin_image()
        return None

    def _after_word(self, message: Message) -> None:
        if isinstance(message, BatchEnd):
            self._total = self._images = 0
        elif isinstance(message, CloseConnection):
            self._state = _State.CLOSED
            self._buffer.clear()
        elif self._images:
            raise ProtocolError("there was no result to get in the middle of a batch")

    def _begin_image(self) -> None:
        self._images += 1
        if self._images > self._batch_images:
            raise FrameTooLarge(f"a batch has at most {self._batch_images} images")
        self._size = 0
        self._dropped = False
        self._state = _State.IMAGE

    def _image(self) -> Message | None:
        found = self._buffer.find(IMAGE_SENT)
        if found == 0:
            del self._buffer[: len(IMAGE_SENT)]
            self._state = _State.OPERATION
            return ImageEnd(self._size, self._dropped)
        ready = found if found > 0 else max(0, len(self._buffer) - len(IMAGE_SENT) + 1)
        if not ready:
            return None
        data = bytes(self._buffer[:ready])
        del self._buffer[:ready]
        self._count(len(data))
        return ImageData(b"" if self._dropped else data)

    def _count(self, size: int) -> None:
        self._size += size
        self._total += size
        self._dropped = self._size > self._frame_bytes
        if self._total > self._batch_bytes:
            raise FrameTooLarge(f"a batch has at most {self._batch_bytes} bytes")

    def _operation(self) -> Operation | None:
        if not self._buffer:
            return None
        digit = self._buffer[0] - ord("0")
        if not 0 <= digit <= 9:
            raise ProtocolError("an operation is one digit")
        del self._buffer[:1]
        self._state = _State.BEGIN
        return Operation(digit)


def shape_result(jpeg: bytes) -> tuple[bytes, bytes]:
    """A result in two parts, the second of 1,000 bytes, which end with the marker.

    The client reads 4,096 bytes at most and looks for the marker in each read alone, with image bytes
    before it. So zeros stand behind the image (decoders ignore them) until the whole is over 8 KiB and
    its rest modulo 4,096 is between 1,200 and 4,000. Raises ValueError for an image that holds the marker.
    """
    if IMAGE_SENT in jpeg:
        raise ValueError("the image holds the marker that ends it")
    least = max(len(jpeg) + len(IMAGE_SENT), LEAST_TOTAL)
    rest = least % PIECE
    if rest <= LEAST_REST:
        least += LEAST_REST + 1 - rest
    elif rest >= MOST_REST:
        least += PIECE - rest + LEAST_REST + 1
    whole = jpeg.ljust(least - len(IMAGE_SENT), b"\0") + IMAGE_SENT
    return whole[:-TAIL], whole[-TAIL:]
