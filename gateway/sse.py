"""Server-sent events from bytes, without I/O (WHATWG HTML, 9.2.6)."""

from dataclasses import dataclass

MAX_EVENT_BYTES = 16 * 1024 * 1024


class TooLong(ValueError):
    """Raised when an event does not end within MAX_EVENT_BYTES."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream; `kind` is `message` where the stream names none."""

    kind: str
    data: str
    id: str


class Parser:
    """Bytes in, events out, however the bytes are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that are complete now. Raises TooLong, and UnicodeDecodeError for what is not UTF-8."""
        self._rest = (self._rest + data).replace(b"\r\n", b"\n")
        *whole, self._rest = self._rest.split(b"\n\n")
        if len(self._rest) > MAX_EVENT_BYTES:
            raise TooLong(f"an event of more than {MAX_EVENT_BYTES} bytes")
        events = (_read(block.decode()) for block in whole)
        return [event for event in events if event is not None]


def _read(block: str) -> ServerSentEvent | None:
    kind, identity, data = "message", "", []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            identity = value
    return ServerSentEvent(kind, "\n".join(data), identity) if data else None
