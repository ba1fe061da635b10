"""Saves: byte for byte, in one piece, grouped, and never over what someone else has written."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.tagging import target
from tests.services.imagestore.store import problem
from tests.services.tagging.service import CODES, Tagging, start_tagging, table, text_of


def leftovers(folder: Path) -> list[str]:
    """Temporary files that should be gone."""
    return [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]


def test_only_tag_cells_differ(either: Tagging) -> None:
    dataset, path = either.same_file(12)
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    either.label(dataset, 3, set={"100": True, "102": True})
    either.label(dataset, 11, set={"101": True})
    saved = either.save(dataset)
    assert saved.status_code == 200
    assert text_of(path) == table(12, true=[(3, 100), (3, 102), (11, 101)])
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert saved.json()["revision"] == 2
    assert saved.json()["size"] == after.st_size
    told = either.dataset(dataset)
    assert (told["saved_revision"], told["conflict"], told["csv_path"]) == (2, False, str(path))
    assert leftovers(path.parent) == []
    again = either.save(dataset)
    assert again.json() == saved.json()
    assert path.stat().st_ino == after.st_ino  # nothing had to be written


def test_an_upload_and_a_folder_of_ones_own(either: Tagging) -> None:
    dataset = either.made(either.upload(table(3), name="C:\\data\\trip.csv"))
    either.label(dataset, 0, set={"100": True})
    path = Path(either.save(dataset).json()["csv_path"])
    assert path.name == "trip__labelled__.csv"
    assert path.is_relative_to(either.folder / "tagging")
    assert text_of(path) == table(3, true=[(0, 100)])
    named = either.made(either.upload(table(3), save_to="new/folder"))
    assert not (either.roots / "new").exists()
    assert either.save(named).json()["csv_path"] == str(either.roots / "new/folder/trip__labelled__.csv")
    assert text_of(either.roots / "new/folder/trip__labelled__.csv") == table(3)
    assert (either.roots / "new/folder/trip__labelled__.csv").stat().st_mode & 0o777 == 0o644


def test_two_datasets_never_share_a_place_unnoticed(tagging: Tagging) -> None:
    first = tagging.made(tagging.upload(table(3), save_to="out"))
    second = tagging.made(tagging.upload(table(3), save_to="out"))
    tagging.label(first, 0, set={"100": True})
    tagging.label(second, 1, set={"100": True})
    assert tagging.save(first).status_code == 200
    assert problem(tagging.save(second)) == (409, "csv_changed")
    assert text_of(tagging.roots / "out/trip__labelled__.csv") == table(3, true=[(0, 100)])


def test_a_link_stays_a_link(tagging: Tagging) -> None:
    real = tagging.put_file("real/data.csv", table(4))
    link = tagging.roots / "link.csv"
    link.symlink_to(real)
    dataset = tagging.made(tagging.open("link.csv", save_to="same_file"))
    tagging.label(dataset, 0, set={"100": True})
    assert tagging.save(dataset).json()["csv_path"] == str(real)
    assert link.is_symlink()
    assert text_of(real) == table(4, true=[(0, 100)])


def test_a_file_that_vanished_comes_back(tagging: Tagging) -> None:
    dataset, path = tagging.same_file(4)
    tagging.label(dataset, 0, set={"100": True})
    path.unlink()
    assert tagging.save(dataset).status_code == 200
    path.unlink()  # also where nothing has changed since the last save
    assert tagging.save(dataset, on_conflict="merge").status_code == 200
    assert text_of(path) == table(4, true=[(0, 100)])


def test_many_at_once_share_saves_and_none_is_told_too_early(tagging: Tagging) -> None:
    dataset, path = tagging.same_file(2000)
    before = len(saves(tagging))

    def label_and_save(row: int) -> None:
        revision = tagging.label(dataset, row, set={"100": True}).json()["revision"]
        told = tagging.save(dataset)
        line = text_of(path).split("\r\n")[row + 1]
        assert told.json()["revision"] >= revision
        assert line.split(",")[2] == "True"

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(label_and_save, range(160)))
    assert text_of(path) == table(2000, true=[(row, 100) for row in range(160)])
    told = [event["data"]["saved_revision"] for event in saves(tagging)[before:]]
    assert told == sorted(set(told))
    assert told[-1] == 160
    assert len(told) < 120  # most of them shared one


def saves(service: Tagging) -> list[dict]:  # type: ignore[type-arg]
    """Events of saves."""
    return [event for event in service.events() if event["type"] == "tagging.dataset.saved"]


@pytest.mark.parametrize(
    "name", ["日" * 83 + ".csv", "a" * 251 + ".csv", "[x]*?.csv", "a b'\".csv", ".csv", "x"]
)
def test_names_that_are_hard_on_file_systems(tagging: Tagging, name: str) -> None:
    path = tagging.put_file(name, table(2))
    for save_to in ("same_file", "out"):
        dataset = tagging.made(tagging.open(name, save_to=save_to))
        tagging.label(dataset, 0, set={"100": True})
        saved = tagging.save(dataset)
        assert saved.status_code == 200, saved.text
        assert text_of(saved.json()["csv_path"]) == table(2, true=[(0, 100)])
    assert text_of(path) == table(2, true=[(0, 100)])
    uploaded = tagging.made(tagging.upload(table(2), name=name * 2))
    assert tagging.save(uploaded).status_code == 200


def test_leftovers_of_killed_saves_go_and_those_of_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "[a]*.csv"
    ours = target.write_beside(path, [b"half"]).path
    others = target.write_beside(tmp_path / "[a]b.csv", [b"half"]).path
    target.sweep_leftovers(path)
    assert not ours.exists()
    assert others.exists()


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder below the roots that cannot be written to, whoever asks."""
    folder = tmp_path / "roots/locked"
    folder.mkdir(parents=True)
    (folder / "trip.csv").write_text(table(4), newline="")
    mounted = False
    if os.geteuid() == 0:
        bind = ["mount", "--bind", str(folder), str(folder)]
        if subprocess.run(bind, capture_output=True).returncode:
            pytest.skip("root can write everywhere here, and nothing can be mounted")
        mounted = True
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True, capture_output=True)
    else:
        folder.chmod(0o555)
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    else:
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_written(read_only: Path, tagging: Tagging) -> None:
    dataset = tagging.made(tagging.open("locked/trip.csv", save_to="same_file"))
    tagging.label(dataset, 1, set={"100": True})
    assert problem(tagging.save(dataset)) == (409, "csv_not_writable")
    assert text_of(read_only / "trip.csv") == table(4)
    assert tagging.true(dataset) == {(1, 100)}
    assert tagging.dataset(dataset)["saved_revision"] == 0
    nowhere = tagging.save(dataset, on_conflict="elsewhere", save_to="locked/deeper")
    assert problem(nowhere) == (409, "csv_not_writable")
    assert tagging.dataset(dataset)["csv_path"] == str(read_only / "trip.csv")
    moved = tagging.save(dataset, on_conflict="elsewhere", save_to="out")
    assert text_of(moved.json()["csv_path"]) == table(4, true=[(1, 100)])


