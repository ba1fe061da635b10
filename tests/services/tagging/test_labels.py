"""Labels over HTTP: one row, many rows, what is refused, and what is told of them."""

from pathlib import Path
from typing import Any

import pytest

from tests.services.imagestore.store import problem
from tests.services.tagging.service import Tagging, check_counts, table


def test_set_clear_and_toggle(either: Tagging) -> None:
    dataset = either.made(either.upload(table(10, true=[(0, 100), (3, 101)])))
    done = either.label(dataset, 3, set={"100": True}, toggle=["102"])
    assert done.status_code == 200
    assert done.json() == {
        "index": 3, "tags": {"100": True, "101": True, "102": True}, "version": 1, "revision": 1, "change": 1,
    }  # fmt: skip
    assert done.headers["etag"] == '"1"'
    again = either.label(dataset, 3, set={"100": True})
    assert (again.json()["change"], again.json()["version"], again.json()["revision"]) == (None, 1, 1)
    cleared = either.label(dataset, 3, clear=True, set={"102": True}, toggle=["101"])
    assert cleared.json()["tags"] == {"100": False, "101": False, "102": True}
    assert either.true(dataset) == {(0, 100), (3, 102)}
    check_counts(either, dataset)
    assert either.get(f"/v1/datasets/{dataset}/rows/3").json()["version"] == 2


def test_only_the_version_that_is_wanted(either: Tagging) -> None:
    dataset = either.made(either.upload(table(3)))
    etag = either.get(f"/v1/datasets/{dataset}/rows/1").headers["etag"]
    assert either.label(dataset, 1, etag=etag, set={"100": True}).status_code == 200
    assert problem(either.label(dataset, 1, etag=etag, set={"101": True})) == (412, "precondition_failed")
    assert either.label(dataset, 1, etag=f'"9", {etag}, "1"', set={"101": True}).status_code == 200
    assert either.label(dataset, 1, etag="*", set={"101": False}).status_code == 200
    assert problem(either.label(dataset, 1, etag="nonsense", set={"101": True})) == (
        412,
        "precondition_failed",
    )
    assert either.true(dataset) == {(1, 100)}


def test_single_selection(either: Tagging) -> None:
    dataset = either.made(either.upload(table(4, true=[(0, 100), (0, 101)]), multiple_selection="false"))
    assert either.label(dataset, 1, set={"100": True}).json()["tags"]["100"] is True
    assert either.label(dataset, 1, set={"102": True}).json()["tags"] == {
        "100": False,
        "101": False,
        "102": True,
    }
    assert either.label(dataset, 1, toggle=["101"]).json()["tags"] == {
        "100": False,
        "101": True,
        "102": False,
    }
    assert either.label(dataset, 1, toggle=["101"]).json()["tags"] == {
        "100": False,
        "101": False,
        "102": False,
    }
    two = {"100": True, "101": True}
    assert problem(either.label(dataset, 1, set=two)) == (422, "single_selection")
    assert problem(either.mass(dataset, {"range": [0, 1]}, set=two)) == (422, "single_selection")
    assert problem(either.label(dataset, 1, set={"100": True}, toggle=["101"])) == (422, "single_selection")
    either.mass(dataset, {"range": [0, 3]}, set={"101": True})
    assert either.true(dataset) == {(row, 101) for row in range(4)}
    either.patch(f"/v1/datasets/{dataset}", json={"multiple_selection": True})
    assert either.label(dataset, 1, set=two).json()["tags"] == {"100": True, "101": True, "102": False}
    check_counts(either, dataset)


def test_many_rows_at_once(either: Tagging) -> None:
    dataset = either.made(either.upload(table(3000)))
    done = either.mass(dataset, {"range": [1000, 2100]}, set={"100": True})
    assert done.json() == {"revision": 1, "change": 1, "rows": 1101, "rows_changed": 1101}
    done = either.mass(dataset, {"indices": [2999, 5, 5, 1000]}, set={"101": True}, toggle=["100"])
    assert done.json() == {"revision": 2, "change": 2, "rows": 3, "rows_changed": 3}
    done = either.mass(dataset, {"filter": {"tag": ["100"], "clip": "clip-250"}}, clear=True)
    assert (done.json()["rows"], done.json()["rows_changed"]) == (3, 3)  # row 1000 was toggled off
    assert either.mass(dataset, {"filter": {"q": "IMAGES/29"}}, set={"102": True}).json()["rows"] == 111
    nobody = either.mass(dataset, {"filter": {"camera": "nobody"}}, set={"102": True})
    assert nobody.json() == {"revision": 4, "change": None, "rows": 0, "rows_changed": 0}
    assert either.mass(dataset, {"indices": []}, set={"102": True}).json()["rows"] == 0
    expected = {(row, 100) for row in range(1004, 2101)} | {(row, 101) for row in (5, 1000, 2999)}
    expected |= {(5, 100), (2999, 100)} | {(row, 102) for row in range(3000) if str(row).startswith("29")}
    assert either.true(dataset) == expected
    check_counts(either, dataset)


