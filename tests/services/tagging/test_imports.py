"""Imports over HTTP: uploads and paths, what is refused, and that a refusal leaves nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select

from services.tagging import tables
from shared.database.types import now
from tests.gateway.serving import wait_until
from tests.postgres import NewDatabase
from tests.services.imagestore.store import problem
from tests.services.tagging.service import MakeTagging, Tagging, start_tagging, table

FORM_B = "file_path, clip_id ,modality,tag_codes,label\na.png,x,left,7,True\nb.png,x,right,,False\n"
META = 'code,alias\n7,a car\n100,"walks, runs"\n'


def what_is_left(service: Tagging, url: str = "") -> dict[str, int]:
    """Rows of all tables that belong to datasets, and files on the shelf."""
    engine = create_engine(url or f"sqlite:///{service.folder}/tagging/tagging.db")
    with engine.connect() as connection:
        counted = {
            each.name: connection.execute(select(func.count()).select_from(each)).scalar_one()
            for each in (tables.datasets, tables.contents, tables.blocks, tables.facts, tables.clips)
        }
    engine.dispose()
    files = service.shelved() + [path.name for path in staged(service)]
    return {name: count for name, count in counted.items() if count} | dict.fromkeys(files, 1)


def staged(service: Tagging) -> list[Path]:
    """Files of uploads that should be gone."""
    return list((service.folder / "tagging/blobs/.staging").iterdir())


def test_form_a_by_upload(either: Tagging) -> None:
    answer = either.upload(table(5, true=[(1, 101)]), META, name="trip one.csv", multiple_selection="false",
                           every_changes="3", every_seconds="2.5")  # fmt: skip
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["location"] == f"https://photos.example/api/tagging/v1/datasets/{told['id']}"
    assert told["tags"] == [
        {"code": 100, "alias": "walks, runs", "key": "1"},
        {"code": 101, "alias": "101_fallback", "key": "2"},
        {"code": 102, "alias": "102_fallback", "key": "3"},
    ]
    assert (told["name"], told["state"], told["rows"], told["clips"]) == ("trip one.csv", "ready", 5, 2)
    assert (told["counts"], told["progress"]) == ({"100": 0, "101": 1, "102": 0}, {"tagged": 1, "total": 5})
    assert (told["multiple_selection"], told["autosave"]) == (
        False,
        {"every_changes": 3, "every_seconds": 2.5},
    )
    assert (told["revision"], told["saved_revision"], told["created_by"]) == (0, 0, "ada")
    assert either.get("/v1/datasets").json()["items"] == [told]
    assert staged(either) == []


def test_form_b_by_path(either: Tagging) -> None:
    either.put_file("in/b.csv", FORM_B)
    either.put_file("meta.csv", META)
    answer = either.open("in\\b.csv", meta_path="meta.csv", name="B", save_to="out")
    told = answer.json()
    assert (told["name"], told["cameras"], told["tags"][0]["alias"]) == ("B", ["left", "right"], "a car")
    assert told["csv_path"] == str(either.roots / "out/b__labelled__.csv")
    frame = either.get(f"/v1/datasets/{told['id']}/frames").json()["items"][0]
    assert [row["camera"] for row in frame["rows"]] == ["left", "right"]
    assert either.true(told["id"]) == {(0, 7)}


BAD: dict[str, tuple[str | bytes, str, list[int]]] = {
    "ragged": (
        table(30).replace("images/7.png", "a,b").replace("images/9.png", "a,b"),
        "ragged_rows",
        [8, 10],
    ),
    "cells": (table(9).replace("3.png,clip-0,False", "3.png,clip-0,maybe"), "bad_tag_cells", [4]),
    "many": (table(60).replace("False", "no"), "bad_tag_cells", list(range(1, 21))),
    "doubled": ("file_path,tag_code_1,tag_code_1\na,True,True\n", "doubled_column", []),
    "no path": ("clip_id,tag_code_1\na,True\n", "missing_column", []),
    "empty": ("", "no_header", []),
    "nul": ("file_path,tag_code_1\na\0,True\n", "nul", [1]),
    "latin": (b"file_path,tag_code_1\n\xe9.png,True\n", "bad_encoding", [1]),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("way", ["upload", "path"])
def test_bad_files_are_told_by_rows_and_leave_nothing(tagging: Tagging, name: str, way: str) -> None:
    data, reason, rows = BAD[name]
    tagging.put_file("bad.csv", data)
    answer = tagging.upload(data) if way == "upload" else tagging.open("bad.csv", save_to="same_file")
    assert problem(answer) == (422, "invalid_csv")
    told = answer.json()
    if reason not in {"doubled_column", "missing_column"}:
        assert told["reason"] == reason
    assert told["rows"] == rows
    assert told["row_count"] >= len(rows)
    assert what_is_left(tagging) == {}
    assert tagging.get("/v1/datasets").json()["items"] == []
    (job,) = tagging.get("/v1/jobs").json()["items"]
    assert job["state"] == "failed"


def test_forms_that_are_refused_leave_nothing(make_tagging: MakeTagging) -> None:
    service = make_tagging(csv_bytes=6000, meta_bytes=100)

    def refused(files: Any, data: Any = None) -> tuple[int, str]:
        return problem(service.post("/v1/datasets", files=files, data=data or {}))

    good = ("data", ("a.csv", table(2)))
    assert refused([("meta", ("m.csv", META))]) == (422, "no_data")
    assert refused([good, good]) == (422, "doubled_field")
    assert refused([good, ("file", ("b.csv", "x"))]) == (422, "unknown_field")
    assert refused([("data", ("a.csv", table(300)))]) == (413, "body_too_large")
    assert refused([good, ("meta", ("m.csv", "x" * 101))]) == (413, "body_too_large")
    assert refused([good, ("meta", ("m.csv", "nothing,here\n"))]) == (422, "invalid_csv")
    for field, value in {
        "multiple_selection": "maybe", "every_changes": "often", "every_seconds": "0", "encoding": "x" * 50,
        "name": "n" * 201, "save_to": "s" * 5000, "tags": "[]",
    }.items():  # fmt: skip
        assert refused([good], {field: value})[0] == 422, field
    assert refused([good], {"encoding": "klingon"}) == (422, "invalid_csv")
    assert refused([good], {"save_to": "same_file"}) == (422, "invalid_save_to")
    assert refused([good], {"save_to": "../out"}) == (403, "path_not_allowed")
    assert refused([good], {"name": "x" * 9000})[0] == 413
    broken = service.post(
        "/v1/datasets",
        content=b"--x\r\nnonsense",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert problem(broken) == (400, "invalid_multipart")
    assert what_is_left(service) == {}


def test_names_of_uploads_become_plain(tagging: Tagging) -> None:
    for name in ("../../etc/passwd", "a\x00b\n.csv", "..", "x" * 400, "", "\\\\host\\share\\data.csv"):
        answer = tagging.upload(table(2), name=name)
        if answer.status_code == 422:  # no file name at all: a field
            continue
        saved = tagging.save(tagging.made(answer)).json()
        assert Path(saved["csv_path"]).resolve().is_relative_to(tagging.folder.resolve() / "tagging/saved"), (
            name
        )


def test_paths_outside_the_roots_are_alike(tagging: Tagging) -> None:
    (tagging.folder / "secret.csv").write_text(table(2))
    (tagging.roots / "way-out").symlink_to(tagging.folder)
    (tagging.roots / "loop").symlink_to("loop")
    tagging.put_file("ok.csv", table(2))
    answers = []
    for path in (
        "../secret.csv", "../missing.csv", "..\\secret.csv", str(tagging.folder / "secret.csv"),
        "/etc/passwd", "/etc/missing", "way-out/secret.csv", "way-out/missing.csv", "a/../../secret.csv",
        "x\0y",
    ):  # fmt: skip
        for body in ({"data_path": path}, {"data_path": "ok.csv", "meta_path": path}):
            answer = tagging.post("/v1/datasets", json=body)
            assert problem(answer) == (403, "path_not_allowed"), path
            answers.append({**answer.json(), "request_id": ""})
    assert all(answer == answers[0] for answer in answers)
    for path in (
        "missing.csv",
        "way/off.csv",
        "loop",
        ".",
        "n" * 300,
        "/".join("d" * 200 for _ in range(15)),
    ):
        assert problem(tagging.open(path)) == (404, "file_not_found"), path
    assert problem(tagging.open("ok.csv", save_to="/etc")) == (403, "path_not_allowed")
    assert what_is_left(tagging) == {}


def test_without_roots_no_path_is_allowed(make_tagging: MakeTagging) -> None:
    service = make_tagging(roots="")
    assert problem(service.open("/etc/passwd")) == (403, "path_not_allowed")
    assert problem(service.open("a.csv")) == (403, "path_not_allowed")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"data_path": ""}, {"data_path": 3}, {"data_path": "a", "images": {}}, {"images": {}},
        {"images": {}, "tags": [{"code": 1}]}, {"data_path": "a", "tags": [{"code": 1}]},
        {"data_path": "a", "autosave": {"every_changes": 0}}, {"data_path": "a", "surprise": 1},
        {"images": {}, "name": "x", "tags": [{"code": -1}]},
        {"images": {}, "name": "", "tags": [{"code": 1}]},
    ],
)  # fmt: skip
def test_wishes_that_cannot_be(steady: tuple[Tagging, int], body: dict[str, Any]) -> None:
    assert problem(steady[0].post("/v1/datasets", json=body)) == (422, "validation_failed")


def test_a_key_gives_one_dataset_also_at_once(either: Tagging) -> None:
    def post(data: str, key: str = "k1") -> Any:
        files = {"data": ("a.csv", data)}
        return either.post("/v1/datasets", files=files, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(table(4)), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert problem(post(table(5))) == (422, "idempotency_key_reused")
    assert problem(post("bad", "k2")) == (422, "invalid_csv")
    assert problem(post("bad", "k2")) == (422, "invalid_csv")
    assert len(either.shelved()) == 2
    assert len(either.get("/v1/datasets").json()["items"]) == 1


def test_two_replicas_get_one_key_at_once(make_tagging: MakeTagging, new_database: NewDatabase) -> None:
    url = new_database()
    replicas = [make_tagging(database_url=url), make_tagging(database_url=url)]

    def post(number: int) -> Any:
        files = {"data": ("a.csv", table(4))}
        return replicas[number % 2].post(
            "/v1/datasets", files=files, headers={"Idempotency-Key": str(number // 4)}
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(24)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 6
    assert len(replicas[0].get("/v1/datasets").json()["items"]) == 6


def test_a_large_file_is_a_job(make_tagging: MakeTagging) -> None:
    service = make_tagging(import_at_once_bytes=1000)
    answer = service.upload(table(40_000, true=[(39_999, 102)]))
    assert answer.status_code == 202
    told = answer.json()
    url = answer.headers["location"].removeprefix("https://photos.example/api/tagging")
    assert url == f"/v1/jobs/{told['job']}"
    dataset = service.made(answer)
    wait_until(lambda: service.get(url).json()["state"] == "finished")
    job = service.get(url).json()
    assert job["progress"] == {"total": 40_000, "done": 40_000, "failed": 0}
    assert service.dataset(dataset)["counts"]["102"] == 1
    kinds = [event["type"] for event in service.events()]
    assert kinds[0] == "tagging.job.queued"
    assert {"tagging.job.started", "tagging.dataset.imported", "tagging.job.finished"} <= set(kinds)


def test_imports_that_are_cancelled_or_deleted_leave_nothing(make_tagging: MakeTagging) -> None:
    """Four at once, of which two run and two wait."""
    service = make_tagging(import_at_once_bytes=10)
    text = table(60_000)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: service.upload(text), range(4)))
    told = [answer.json() for answer in answers]
    early = [each for each in told if service.dataset(each["id"]).get("state") == "importing"]
    assert early
    for number, each in enumerate(told):
        if number % 2:
            assert service.delete(f"/v1/datasets/{each['id']}").status_code == 204
        else:
            assert service.delete(f"/v1/jobs/{each['job']}").status_code == 200
    wait_until(lambda: all(j["state"] in {"cancelled", "finished"} for j in jobs(service)))
    for each in service.get("/v1/datasets").json()["items"]:  # those that were ready before we could cancel
        assert each["state"] == "ready"
        service.delete(f"/v1/datasets/{each['id']}")
    wait_until(lambda: what_is_left(service) == {})


def test_a_waiting_import_that_is_cancelled_takes_its_dataset_along(make_tagging: MakeTagging) -> None:
    service = make_tagging(import_at_once_bytes=10)
    text = table(60_000)
    told = [service.upload(text).json() for _ in range(4)]
    waiting = [each for each in jobs(service) if each["state"] == "waiting"]
    for each in waiting:
        assert service.delete(f"/v1/jobs/{each['id']}").json()["state"] == "cancelled"
        dataset = next(one["id"] for one in told if one["job"] == each["id"])
        assert problem(service.get(f"/v1/datasets/{dataset}")) == (404, "dataset_not_found")
    assert problem(service.delete("/v1/jobs/999")) == (404, "job_not_found")


def jobs(service: Tagging) -> list[dict[str, Any]]:
    """All imports."""
    found: list[dict[str, Any]] = service.get("/v1/jobs").json()["items"]
    return found


def test_an_import_goes_on_after_a_stop(make_tagging: MakeTagging, tmp_path: Path) -> None:
    """Killed between any two pieces: the next start takes it up, and a ready dataset is left alone."""
    with start_tagging(tmp_path, import_at_once_bytes=10) as first:
        told = first.upload(table(5)).json()
        wait_until(lambda: jobs(first)[0]["state"] == "finished")
        first.label(told["id"], 1, set={"100": True})
    engine = create_engine(f"sqlite:///{tmp_path}/tagging/tagging.db")
    with engine.begin() as connection:  # as if it had been killed before the job was told to be over
        again = {"state": "running", "lease_owner": "the dead", "lease_until": now(), "ended_at": None}
        connection.execute(tables.jobs.update().values(**again))
    engine.dispose()
    second = make_tagging(import_at_once_bytes=10)
    wait_until(lambda: jobs(second)[0]["state"] == "finished")
    assert second.true(told["id"]) == {(1, 100)}


def test_others_are_served_while_a_file_is_read(make_tagging: MakeTagging) -> None:
    service = make_tagging(import_at_once_bytes=10)
    small = service.made(service.upload(table(10)))
    big = service.upload(table(100_000)).json()
    over = threading.Event()
    labelled = 0
    while not over.is_set():
        assert service.label(small, labelled % 10, toggle=["100"]).status_code == 200
        labelled += 1
        if service.dataset(big["id"])["state"] == "ready":
            over.set()
    assert labelled > 1
