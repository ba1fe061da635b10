"""The tagging codec by tables, in every split, and against damaged bytes: protocols/tagging.md."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.legacy import tagging
from gateway.legacy.codec import FrameTooLarge
from gateway.legacy.tagging import (
    ChangeRequest,
    ClipEntry,
    ClipsRequest,
    ImageRequest,
    PartialCsvRequest,
    RequestDecoder,
    SaveRequest,
    TagsRequest,
)
from tests.gateway.legacy.feeding import decode, drain, splits

CASES: list[tuple[bytes, list[tagging.Request]]] = [
    (bytes.fromhex("ff0100000007"), [ImageRequest(7)]),
    (bytes.fromhex("ff01ffffffff"), [ImageRequest(2**32 - 1)]),
    (bytes.fromhex("ff02"), [TagsRequest()]),
    (
        bytes.fromhex("ff03 00000001 00000003 00000004 01 00 02 ff"),
        [ChangeRequest(1, 3, 4, (True, False, False, False))],
    ),
    (bytes.fromhex("ff03 00000000 00000000 00000000"), [ChangeRequest(0, 0, 0, ())]),
    (bytes.fromhex("ff04"), [SaveRequest()]),
    (bytes.fromhex("ff05"), [ClipsRequest()]),
    (bytes.fromhex("ff06"), [PartialCsvRequest()]),
    # on connecting: tags, partial CSV and clips back to back
    (bytes.fromhex("ff02 ff06 ff05"), [TagsRequest(), PartialCsvRequest(), ClipsRequest()]),
    # an index behind clips is four stray bytes, also with one or more FF in it
    (bytes.fromhex("ff05 00000001 ff02"), [ClipsRequest(), TagsRequest()]),
    (bytes.fromhex("ff05 000000ff ff02"), [ClipsRequest(), TagsRequest()]),
    (bytes.fromhex("ff05 0000ff00 ff02"), [ClipsRequest(), TagsRequest()]),
    (bytes.fromhex("ff05 ffffffff ff02"), [ClipsRequest(), TagsRequest()]),
    # bytes that are not FF, and FF with an unknown command, are dropped
    (bytes.fromhex("000102 ff04 0304 ff07 ff00 ffff04"), [SaveRequest(), SaveRequest()]),
    (
        bytes.fromhex("ff03 00000005 00000005 00000001 01 ff04"),
        [ChangeRequest(5, 5, 1, (True,)), SaveRequest()],
    ),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_requests_in_every_split(data: bytes, expected: list[tagging.Request]) -> None:
    for pieces in splits(data):
        assert decode(RequestDecoder, pieces) == expected


def test_all_requests_together_in_every_split() -> None:
    data = b"".join(data for data, _ in CASES)
    expected = list(itertools.chain.from_iterable(messages for _, messages in CASES))
    for pieces in splits(data):
        assert decode(RequestDecoder, pieces) == expected


requests = st.one_of(
    st.builds(ImageRequest, st.integers(0, 2**32 - 1)),
    st.sampled_from([TagsRequest(), SaveRequest(), ClipsRequest(), PartialCsvRequest()]),
    st.lists(st.booleans(), max_size=40).flatmap(
        lambda flags: st.builds(
            ChangeRequest,
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**32 - 1),
            st.just(len(flags)),
            st.just(tuple(flags)),
        )
    ),
)


@given(st.lists(requests, max_size=8), st.lists(st.integers(1, 30), min_size=1))
def test_what_is_encoded_is_decoded_however_it_is_cut(sent: list[tagging.Request], sizes: list[int]) -> None:
    data = b"".join(tagging.encode_request(request) for request in sent)
    pieces, lengths = [], itertools.cycle(sizes)
    while data:
        length = next(lengths)
        pieces.append(data[:length])
        data = data[length:]
    assert decode(RequestDecoder, pieces) == sent


@given(st.binary(max_size=300), st.integers(1, 299))
def test_damaged_bytes_mean_the_same_in_every_cut_and_never_crash(data: bytes, at: int) -> None:
    whole = decode(lambda: RequestDecoder(1000), [data])
    assert decode(lambda: RequestDecoder(1000), [data[:at], data[at:]]) == whole
    assert decode(lambda: RequestDecoder(1000), [bytes([byte]) for byte in data]) == whole


def test_a_count_over_the_limit_is_refused_before_anything_is_made_for_it() -> None:
    head = bytes.fromhex("ff03 00000000 00000000 04000001")
    assert decode(RequestDecoder, [head]) == [FrameTooLarge]
    within = bytes.fromhex("ff03 00000000 00000000 04000000")
    assert decode(RequestDecoder, [within]) == []


def test_flags_past_those_that_are_kept_are_counted_and_the_stream_goes_on() -> None:
    decoder = RequestDecoder()
    decoder.feed(bytes.fromhex("ff03 00000000 00000000 00100000"))
    for _ in range(16):
        assert drain(decoder) == []
        assert decoder.inside
        decoder.feed(b"\1" * 65_536)
    decoder.feed(b"\xff\x04")
    change, save = drain(decoder)
    assert (change.count, len(change.flags)) == (2**20, tagging.KEPT_FLAGS)
    assert save == SaveRequest()
    assert not decoder.inside


@pytest.mark.parametrize(
    ("data", "inside"),
    [
        ("", False),
        ("ff", True),
        ("00", False),
        ("ff01000000", True),
        ("ff0100000000", False),
        ("ff03000000000000000000000001", True),
        ("ff05", False),
        ("ff05000000ff", False),  # the end of an index of 255, not the beginning of a message
        ("ff0500000000ff", True),
        ("ff05ff", False),
        ("ff04ff", True),
        ("ff05ff02ff", True),
    ],
)
def test_silence_is_a_fault_only_inside_a_message(data: str, inside: bool) -> None:
    for pieces in splits(bytes.fromhex(data)):
        decoder = RequestDecoder()
        for piece in pieces:
            decoder.feed(piece)
            drain(decoder)
        assert decoder.inside == inside


def test_replies_byte_by_byte() -> None:
    assert tagging.encode_image(258, b"jpeg") == bytes.fromhex("ff0100 00000102 00000004") + b"jpeg"
    assert tagging.encode_image_error(1, "no") == bytes.fromhex("ff0101 00000001 00000002") + b"no"
    expected = bytes.fromhex("ff0200 00000002 00000001") + b"a" + bytes.fromhex("00000002") + "ä".encode()
    assert tagging.encode_tags(["a", "ä"]) == expected
    assert tagging.encode_failed(tagging.SAVE, "xä" * 300)[3:7] == (199).to_bytes(4, "big")
    assert tagging.encode_failed(tagging.SAVE, "ä" * 300)[7:] == "ä".encode() * 100
    assert tagging.encode_failed(tagging.TAGS, "no") == bytes.fromhex("ff0201 00000002") + b"no"
    assert tagging.encode_done(tagging.CHANGE) == bytes.fromhex("ff0300")
    assert tagging.encode_done(tagging.SAVE) == bytes.fromhex("ff0400")
    assert tagging.encode_failed(tagging.SAVE, "no") == bytes.fromhex("ff0401 00000002") + b"no"
    clips = [ClipEntry(0, 4, 2), ClipEntry(4, 5, 1)]
    table = "ff0500 00000002 00000000 00000004 00000002 00000004 00000005 00000001"
    assert tagging.encode_clips(clips) == bytes.fromhex(table)
    assert tagging.encode_bare_error(tagging.CLIPS) == bytes.fromhex("ff0501")
    assert tagging.encode_csv(b"a\nTrue\n") == bytes.fromhex("ff0600 00000007") + b"a\nTrue\n"
    assert tagging.encode_bare_error(tagging.PARTIAL_CSV) == bytes.fromhex("ff0601")


@given(st.text(max_size=400), st.sampled_from([tagging.CHANGE, tagging.SAVE]))
def test_an_error_message_holds_no_start_byte_and_at_most_200_bytes(message: str, command: int) -> None:
    reply = tagging.encode_failed(command, message)
    assert 0xFF not in reply[1:]
    size = int.from_bytes(reply[3:7], "big")
    assert size == len(reply) - 7 <= 200
    assert message.encode("utf-8", "replace").decode().startswith(reply[7:].decode())
