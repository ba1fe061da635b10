"""The processing codec by tables, in every split, and against damaged bytes: protocols/processing.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.legacy.codec import FrameTooLarge, ProtocolError
from gateway.legacy.processing import (
    GOT_IT,
    IMAGE_END,
    IMAGE_SENT,
    BatchEnd,
    CloseConnection,
    GotFile,
    ImageData,
    ImageEnd,
    Operation,
    RequestDecoder,
    shape_result,
)
from tests.gateway.legacy.feeding import decode, drain, joined, splits

A, B = b"\xff\xd8 first ###%Image_ \xff\xd9", b"\x89PNG second #"
CASES = [
    (
        A + IMAGE_SENT + b"3" + IMAGE_END,
        [ImageData(A), ImageEnd(len(A)), Operation(3), BatchEnd()],
    ),
    (
        A
        + IMAGE_SENT
        + b"1"
        + B
        + IMAGE_SENT
        + b"8"
        + IMAGE_END
        + b"I got the file" * 2
        + b"Close_Connection",
        [
            *(ImageData(A), ImageEnd(len(A)), Operation(1), ImageData(B), ImageEnd(len(B)), Operation(8)),
            *(BatchEnd(), GotFile(), GotFile(), CloseConnection()),
        ],
    ),
    # two batches, with the answer to the last result between them
    (
        B + IMAGE_SENT + b"2" + IMAGE_END + GOT_IT + B + IMAGE_SENT + b"9" + IMAGE_END,
        [
            *(ImageData(B), ImageEnd(len(B)), Operation(2), BatchEnd(), GotFile()),
            *(ImageData(B), ImageEnd(len(B)), Operation(9), BatchEnd()),
        ],
    ),
    (IMAGE_SENT + b"1" + IMAGE_END, [ImageEnd(0), Operation(1), BatchEnd()]),
    (IMAGE_END, [BatchEnd()]),
    (b"Close_Connection and more", [CloseConnection()]),
    # a marker inside an image, and what looks like one, are the image's
    (b"x" + IMAGE_END + IMAGE_SENT + b"1", [ImageData(b"x" + IMAGE_END), ImageEnd(15), Operation(1)]),
    (b"Close_Conn" + IMAGE_SENT + b"1", [ImageData(b"Close_Conn"), ImageEnd(10), Operation(1)]),
    (A + IMAGE_SENT + b"x", [ImageData(A), ImageEnd(len(A)), ProtocolError]),
    (A + IMAGE_SENT + b"1" + GOT_IT, [ImageData(A), ImageEnd(len(A)), Operation(1), ProtocolError]),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_batches_in_every_split(data: bytes, expected: list[object]) -> None:
    for pieces in splits(data):
        assert joined(decode(RequestDecoder, pieces), ImageData) == expected


def test_an_image_over_the_limit_is_dropped_and_the_batch_goes_on() -> None:
    data = b"x" * 101 + IMAGE_SENT + b"1" + b"y" * 100 + IMAGE_SENT + b"2" + IMAGE_END
    for pieces in splits(data):
        found = joined(decode(lambda: RequestDecoder(100), pieces), ImageData)
        kept = [message for message in found if not isinstance(message, ImageData)]
        ends = [ImageEnd(101, dropped=True), Operation(1), ImageEnd(100), Operation(2), BatchEnd()]
        assert kept == ends
        assert found[-4:-2] == [ImageData(b"y" * 100), ImageEnd(100)]


def test_a_batch_has_limits() -> None:
    one = b"x" * 60 + IMAGE_SENT + b"1"
    assert decode(lambda: RequestDecoder(100, 119), [one, one])[-1] is FrameTooLarge
    assert decode(lambda: RequestDecoder(100, 120), [one, one + IMAGE_END, one])[-1] == Operation(1)
    assert decode(lambda: RequestDecoder(100, 1000, 2), [one, one, one])[-1] is FrameTooLarge
    assert decode(lambda: RequestDecoder(100, 1000, 2), [one, one + IMAGE_END, one])[-1] == Operation(1)


def test_only_the_beginning_of_a_marker_is_held_back() -> None:
    decoder = RequestDecoder()
    decoder.feed(b"x" * 5000)
    (found,) = drain(decoder)
    assert len(found.data) == 5000 - len(IMAGE_SENT) + 1


@pytest.mark.parametrize(
    ("data", "inside"),
    [
        (b"", False),
        (b"#", True),
        (A, True),
        (A + IMAGE_SENT, True),
        (A + IMAGE_SENT + b"1", True),
        (A + IMAGE_SENT + b"1" + IMAGE_END, False),
        (A + IMAGE_SENT + b"1" + IMAGE_END + GOT_IT, False),
        (b"Close_Connection", False),
    ],
)
def test_silence_is_a_fault_only_inside_a_batch(data: bytes, inside: bool) -> None:
    for pieces in splits(data):
        decoder = RequestDecoder()
        for piece in pieces:
            decoder.feed(piece)
            drain(decoder)
        assert decoder.inside == inside


@given(
    st.lists(
        st.one_of(
            st.sampled_from([IMAGE_SENT, IMAGE_END, GOT_IT, b"Close_Connection", b"1", b"###%"]),
            st.binary(max_size=30),
        ),
        max_size=10,
    ),
    st.integers(1, 40),
)
def test_damaged_bytes_mean_the_same_in_every_cut_and_never_crash(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)
    whole = joined(decode(lambda: RequestDecoder(10_000), [data]), ImageData)
    cut = decode(lambda: RequestDecoder(10_000), [data[i : i + step] for i in range(0, len(data), step)])
    found = joined(cut, ImageData)
    # the last image of a stream that is cut off may still be held back in part
    assert found == whole


@pytest.mark.parametrize("size", [0, 1, 900, 1200, 4000, 8162, 8163, 8177, 8192, 9000, 9391, 9392, 12_288,
                                  12_289, 20_000, 200_001, 4096 * 30 + 1185, 4096 * 30 + 3985])  # fmt: skip
def test_the_tail_of_a_result_has_the_shape_that_clients_need(size: int) -> None:
    jpeg = bytes(byte % 251 for byte in range(size))
    first, last = shape_result(jpeg)
    whole = first + last
    assert whole.startswith(jpeg)
    assert whole.endswith(IMAGE_SENT)
    assert not whole[size : -len(IMAGE_SENT)].strip(b"\0")
    assert len(last) == 1000
    assert len(whole) > 8 * 1024
    assert 1200 < len(whole) % 4096 < 4000
    assert len(whole) - size < 8 * 1024 + 4096  # no more than is needed
    # a client slower than the server reads in steps of 4,096
    steps = [whole[at : at + 4096] for at in range(0, len(whole), 4096)]
    assert [IMAGE_SENT in step for step in steps] == [False] * (len(steps) - 1) + [True]
    assert len(steps) > 1
    assert steps[-1].find(IMAGE_SENT) > 0


def test_every_size_gets_the_shape() -> None:
    for size in range(0, 20_000, 7):
        first, last = shape_result(b"\1" * size)
        total = len(first) + len(last)
        assert total > 8192
        assert 1200 < total % 4096 < 4000


def test_an_image_that_holds_the_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="marker"):
        shape_result(b"x" + IMAGE_SENT + b"y")
