"""What a replica knows of a dataset's blocks from one label to the next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.tagging.label_repository import KEPT, Line, OpenRows

PACKED = (b"bits", b"versions")


def rows(*numbers: int, **given: Any) -> OpenRows:
    """A dataset of which these blocks are known."""
    known: dict[str, Any] = {
        "dataset_id": 1, "state": "ready", "rows": 10**6, "revision": 7, "tags": "[]", "codes": (),
        "multiple_selection": True, "tagged": 0, "counts": [], "content_id": "c",
    }  # fmt: skip
    return OpenRows(**{**known, **given}, blocks=dict.fromkeys(numbers, PACKED))


def line(revision: int) -> Line:
    """A label's line in the history."""
    return Line(revision, "somebody", datetime(2026, 1, 1, tzinfo=UTC), "", b"", {})


def test_the_blocks_found_or_put_last_stay_known() -> None:
    found = rows(*range(KEPT + 2))
    found.put(0, PACKED, line(8), tagged=1)
    kept = found.as_written()
    assert list(kept.blocks) == [*range(3, KEPT + 2), 0]
    assert (kept.touched, kept.lines) == (set(), [])
    assert (kept.revision, kept.tagged) == (8, 1)


def test_known_blocks_are_joined_while_nobody_else_has_changed_the_dataset() -> None:
    found = rows(2)
    found.join(rows(1))
    assert list(found.blocks) == [1, 2]


def _with_a_line() -> OpenRows:
    known = rows(1)
    known.lines.append(line(7))
    return known


@pytest.mark.parametrize(
    "known",
    [rows(1, revision=6), rows(1, content_id="another"), _with_a_line()],
    ids=["older", "merged", "unwritten"],
)
def test_blocks_that_may_be_old_are_not_joined(known: OpenRows) -> None:
    found = rows(2)
    found.join(known)
    assert list(found.blocks) == [2]