@pytest.mark.parametrize(
    ("rows", "refusal"),
    [
        ({"range": [3, 2]}, (422, "invalid_range")),
        ({"range": [0, 10]}, (404, "row_not_found")),
        ({"range": [10, 20]}, (404, "row_not_found")),
        ({"range": [500, 2**31 - 1]}, (404, "row_not_found")),
        ({"range": [0, 2**31]}, (422, "validation_failed")),
        ({"range": [-1, 2]}, (422, "validation_failed")),
        ({"range": [1]}, (422, "validation_failed")),
        ({"range": [1, 2, 3]}, (422, "validation_failed")),
        ({"range": ["a", 2]}, (422, "validation_failed")),
        ({"indices": [1, 10]}, (404, "row_not_found")),
        ({"indices": [-1]}, (422, "validation_failed")),
        ({"indices": 3}, (422, "validation_failed")),
        ({"indices": [0] * 100_001}, (422, "validation_failed")),
        ({"filter": {"tag": ["7"]}}, (422, "unknown_tag")),
        ({"filter": {"tag": ["x"]}}, (422, "validation_failed")),
        ({"filter": {"q": "a\0b"}}, (422, "validation_failed")),
        ({"filter": {"colour": "red"}}, (422, "validation_failed")),
        ({"range": [1, 2], "indices": [3]}, (422, "validation_failed")),
        ({}, (422, "validation_failed")),
    ],
)
def test_rows_that_cannot_be(
    steady: tuple[Tagging, int], rows: dict[str, Any], refusal: tuple[int, str]
) -> None:
    tagging, dataset = steady
    assert problem(tagging.mass(dataset, rows, set={"100": True})) == refusal
    assert tagging.dataset(dataset)["revision"] == 0


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"set": {"7": True}}, (422, "unknown_tag")),
        ({"toggle": ["7"]}, (422, "unknown_tag")),
        ({"set": {"100": True, "7": False}}, (422, "unknown_tag")),
        ({"set": {"99999999999": True}}, (422, "validation_failed")),
        ({"set": {"-1": True}}, (422, "validation_failed")),
        ({"set": {"100": None}}, (422, "validation_failed")),
        ({"set": {"100": "perhaps"}}, (422, "validation_failed")),
        ({"set": ["100"]}, (422, "validation_failed")),
        ({"set": {"100": True}, "toggle": ["100"]}, (422, "validation_failed")),
        ({"sett": {"100": True}}, (422, "validation_failed")),
        ({}, (422, "validation_failed")),
    ],
)
def test_changes_that_cannot_be(
    steady: tuple[Tagging, int], change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    tagging, dataset = steady
    assert problem(tagging.label(dataset, 1, **change)) == refusal
    assert problem(tagging.mass(dataset, {"range": [0, 9]}, **change)) == refusal
    assert tagging.dataset(dataset)["revision"] == 0


def test_rows_and_datasets_that_are_not_there(either: Tagging) -> None:
    dataset = either.made(either.upload(table(10)))
    change: dict[str, Any] = {"set": {"100": True}}
    assert problem(either.label(dataset, 10, **change)) == (404, "row_not_found")
    assert problem(either.label(dataset, 2**63 - 1, **change)) == (404, "row_not_found")
    assert problem(either.label(dataset + 1, 0, **change)) == (404, "dataset_not_found")
    assert problem(either.label(2**63 - 1, 0, **change)) == (404, "dataset_not_found")
    assert problem(either.mass(dataset + 1, {"range": [0, 0]}, **change)) == (404, "dataset_not_found")
    for bad in ("-1", "x", str(2**63), "1.0", "%00"):
        url = f"/v1/datasets/{dataset}/rows/{bad}/tags"
        assert either.patch(url, json=change).status_code in {404, 422}
    assert problem(either.undo(dataset + 1)) == (404, "dataset_not_found")
    assert problem(either.save(dataset + 1)) == (404, "dataset_not_found")
    assert either.true(dataset) == set()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"set": {"100": true}}x', b"\xff", b"null", b"[]"]
)
def test_bodies_that_are_no_change(steady: tuple[Tagging, int], body: bytes) -> None:
    tagging, dataset = steady
    for method, url in (("PATCH", "rows/0/tags"), ("POST", "tag")):
        answer = tagging.request(method, f"/v1/datasets/{dataset}/{url}", content=body)
        assert problem(answer)[0] in {400, 422}


def test_a_body_over_the_limit(steady: tuple[Tagging, int]) -> None:
    tagging, dataset = steady
    body = b'{"set": {"100": true}' + b" " * (1 << 20) + b"}"
    for method, url in (("PATCH", "rows/0/tags"), ("POST", "tag")):
        answer = tagging.request(method, f"/v1/datasets/{dataset}/{url}", content=body)
        assert problem(answer) == (413, "body_too_large")


def test_a_dataset_without_rows(either: Tagging) -> None:
    dataset = either.made(either.upload("file_path,tag_code_1\n"))
    assert either.rows(dataset) == []
    assert either.mass(dataset, {"filter": {}}, set={"1": True}).json()["rows"] == 0
    assert problem(either.mass(dataset, {"range": [0, 0]}, set={"1": True})) == (404, "row_not_found")
    assert problem(either.label(dataset, 0, set={"1": True})) == (404, "row_not_found")
    assert problem(either.get(f"/v1/datasets/{dataset}/rows/0/image")) == (404, "row_not_found")
    assert either.get(f"/v1/datasets/{dataset}/frames").json() == {"items": [], "next_cursor": None}
    saved = either.save(dataset).json()
    assert Path(saved["csv_path"]).read_text() == "file_path,tag_code_1\n"
    assert either.get(f"/v1/datasets/{dataset}/export.csv?columns=tags").status_code == 200
