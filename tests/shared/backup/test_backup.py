"""What can go wrong with a backup, and what must hold then."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from services.imagestore.blob_keys import blob_key
from services.imagestore.tables import events
from services.processing.holdings import ItemBlobs
from shared.backup import schema
from shared.backup.__main__ import main
from shared.backup.creating import Wishes, create
from shared.backup.errors import BackupError, Damaged
from shared.backup.holdings import Blob
from shared.backup.progress import Progress
from shared.backup.restoring import GAP, restore, verify
from shared.database.migrations import DatabaseTooNew, RestoreUnfinished
from shared.database.types import microseconds, now
from shared.events import EventLog, is_gap
from tests.postgres import NewDatabase
from tests.scripts.stack_process import ROOT
from tests.shared.backup.small_system import At, SmallSystem
from tests.stack import bare_environment

NAMES = ["picture-0.jpg", "picture-1.jpg", "picture-2.jpg"]


def taken(system: SmallSystem, target: Path, progress: Progress | None = None, **wishes: bool) -> Path:
    """A backup of the system, there."""
    create(system.settings, target, Wishes(**wishes), progress or Progress())
    return target


def files(folder: Path) -> list[Path]:
    """Every file below, and what it is called."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["copy", "copy.tar"])
def test_a_copy_brings_back_rows_blobs_and_secrets(system: SmallSystem, tmp_path: Path, name: str) -> None:
    (system.data / "admin.key").write_text("dk_secret\n")
    system.add_key("somebody")
    source = taken(system, tmp_path / name)
    other = SmallSystem(tmp_path / "elsewhere")
    restore(other.settings, source, Progress())
    other.start_once()
    assert other.contents() == {f"picture-{n}.jpg": f"bytes of {n}".encode() for n in range(3)}
    assert (other.data / "admin.key").read_text() == "dk_secret\n"
    assert (other.data / "admin.key").stat().st_mode & 0o777 == 0o600
    assert source.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".*"))


def test_a_copy_without_secrets_has_none(system: SmallSystem, tmp_path: Path) -> None:
    (system.data / "admin.key").write_text("dk_secret\n")
    source = taken(system, tmp_path / "copy", secrets=False)
    assert b"dk_secret" not in b"".join(path.read_bytes() for path in files(source))


def test_a_copy_can_be_checked_without_darkroom(system: SmallSystem, tmp_path: Path) -> None:
    source = taken(system, tmp_path / "copy")
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=source, check=True)
    listed = subprocess.run(
        ["tar", "-tf", source / "imagestore/blobs/000001.tar"], check=True, capture_output=True, text=True
    )
    assert len(listed.stdout.split()) == 3


