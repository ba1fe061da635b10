"""Conflicts: someone else changed the CSV. It is noticed, and every way out keeps what it says it keeps."""

import os
import threading
from pathlib import Path

import pytest

from tests.services.imagestore.store import problem
from tests.services.tagging.service import MakeTagging, Tagging, check_counts, table, text_of


def changed(path: Path, *, old: str, new: str) -> None:
    """Edit the file as a person would."""
    text = text_of(path)
    assert old in text
    path.write_text(text.replace(old, new), newline="")


def test_a_change_of_others_is_seen_before_it_is_lost(either: Tagging) -> None:
    dataset, path = either.same_file(6)
    either.label(dataset, 1, set={"100": True})
    changed(path, old="note, 3", new="theirs")
    theirs = path.read_bytes()
    for _ in range(2):
        assert problem(either.save(dataset)) == (409, "csv_changed")
        assert path.read_bytes() == theirs
    assert either.dataset(dataset)["conflict"] is True
    told = [event["type"] for event in either.events()].count("tagging.dataset.conflicted")
    assert told == 1
    assert either.label(dataset, 2, set={"100": True}).status_code == 200  # work goes on meanwhile


def test_a_touched_or_copied_file_is_no_conflict(tagging: Tagging) -> None:
    dataset, path = tagging.same_file(6)
    tagging.label(dataset, 1, set={"100": True})
    os.utime(path, (1, 1))
    assert tagging.save(dataset).status_code == 200
    copy = path.read_bytes()
    path.unlink()
    path.write_bytes(copy)
    tagging.label(dataset, 2, set={"100": True})
    assert tagging.save(dataset).status_code == 200
    assert text_of(path) == table(6, true=[(1, 100), (2, 100)])


def test_a_conflict_that_is_taken_back_is_none(tagging: Tagging) -> None:
    dataset, path = tagging.same_file(6)
    tagging.save(dataset)
    path.rename(path.with_name("aside"))
    path.write_text("something else")
    assert problem(tagging.save(dataset)) == (409, "csv_changed")
    path.with_name("aside").rename(path)
    assert tagging.save(dataset).status_code == 200
    assert tagging.dataset(dataset)["conflict"] is False


def test_merge_keeps_their_other_cells_and_our_tags(either: Tagging) -> None:
    dataset, path = either.same_file(6)
    either.label(dataset, 1, set={"100": True})
    changed(path, old="note, 3", new="theirs")
    changed(path, old="images/5.png,clip-1,False", new="images/5.png,clip-1,True")  # a tag: ours counts
    done = either.save(dataset, on_conflict="merge")
    assert (done.status_code, done.json()["unmatched"]) == (200, [])
    assert text_of(path) == table(6, true=[(1, 100)]).replace("note, 3", "theirs")
    told = either.dataset(dataset)
    assert (told["conflict"], told["revision"], told["saved_revision"]) == (False, 2, 2)
    assert either.undo(dataset).status_code == 200  # the rows are the same: the history still holds
    assert either.true(dataset) == set()
    assert either.save(dataset).status_code == 200


def test_merge_with_rows_moved_added_and_removed(either: Tagging) -> None:
    dataset, path = either.same_file(6)
    either.mass(dataset, {"indices": [0, 2, 5]}, set={"101": True})
    etag = either.get(f"/v1/datasets/{dataset}/rows/3").headers["etag"]
    lines = text_of(path).split("\r\n")
    new = "images/new.png,clip-9,True,False,False,new"
    moved = [lines[0], lines[6], new, lines[3], lines[4], lines[5], lines[1], ""]  # row 1 is gone
    path.write_text("\r\n".join(moved), newline="")
    done = either.save(dataset, on_conflict="merge")
    assert (done.status_code, done.json()["unmatched"]) == (200, [1])
    names = {row["index"]: row["file_path"] for row in either.rows(dataset)}
    assert list(names.values())[:3] == ["images/5.png", "images/new.png", "images/2.png"]
    assert either.true(dataset) == {(0, 101), (1, 100), (2, 101), (5, 101)}
    check_counts(either, dataset)
    assert problem(either.label(dataset, 3, etag=etag, set={"100": True})) == (412, "precondition_failed")
    assert problem(either.undo(dataset)) == (409, "nothing_to_undo")  # of rows that are others now
    assert either.get(f"/v1/datasets/{dataset}/history").json()["items"] == []
    either.label(dataset, 1, set={"102": True})
    assert either.save(dataset).status_code == 200
    assert "images/new.png,clip-9,True,False,True,new" in text_of(path)
    assert len(either.shelved()) == 2  # the source of before is gone