def test_places_that_are_something_else(tagging: Tagging) -> None:
    tagging.put_file("file", "x")
    dataset = tagging.made(tagging.upload(table(2), save_to="file/below"))
    assert problem(tagging.save(dataset)) == (409, "csv_not_writable")
    taken = tagging.made(tagging.upload(table(2), save_to="out"))
    (tagging.roots / "out/trip__labelled__.csv").mkdir(parents=True)
    assert problem(tagging.save(taken)) == (409, "csv_not_writable")
    assert problem(tagging.save(taken, on_conflict="replace")) == (409, "csv_not_writable")
    assert problem(tagging.save(taken, on_conflict="merge")) == (409, "csv_not_writable")
    assert leftovers(tagging.roots / "out") == []


def test_what_is_not_saved_is_saved_at_the_end(tmp_path: Path) -> None:
    with start_tagging(tmp_path) as service:
        dataset, path = service.same_file(6)
        service.mass(dataset, {"range": [0, 3]}, set={"101": True})
        assert text_of(path) == table(6)
    assert text_of(path) == table(6, true=[(row, 101) for row in range(4)])


def test_an_export_is_what_a_save_would_write(tagging: Tagging) -> None:
    rows = 'file_path,tag_code_100,note\n=cmd.png,False,"=1+1"\nb.png,True,-2\n'
    dataset = tagging.made(tagging.upload(rows))
    tagging.label(dataset, 0, set={"100": True})
    url = f"/v1/datasets/{dataset}/export.csv"
    assert tagging.get(url).text == rows.replace("False", "True")
    assert tagging.get(url, params={"columns": "tags"}).text.split() == ["tag_code_100", "True", "True"]
    safe = tagging.get(url, params={"spreadsheet": "true"})
    assert safe.text == "file_path,tag_code_100,note\n'=cmd.png,True,\"'=1+1\"\nb.png,True,'-2\n"
    assert safe.headers["content-disposition"].startswith("attachment; ")
    assert problem(tagging.get(url, params={"columns": "x"})) == (422, "validation_failed")
    assert CODES[0] == 100


def test_the_tags_alone_are_as_new_as_who_asks_for_them(either: Tagging) -> None:
    dataset, path = either.same_file(2100)
    url = f"/v1/datasets/{dataset}/export.csv?columns=tags"

    def cells() -> list[str]:
        either.save(dataset)
        return [",".join(line.split(",")[2:5]) for line in text_of(path).splitlines()]

    assert either.get(url).text.splitlines() == cells()
    either.label(dataset, 1500, set={"101": True})
    assert either.get(url).text.splitlines() == cells()
    either.mass(dataset, {"range": [900, 2099]}, toggle=["101"])
    told = either.get(url).text.splitlines()
    assert told == cells()
    assert sum("True" in line for line in told) == 1199
    either.undo(dataset)
    assert either.get(url).text.splitlines() == cells()
