"""Which patterns take in which topics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.topics import BadPattern, Index, Segments, matches, parse_pattern, topics_of


def split(topic: str) -> Segments:
    return tuple(topic.split("."))


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a.b.c", "a.b.c", True),
        ("a.b", "a.b.c", False),
        ("a.b.c", "a.b", False),
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a.c", False),
        ("a.*.c", "a.b.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c.d", True),
        ("a.*", "a", False),
        ("*", "a", True),
        ("*", "a.b.c", True),
        ("*.b.*", "a.b.c.d", True),
        ("*.b.*", "a.b", False),
        ("a.**", "a.b", False),
        ("A.b", "a.b", False),
    ],
)
def test_matching(pattern: str, topic: str, expected: bool) -> None:
    assert matches(split(pattern), split(topic)) is expected
    index: Index[str] = Index()
    index.add(split(pattern), "holder")
    assert index.find((split(topic),)) == ({"holder"} if expected else set())


def test_an_event_has_a_topic_without_and_one_with_its_subject() -> None:
    assert topics_of("tagging.dataset.saved", "datasets/3") == (
        ("tagging", "dataset", "saved"),
        ("tagging", "dataset", "3", "saved"),
    )
    assert topics_of("imagestore.image.created", "images/a.b.jpg")[1] == split(
        "imagestore.image.a.b.jpg.created"
    )
    assert topics_of("processing.job.finished", "jobs") == (("processing", "job", "finished"),)


@pytest.mark.parametrize("pattern", ["", ".", "a.", ".a", "a..b", "x" * 301])
def test_patterns_that_cannot_match_anything(pattern: str) -> None:
    with pytest.raises(BadPattern):
        parse_pattern(pattern)


segments = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4).map(tuple)
topics = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5).map(tuple)


@given(st.lists(st.tuples(segments, st.integers(0, 3)), max_size=12), topics, topics)
def test_the_index_finds_what_matching_one_by_one_finds(
    held: list[tuple[Segments, int]], one: Segments, two: Segments
) -> None:
    index: Index[int] = Index()
    for pattern, holder in held:
        index.add(pattern, holder)
    expected = {holder for pattern, holder in held if matches(pattern, one) or matches(pattern, two)}
    assert index.find((one, two)) == expected


@given(st.lists(st.tuples(segments, st.integers(0, 3)), max_size=12))
def test_an_index_that_everyone_has_left_is_empty(held: list[tuple[Segments, int]]) -> None:
    index: Index[int] = Index()
    for pattern, holder in held:
        index.add(pattern, holder)
    for pattern, holder in held:
        index.remove(pattern, holder)
        index.remove(pattern, holder)  # a second time changes nothing
    assert index._root.children == {}
    assert index.find((("a", "b"),)) == set()