def test_merge_with_columns_in_another_order(tagging: Tagging) -> None:
    path = tagging.put_file("t.csv", "file_path,tag_code_1,tag_code_2\na.png,False,False\n")
    dataset = tagging.made(tagging.open("t.csv", save_to="same_file"))
    tagging.label(dataset, 0, set={"1": True})
    path.write_text("tag_code_2,note,file_path,tag_code_1\nTrue,x,a.png,False\n")
    assert tagging.save(dataset, on_conflict="merge").status_code == 200
    assert path.read_text() == "tag_code_2,note,file_path,tag_code_1\nFalse,x,a.png,True\n"
    assert [tag["code"] for tag in tagging.dataset(dataset)["tags"]] == [2, 1]
    assert tagging.true(dataset) == {(0, 1)}
    tagging.undo(dataset)
    assert tagging.true(dataset) <= {(0, 1)}  # never a tag that nobody had set


@pytest.mark.parametrize(
    ("theirs", "refusal"),
    [
        ("file_path,note\na,b\n", (422, "invalid_csv")),
        ("file_path,tag_code_100,tag_code_101\na,True,False\n", (422, "invalid_csv")),
        ("", (422, "invalid_csv")),
        ("\0\0", (422, "invalid_csv")),
    ],
)
def test_a_file_that_cannot_be_merged_stays_and_so_do_we(
    tagging: Tagging, theirs: str, refusal: tuple[int, str]
) -> None:
    dataset, path = tagging.same_file(6)
    tagging.label(dataset, 1, set={"100": True})
    path.write_text(theirs)
    assert problem(tagging.save(dataset, on_conflict="merge")) == refusal
    assert path.read_text() == theirs
    assert tagging.true(dataset) == {(1, 100)}
    assert len(tagging.shelved()) == 2
    assert tagging.save(dataset, on_conflict="replace").status_code == 200
    assert text_of(path) == table(6, true=[(1, 100)])


def test_a_file_that_is_too_large_to_be_merged(make_tagging: MakeTagging) -> None:
    service = make_tagging(csv_bytes=2000)
    dataset, path = service.same_file(6)
    path.write_text(table(100))
    assert problem(service.save(dataset, on_conflict="merge")) == (413, "body_too_large")


def test_replace_and_elsewhere(either: Tagging) -> None:
    dataset, path = either.same_file(6)
    either.label(dataset, 1, set={"100": True})
    path.write_text("theirs")
    done = either.save(dataset, on_conflict="elsewhere", save_to="mine")
    mine = either.roots / "mine/trip__labelled__.csv"
    assert done.json()["csv_path"] == str(mine)
    assert path.read_text() == "theirs"
    assert text_of(mine) == table(6, true=[(1, 100)])
    assert problem(either.save(dataset, on_conflict="elsewhere", save_to="mine")) == (409, "file_exists")
    outside = either.save(dataset, on_conflict="elsewhere", save_to="/etc")
    assert problem(outside) == (403, "path_not_allowed")
    mine.write_text("theirs again")
    assert problem(either.save(dataset)) == (409, "csv_changed")
    assert either.save(dataset, on_conflict="replace").status_code == 200
    assert text_of(mine) == table(6, true=[(1, 100)])
    for wrong in ({"on_conflict": "elsewhere"}, {"save_to": "x"}, {"on_conflict": "ask"}, {"force": True}):
        assert problem(either.save(dataset, **wrong)) == (422, "validation_failed")


def test_labels_that_come_while_a_merge_is_made_are_in_it(either: Tagging) -> None:
    """One labels without a pause, the other changes the file and merges, again and again."""
    dataset, path = either.same_file(3000)
    over = threading.Event()
    labelled: list[int] = []
    refused: list[str] = []

    def label() -> None:
        row = 0
        while not over.is_set() and row < 3000:
            done = either.label(dataset, row, set={"100": True})
            if done.status_code == 200:
                labelled.append(row)
            else:
                refused.append(done.text)
            row += 1

    thread = threading.Thread(target=label)
    thread.start()
    try:
        for number in range(6):
            changed(path, old=f"note, {2999 - number}", new="theirs")
            assert either.save(dataset, on_conflict="merge").status_code == 200
    finally:
        over.set()
        thread.join()
    assert refused == []
    assert len(labelled) > 10
    assert either.true(dataset) == {(row, 100) for row in labelled}
    check_counts(either, dataset)
    assert either.save(dataset).status_code == 200
    text = text_of(path)
    assert text.count("theirs") == 6
    assert text.count("True") == len(labelled)