def test_blobs_that_a_sweep_took_meanwhile_are_not_missed(system: SmallSystem, tmp_path: Path) -> None:
    """The rows were read, and before its bytes are copied an image goes, and another comes."""

    def meanwhile() -> None:
        system.sweep("picture-1.jpg")
        system.add_image("late.jpg", b"bytes of a late one")

    source = taken(system, tmp_path / "copy", At("imagestore: blobs", meanwhile))
    other = SmallSystem(tmp_path / "elsewhere")
    restore(other.settings, source, Progress())
    assert sorted(other.contents()) == ["late.jpg", "picture-0.jpg", "picture-2.jpg"]


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_blob_that_the_system_itself_has_lost_is_told(
    system: SmallSystem, tmp_path: Path, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = system.add_image("lost.jpg", b"bytes to be lost")
    path = system.data / "imagestore/blobs" / blob_key(digest)
    path.unlink() if harm == "gone" else path.write_bytes(b"bytes to be lose")
    with pytest.raises(BackupError, match=f"1 blobs that rows name .*{digest}"):
        taken(system, tmp_path / "copy")
    assert not list(tmp_path.glob("*copy*"))
    source = taken(system, tmp_path / "copy", keep_going=True)
    assert verify(source, Progress()).left_out == [f"imagestore/{blob_key(digest)}"]


def test_a_copy_that_is_cut_off_leaves_nothing(system: SmallSystem, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        taken(system, tmp_path / "copy.tar", At("imagestore: blobs", KeyboardInterrupt))
    assert not list(tmp_path.glob("*copy*"))


def test_what_a_killed_command_left_is_in_nobodys_way(system: SmallSystem, tmp_path: Path) -> None:
    left = tmp_path / ".copy.partial"
    (left / "imagestore/blobs").mkdir(parents=True)
    (left / "imagestore/blobs/000007.tar").write_bytes(b"half")
    source = taken(system, tmp_path / "copy")
    verify(source, Progress())
    assert not (source / "imagestore/blobs/000007.tar").exists()


def test_an_earlier_copy_is_not_written_over(system: SmallSystem, tmp_path: Path) -> None:
    taken(system, tmp_path / "copy")
    with pytest.raises(BackupError, match="is there already"):
        taken(system, tmp_path / "copy")


def flip(path: Path) -> None:
    """One bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_damaged_copy_is_refused_before_anything_is_done(system: SmallSystem, tmp_path: Path) -> None:
    source = taken(system, tmp_path / "copy")
    for path in files(source):
        good = path.read_bytes()
        flip(path)
        other = SmallSystem(tmp_path / "elsewhere")
        with pytest.raises((Damaged, BackupError)):
            restore(other.settings, source, Progress())
        assert not other.data.exists(), path
        path.write_bytes(good)
    for path in (source / "manifest.json", source / "SHA256SUMS"):
        good = path.read_bytes()
        path.unlink()
        with pytest.raises(BackupError):
            verify(source, Progress())
        path.write_bytes(good)
    verify(source, Progress())


def test_a_tar_that_was_cut_short_is_refused(system: SmallSystem, tmp_path: Path) -> None:
    source = taken(system, tmp_path / "copy.tar")
    whole = source.read_bytes()
    for size in (0, 100, len(whole) // 2, whole.rindex(b"manifest.json\n")):
        source.write_bytes(whole[:size])
        with pytest.raises(BackupError):
            verify(source, Progress())


@pytest.mark.parametrize("step", ["imagestore: blobs", "imagestore: rows"])
def test_a_restore_that_was_cut_off_is_found_out_and_run_again(
    system: SmallSystem, tmp_path: Path, step: str
) -> None:
    source = taken(system, tmp_path / "copy")
    other = SmallSystem(tmp_path / "elsewhere")
    with pytest.raises(KeyboardInterrupt):
        restore(other.settings, source, At(step, KeyboardInterrupt))
    with pytest.raises(RestoreUnfinished):
        other.start_once()
    with pytest.raises(BackupError, match="has not come to its end"):
        taken(other, tmp_path / "copy of half")
    restore(other.settings, source, Progress())
    other.start_once()
    assert sorted(other.contents()) == NAMES


def test_no_service_starts_on_half_a_restore(system: SmallSystem, tmp_path: Path) -> None:
    source = taken(system, tmp_path / "copy")
    other = SmallSystem(tmp_path / "elsewhere")
    with pytest.raises(KeyboardInterrupt):
        restore(other.settings, source, At("imagestore: rows", KeyboardInterrupt))
    started = start("gateway", other.data)
    assert started.returncode == 1
    assert started.stderr.count("\n") == 1
    assert "run it again" in started.stderr


def start(name: str, data: Path) -> subprocess.CompletedProcess[str]:
    """The end of a deployable that is not to start."""
    return subprocess.run(
        [sys.executable, "-m", "shared.web.serve", name],
        env=bare_environment(DARKROOM_DATA_DIR=str(data)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_system_that_is_not_empty_is_left_alone(system: SmallSystem, tmp_path: Path) -> None:
    source = taken(system, tmp_path / "copy")
    before = {path: path.read_bytes() for path in files(system.data)}
    with pytest.raises(BackupError, match="the database of gateway is not empty"):
        restore(system.settings, source, Progress())
    assert {path: path.read_bytes() for path in files(system.data)}.keys() >= before.keys()

    blobs_only = SmallSystem(tmp_path / "blobs only")
    (blobs_only.data / "imagestore/blobs/blobs/ab").mkdir(parents=True)
    (blobs_only.data / "imagestore/blobs/blobs/ab/abc").write_bytes(b"somebody's")
    with pytest.raises(BackupError, match="the blob store of imagestore is not empty"):
        restore(blobs_only.settings, source, Progress())


def test_a_running_stack_is_not_restored_into(system: SmallSystem, tmp_path: Path) -> None:
    source = taken(system, tmp_path / "copy")
    other = SmallSystem(tmp_path / "elsewhere")
    other.data.mkdir()
    with (other.data / "run.lock").open("a") as lock:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BackupError, match="a Darkroom runs on"):
            restore(other.settings, source, Progress())


def test_a_copy_by_a_newer_darkroom_is_refused(system: SmallSystem, tmp_path: Path) -> None:
    with system.part("imagestore").engine() as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew):
        system.start_once()
    source = taken(system, tmp_path / "copy")
    with pytest.raises(BackupError, match="at revision 9999"):
        restore(SmallSystem(tmp_path / "elsewhere").settings, source, Progress())


def test_a_copy_of_an_older_darkroom_is_restored_and_brought_up_to_date(tmp_path: Path) -> None:
    old = SmallSystem(tmp_path / "data")
    for name in ("gateway", "imagestore"):
        part = old.part(name)
        with part.engine() as engine, engine.begin() as connection:
            schema.make(connection, part, "0001")
    key = old.add_key("of old")
    with old.part("gateway").engine() as engine:
        assert "sign_in_codes" not in inspect(engine).get_table_names()
    source = taken(old, tmp_path / "copy")
    other = SmallSystem(tmp_path / "elsewhere")
    restore(other.settings, source, Progress())
    other.start_once()
    with other.part("gateway").engine() as engine, engine.connect() as connection:
        assert "sign_in_codes" in inspect(connection).get_table_names()
        assert connection.execute(text("SELECT id, name FROM keys")).all() == [(key, "of old")]


def test_bytes_of_jobs_whose_time_is_over_may_be_gone() -> None:
    """Their sweeper takes the bytes before the rows."""
    digest = "0" * 64
    for expires, needed in ((None, True), (now() + timedelta(hours=1), True), (now(), False)):
        blobs_of = ItemBlobs()
        job = {"id": 7, "expires_at": expires and microseconds(expires)}
        item = {
            "job_id": 7,
            "original_key": "k",
            "original_size": 3,
            "original_digest": digest,
            "result_key": None,
        }
        assert list(blobs_of("jobs", job)) == []
        assert list(blobs_of("items", item)) == [Blob("k", 3, digest, needed)]


@pytest.mark.parametrize("there", ["sqlite", "postgresql"])
def test_ids_and_sequences_go_on(
    system: SmallSystem, tmp_path: Path, there: str, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Also behind what is gone; and who has seen events of the time after the copy learns it."""
    last = system.add_key("the last one")
    with system.part("gateway").engine() as engine, engine.begin() as connection:
        connection.execute(text("DELETE FROM keys"))
    source = taken(system, tmp_path / "copy")
    if there == "postgresql":
        made: NewDatabase = request.getfixturevalue("new_database")
        for name in ("GATEWAY", "IMAGESTORE"):
            monkeypatch.setenv(f"DARKROOM_{name}_DATABASE_URL", made())
    other = SmallSystem(tmp_path / "elsewhere")
    restore(other.settings, source, Progress())
    assert other.add_key("the next one") == last + 1
    other.add_image("after.jpg", b"after")
    log = EventLog("imagestore", events)
    with other.part("imagestore").engine() as engine, engine.connect() as connection:
        position = log.position(connection)
        told = [event.sequence for event in log.after(connection, 0)]
        assert told == [1, 2, 3, 3 + GAP, 4 + GAP]
        assert not is_gap(position, 2)
        assert not log.is_undone(connection, 2)
        assert not log.is_undone(connection, 3)
        assert log.is_undone(connection, 4)
        assert not log.is_undone(connection, 3 + GAP)


def test_the_command_says_what_is_wrong_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_DATA_DIR", str(tmp_path / "nothing"))
    arguments: list[list[str]] = [
        ["create", str(tmp_path / "copy")],
        ["verify", str(tmp_path / "missing")],
        ["restore", str(tmp_path)],
    ]
    for wrong in arguments:
        assert main(wrong) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
    monkeypatch.setenv("DARKROOM_GATEWAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["create", str(tmp_path / "copy")]) == 1
    assert "database" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()
