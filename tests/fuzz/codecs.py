"""What must hold of each codec for any bytes at all. A first byte says how the others are cut into pieces."""

from collections.abc import Callable
from typing import Any

from gateway.legacy import imagestore, processing, tagging
from gateway.legacy.codec import Decoder, ProtocolError
from tests.gateway.legacy.feeding import decode, joined

FRAME_BYTES = 4096
HELD_BYTES = 3 * FRAME_BYTES


def fuzz_tagging(data: bytes) -> None:
    """Requests that were read are sent as the same bytes again, and read as the same."""
    found = _in_pieces(lambda: tagging.RequestDecoder(FRAME_BYTES), data)
    requests = [one for one in found if not isinstance(one, type)]
    again = b"".join(tagging.encode_request(request) for request in requests)
    assert decode(lambda: tagging.RequestDecoder(FRAME_BYTES), [again]) == requests


def fuzz_imagestore(data: bytes) -> None:
    """What is saved has the size that the header said, or is not whole."""
    found = _in_pieces(lambda: imagestore.RequestDecoder(FRAME_BYTES), data, imagestore.SaveData)
    if found and isinstance(found[0], imagestore.SaveRequest):
        size = sum(len(one.data) for one in found if isinstance(one, imagestore.SaveData))
        whole = imagestore.SaveEnd() in found
        assert size <= found[0].size <= FRAME_BYTES
        assert whole == (size == found[0].size)


def fuzz_processing(data: bytes) -> None:
    """Every image that ended has as many bytes as came of it; results of any bytes have their shape."""
    found = _in_pieces(lambda: processing.RequestDecoder(FRAME_BYTES), data, processing.ImageData)
    size = 0
    for one in found:
        if isinstance(one, processing.ImageData):
            size += len(one.data)
        if isinstance(one, processing.ImageEnd):
            assert one.dropped or size == one.size
            size = 0
    if processing.IMAGE_SENT not in data:
        first, last = processing.shape_result(data)
        assert 1200 < (len(first) + len(last)) % 4096 < 4000


def _in_pieces(make: Callable[[], Decoder[Any]], data: bytes, body: type[Any] | None = None) -> list[Any]:
    """Decode in pieces and in one: both must say the same. Nothing but ProtocolError may come out."""
    step, stream = (data[0] % 32) + 1 if data else 1, data[1:]
    pieces = [stream[at : at + step] for at in range(0, len(stream), step)]
    cut, whole = decode(make, pieces, finish=True), decode(make, [stream], finish=True)
    if body is not None:
        cut, whole = joined(cut, body), joined(whole, body)
    assert cut == whole or _lost_in_error(cut, whole)
    _holds_little(make(), stream)
    return cut


def _lost_in_error(cut: list[Any], whole: list[Any]) -> bool:
    """Bytes just before an error may have come out or not, depending on the cut."""
    errors = [one[-1] if one and isinstance(one[-1], type) else None for one in (cut, whole)]
    return errors[0] is not None and errors[0] is errors[1]


def _holds_little(decoder: Decoder[Any], stream: bytes) -> None:
    """What a decoder keeps does not grow with what it is fed."""
    try:
        for _ in range(3):
            decoder.feed(stream)
            while decoder.next_message() is not None:
                pass
    except ProtocolError:
        return
    buffer = getattr(decoder, "_buffer")  # noqa: B009 - the one thing that could grow
    assert len(buffer) <= max(HELD_BYTES, len(stream))


FUZZERS: dict[str, Callable[[bytes], None]] = {
    "tagging": fuzz_tagging,
    "imagestore": fuzz_imagestore,
    "processing": fuzz_processing,
}
