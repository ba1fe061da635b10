"""History: undo and redo a person, pages of who did what, and events from which the table can be rebuilt."""

import base64
import random
import zlib
from typing import Any

import numpy as np
import pytest

from tests.services.imagestore.store import problem
from tests.services.tagging.service import Tagging, check_counts, table


def test_undo_and_redo_are_a_persons_own(either: Tagging) -> None:
    dataset = either.made(either.upload(table(5)))
    either.label(dataset, 0, by="ada", set={"100": True})
    either.label(dataset, 0, by="bob", set={"101": True})
    either.label(dataset, 1, by="ada", set={"100": True})
    assert either.undo(dataset, "ada").json()["rows_changed"] == 1
    assert either.true(dataset) == {(0, 100), (0, 101)}
    assert either.undo(dataset, "ada").status_code == 200
    assert either.true(dataset) == {(0, 101)}
    assert problem(either.undo(dataset, "ada")) == (409, "nothing_to_undo")
    assert problem(either.redo(dataset, "bob")) == (409, "nothing_to_undo")
    assert either.redo(dataset, "ada").status_code == 200
    assert either.true(dataset) == {(0, 100), (0, 101)}
    assert either.undo(dataset, "bob").status_code == 200
    assert either.redo(dataset, "ada").status_code == 200
    assert either.true(dataset) == {(0, 100), (1, 100)}
    assert problem(either.redo(dataset, "ada")) == (409, "nothing_to_undo")
    either.undo(dataset, "ada")
    either.label(dataset, 4, by="ada", set={"102": True})
    assert problem(either.redo(dataset, "ada")) == (409, "nothing_to_undo")  # another change came since
    check_counts(either, dataset)


def test_cells_that_others_have_changed_since_stay(either: Tagging) -> None:
    dataset = either.made(either.upload(table(5)))
    either.mass(dataset, {"range": [0, 4]}, by="ada", set={"100": True})
    either.label(dataset, 1, by="bob", set={"100": False})
    either.label(dataset, 2, by="bob", set={"100": False})
    either.label(dataset, 2, by="cyd", set={"100": True})  # it is cyd's now, though it looks like ada's
    assert either.undo(dataset, "ada").json()["rows_changed"] == 3
    assert either.true(dataset) == {(2, 100)}
    either.label(dataset, 0, by="bob", set={"100": True})
    either.label(dataset, 0, by="bob", set={"100": False})
    assert either.redo(dataset, "ada").json()["rows_changed"] == 2
    assert either.true(dataset) == {(2, 100), (3, 100), (4, 100)}
    check_counts(either, dataset)


def test_an_undo_leaves_one_tag_where_only_one_may_be(either: Tagging) -> None:
    dataset = either.made(either.upload(table(3, true=[(0, 101)]), multiple_selection="false"))
    either.label(dataset, 0, by="ada", set={"100": True})
    either.label(dataset, 0, by="bob", set={"102": True})
    either.undo(dataset, "ada")
    assert either.true(dataset) == {(0, 102)}
    either.undo(dataset, "bob")
    assert len(either.true(dataset)) == 1
    check_counts(either, dataset)


def test_a_change_of_many_rows_is_undone_as_one(either: Tagging) -> None:
    dataset = either.made(either.upload(table(5000, true=[(row, 100) for row in range(0, 5000, 3)])))
    before = either.true(dataset)
    either.mass(dataset, {"filter": {"untagged": True}}, toggle=["101", "102"])
    either.mass(dataset, {"filter": {}}, clear=True)
    assert either.true(dataset) == set()
    assert either.undo(dataset).json()["rows_changed"] == 5000
    assert either.undo(dataset).json()["rows_changed"] == 5000 - len(before)
    assert either.true(dataset) == before
    assert either.redo(dataset).json()["rows_changed"] == 5000 - len(before)
    check_counts(either, dataset)


