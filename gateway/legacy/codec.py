"""What the three codecs have alike: bytes in, messages out, and every size checked before it is believed."""

from typing import Protocol, TypeVar

M_co = TypeVar("M_co", covariant=True)
MIB = 1024 * 1024


class ProtocolError(Exception):
    """Raised for bytes that cannot be a message; what follows them cannot be understood either."""


class FrameTooLarge(ProtocolError):
    """Raised for a size that is over the limit, before anything is made for it."""


class Decoder(Protocol[M_co]):
    """The receiving end of a protocol. It holds what has come of one message, and never more."""

    @property
    def inside(self) -> bool:
        """Whether part of a message has come, so that silence is a fault."""

    def feed(self, data: bytes) -> None:
        """Take bytes as they came: a part of a message, or several."""

    def finish(self) -> None:
        """No more bytes will come."""

    def next_message(self) -> M_co | None:
        """The next whole message, or None until more has been fed. Raises ProtocolError."""
