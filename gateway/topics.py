"""Topics of events, and who asked for which. Pure: strings and sets.

An event of the type `imagestore.image.created` with the subject `images/sunset.jpg` has two topics:
`imagestore.image.created` and `imagestore.image.sunset.jpg.created`. In a pattern `*` stands for one
segment between dots; at the end it stands for one or more.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
Segments = tuple[str, ...]
MAX_LENGTH = 300  # of a pattern: a name of 255 bytes, and what is around it


class BadPattern(ValueError):
    """Raised for a pattern that cannot match anything."""


def parse_pattern(pattern: str) -> Segments:
    """The segments of a pattern. Raises BadPattern."""
    if not pattern or len(pattern) > MAX_LENGTH:
        raise BadPattern(f"a topic has 1 to {MAX_LENGTH} characters")
    segments = tuple(pattern.split("."))
    if "" in segments:
        raise BadPattern("a topic has no empty segments")
    return segments


def topics_of(kind: str, subject: str) -> tuple[Segments, ...]:
    """The topics of an event, from its type and subject."""
    segments = tuple(kind.split("."))
    _, _, identity = subject.partition("/")
    if not identity or len(segments) < 2:
        return (segments,)
    return segments, (*segments[:-1], *identity.split("."), segments[-1])


def matches(pattern: Segments, topic: Segments) -> bool:
    """Whether a pattern takes in a topic."""
    if pattern[-1] == "*":
        if len(topic) < len(pattern):
            return False
    elif len(topic) != len(pattern):
        return False
    return all(mine in ("*", theirs) for mine, theirs in zip(pattern, topic, strict=False))


class _Node(Generic[T]):
    __slots__ = ("children", "here", "onward")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.here: set[T] = set()  # patterns that end in this node
        self.onward: set[T] = set()  # patterns that end in a star below this node


class Index(Generic[T]):
    """Patterns with those who hold them; finding takes a few dictionary look-ups, however many there are."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, pattern: Segments, holder: T) -> None:
        """Remember that the holder asked for the pattern; a second time changes nothing."""
        node = self._root
        *path, last = pattern
        for segment in path:
            node = node.children.setdefault(segment, _Node())
        if last == "*":
            node.onward.add(holder)
        else:
            node.children.setdefault(last, _Node()).here.add(holder)

    def remove(self, pattern: Segments, holder: T) -> None:
        """Forget it again, with the nodes that nobody needs any more."""
        trail = [self._root]
        for segment in pattern[:-1] if pattern[-1] == "*" else pattern:
            below = trail[-1].children.get(segment)
            if below is None:
                return
            trail.append(below)
        holders = trail[-1].onward if pattern[-1] == "*" else trail[-1].here
        holders.discard(holder)
        self._prune(trail, pattern)

    def find(self, topics: tuple[Segments, ...]) -> set[T]:
        """Everyone who asked for at least one of the topics."""
        found: set[T] = set()
        for topic in topics:
            for holders in self._walk(topic):
                found |= holders
        return found

    def _walk(self, topic: Segments) -> Iterator[set[T]]:
        level = [self._root]
        for depth, segment in enumerate(topic):
            for node in level:
                yield node.onward
            level = [
                child
                for node in level
                for child in (node.children.get(segment), node.children.get("*"))
                if child is not None
            ]
            if not level:
                return
            if depth == len(topic) - 1:
                for node in level:
                    yield node.here

    @staticmethod
    def _prune(trail: list[_Node[T]], pattern: Segments) -> None:
        for depth in range(len(trail) - 1, 0, -1):
            node = trail[depth]
            if node.here or node.onward or node.children:
                return
            del trail[depth - 1].children[pattern[depth - 1]]