def test_pages_of_the_history(either: Tagging) -> None:
    dataset = either.made(either.upload(table(5)))
    for row in range(4):
        either.label(dataset, row, by="ada" if row % 2 else "bob", set={"100": True}, toggle=["101"])
    either.mass(dataset, {"indices": [1, 4]}, by="ada", clear=True)
    either.undo(dataset, "ada")
    url = f"/v1/datasets/{dataset}/history"
    seen, cursor = [], None
    for _ in range(3):
        page = either.get(url, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert cursor is None
    assert [entry["kind"] for entry in seen] == ["undo", "tag", "tag", "tag", "tag", "tag"]
    assert [entry["revision"] for entry in seen] == [6, 5, 4, 3, 2, 1]
    assert (seen[0]["of"], seen[1]["undone"]) == (seen[1]["id"], True)
    assert (seen[1]["first_row"], seen[1]["last_row"], seen[1]["rows"], seen[1]["cells"]) == (1, 1, 1, 2)
    assert seen[1]["tags"] == {"100": {"true": 0, "false": 1}, "101": {"true": 0, "false": 1}}
    assert [entry["by"] for entry in either.get(url, params={"by": "bob"}).json()["items"]] == ["bob", "bob"]
    assert problem(either.get(url, params={"cursor": "x"})) == (400, "invalid_cursor")


def applied(event: dict[str, Any], cells: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """What a client makes of an event, who asks for nothing else."""
    cells = set(cells)
    for change in event["data"]["changes"]:
        here = {(row, int(change["tag"])) for row in rows_of(change["rows"])}
        assert (here & cells == set()) == change["value"]  # each told cell really turned over
        cells = cells | here if change["value"] else cells - here
    return cells


def rows_of(told: dict[str, Any]) -> list[int]:
    """Rows of an event, in either form."""
    if "runs" in told:
        return [row for first, last in told["runs"] for row in range(first, last + 1)]
    packed = zlib.decompress(base64.b64decode(told["bitmap"]["data"]))
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))
    return [int(row) + told["bitmap"]["first"] for row in np.flatnonzero(bits)]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_events_rebuild_the_table(either: Tagging, seed: int) -> None:
    """Forty changes of every kind by three people; after each the events say what the rows say."""
    chance = random.Random(seed)
    rows = 4000
    start = {(row, code) for row in range(rows) for code in (100, 101, 102) if chance.random() < 0.2}
    dataset = either.made(
        either.upload(table(rows, true=start), multiple_selection=chance.choice([True, False]))
    )
    single = not either.dataset(dataset)["multiple_selection"]
    either.mass(dataset, {"indices": list(range(0, rows, 2))}, toggle=["100"])
    for _ in range(40):
        by = chance.choice(["ada", "bob", "cyd"])
        change: dict[str, Any] = {"set": {str(chance.choice([100, 101, 102])): chance.random() < 0.6}}
        if chance.random() < 0.3:
            change = {"toggle": chance.sample(["100", "101", "102"], 1 if single else 2)}
        elif chance.random() < 0.2:
            change["clear"] = True
        what = chance.random()
        if what < 0.3:
            answer = either.label(dataset, chance.randrange(rows), by=by, **change)
        elif what < 0.5:
            first, last = sorted(chance.choices(range(rows), k=2))
            answer = either.mass(dataset, {"range": [first, last]}, by=by, **change)
        elif what < 0.6:
            answer = either.mass(dataset, {"indices": list(range(0, rows, 5))}, by=by, **change)
        elif what < 0.7:
            answer = either.mass(dataset, {"filter": {"tag": ["101"]}}, by=by, **change)
        else:
            answer = either.undo(dataset, by) if what < 0.87 else either.redo(dataset, by)
        assert answer.status_code in {200, 409}, answer.text
    cells = start
    events = [event for event in either.events() if event["type"] == "tagging.dataset.tagged"]
    for event in events:
        cells = applied(event, cells)
    assert cells == either.true(dataset)
    assert [event["data"]["revision"] for event in events] == list(range(1, len(events) + 1))
    check_counts(either, dataset)
    assert {form for event in events for each in event["data"]["changes"] for form in each["rows"]} == {
        "runs", "bitmap",
    }  # fmt: skip
