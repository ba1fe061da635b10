"""Feeds a decoder in every way that TCP may cut a stream."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway.legacy.codec import Decoder, ProtocolError

MakeDecoder = Callable[[], Decoder[Any]]


def drain(decoder: Decoder[Any]) -> list[Any]:
    """All messages that are whole."""
    return list(messages(decoder))


def messages(decoder: Decoder[Any]) -> Iterator[Any]:
    """The messages that are whole, one after the other."""
    while (message := decoder.next_message()) is not None:
        yield message


def decode(make: MakeDecoder, pieces: Iterable[bytes], *, finish: bool = False) -> list[Any]:
    """What a new decoder makes of the pieces; its last element is the class of the error, if any."""
    decoder = make()
    found: list[Any] = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            found.extend(messages(decoder))  # those before an error stay
        if finish:
            decoder.finish()
            found.extend(messages(decoder))  # those before an error stay
    except ProtocolError as error:
        found.append(type(error))
    return found


def splits(data: bytes) -> Iterator[list[bytes]]:
    """The stream whole, byte by byte, and cut at every place."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]


def joined(given: list[Any], data: type[Any]) -> list[Any]:
    """Messages of bytes that follow one another as one: how they were cut does not matter."""
    found: list[Any] = []
    for message in given:
        if isinstance(message, data) and found and isinstance(found[-1], data):
            found[-1] = data(found[-1].data + message.data)
        elif not isinstance(message, data) or message.data:
            found.append(message)
    return found
