"""The memory of recent events, and the reading of server-sent events."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import sse
from gateway.ring import Entry, Ring
from gateway.sse import Parser, ServerSentEvent, TooLong


def entry(sequence: int, text: str = "x") -> Entry:
    return Entry(sequence, (("a",),), text)


def sequences(found: list[Entry] | None) -> list[int] | None:
    return None if found is None else [one.sequence for one in found]


def test_a_ring_gives_what_follows_a_cursor_or_says_that_it_does_not_know() -> None:
    ring = Ring(3, 1000)
    ring.restart(10)
    assert sequences(ring.after(10)) == []
    assert ring.after(9) is None
    for sequence in (11, 13, 14):  # sequences may have gaps
        ring.append(entry(sequence))
    assert sequences(ring.after(10)) == [11, 13, 14]
    assert sequences(ring.after(12)) == [13, 14]
    assert sequences(ring.after(14)) == []
    assert ring.after(15) is None
    ring.append(entry(15))
    assert ring.floor == 11
    assert ring.after(10) is None
    assert sequences(ring.after(11)) == [13, 14, 15]


def test_a_ring_forgets_by_size_too() -> None:
    ring = Ring(100, 10)
    ring.append(entry(1, "x" * 6))
    ring.append(entry(2, "x" * 6))
    assert (ring.floor, sequences(ring.after(1))) == (1, [2])
    ring.append(entry(3, "x" * 11))  # more than it may hold at all
    assert (ring.floor, ring.newest, sequences(ring.after(3))) == (3, 3, [])


STREAM = (
    b'event: position\ndata: {"oldest":1,"newest":2}\n\n: still here\n\nid: 1\ndata: {"a":\ndata: 1}\n\n'
    b"id:2\r\ndata:caf\xc3\xa9\r\n\r\n"
)
EVENTS = [
    ServerSentEvent("position", '{"oldest":1,"newest":2}', ""),
    ServerSentEvent("message", '{"a":\n1}', "1"),
    ServerSentEvent("message", "caf\u00e9", "2"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_stream_means_the_same_however_it_is_cut(cuts: list[int]) -> None:
    parser = Parser()
    edges = [0, *sorted(cuts), len(STREAM)]
    found = [event for start, end in pairwise(edges) for event in parser.feed(STREAM[start:end])]
    assert found == EVENTS


def test_every_byte_by_itself() -> None:
    parser = Parser()
    assert [event for byte in STREAM for event in parser.feed(bytes([byte]))] == EVENTS


def test_an_event_without_an_end_is_given_up() -> None:
    parser = Parser()
    with pytest.raises(TooLong):
        parser.feed(b"data: " + b"x" * (sse.MAX_EVENT_BYTES + 1))
