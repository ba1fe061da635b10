"""Labels on single rows between other changes of the dataset: each sees what was there before it.

On PostgreSQL a label uses what the last one left in memory, as long as nothing else has happened.
"""

from concurrent.futures import ThreadPoolExecutor

from tests.services.tagging.service import Tagging, check_counts, gateway


def test_labels_between_other_changes(either: Tagging) -> None:
    dataset, _ = either.same_file(3000, multiple_selection=True)
    either.label(dataset, 0, set={"100": True})
    either.mass(dataset, {"range": [0, 9]}, set={"101": True})
    assert either.label(dataset, 1, set={"100": True}).json()["tags"] == {
        "100": True,
        "101": True,
        "102": False,
    }
    either.undo(dataset)
    either.undo(dataset)
    assert either.label(dataset, 2, set={"102": True}).json()["tags"] == {
        "100": False, "101": False, "102": True,
    }  # fmt: skip
    assert either.true(dataset) == {(0, 100), (2, 102)}
    check_counts(either, dataset)


def test_a_selection_that_becomes_single_is_heeded_at_once(either: Tagging) -> None:
    dataset, _ = either.same_file(20, multiple_selection=True)
    either.label(dataset, 3, set={"100": True})
    either.patch(f"/v1/datasets/{dataset}", json={"multiple_selection": False}, headers=gateway())
    either.label(dataset, 4, set={"100": True})
    either.label(dataset, 4, set={"101": True})
    assert either.true(dataset) == {(3, 100), (4, 101)}


def test_a_condition_is_held_against_the_row_as_it_is(either: Tagging) -> None:
    dataset, _ = either.same_file(20)
    etag = either.label(dataset, 5, set={"100": True}).headers["etag"]
    either.mass(dataset, {"range": [5, 5]}, set={"101": True})
    assert either.label(dataset, 5, etag=etag, set={"102": True}).status_code == 412
    assert either.label(dataset, 5, set={"101": True}).json()["change"] is None
    assert either.label(dataset, 99, set={"100": True}).status_code == 404


def test_labels_that_come_together_are_each_answered_for_themselves(either: Tagging) -> None:
    dataset, _ = either.same_file(5000, multiple_selection=True)

    def label(row: int) -> tuple[int, int | None]:
        answer = either.label(dataset, row, set={"999" if row % 10 == 7 else "100": True})
        return answer.status_code, answer.json().get("change")

    rows = [number * 37 for number in range(102)]
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(label, rows))
    good = [row for row in rows if row % 10 != 7]
    assert [code for code, _ in said] == [422 if row % 10 == 7 else 200 for row in rows]
    assert either.true(dataset) == {(row, 100) for row in good}
    ids = {change for code, change in said if code == 200}
    assert len(ids) == len(good)
    told = [event["data"] for event in either.events() if event["type"] == "tagging.dataset.tagged"]
    assert [data["revision"] for data in told] == list(range(1, len(good) + 1))
    assert {data["change"] for data in told} == ids
    check_counts(either, dataset)
