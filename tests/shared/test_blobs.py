"""One suite that every blob store has to pass, and what the local one promises beyond it."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.ports import free_port
from shared.blobs import CHUNK, STAGING, BlobMissing, BlobStore, LocalBlobs, open_blobs
from shared.errors import Unavailable
from tests.shared.s3 import S3


@pytest.fixture(params=["local", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """A store of each kind, empty."""
    if request.param == "local":
        return open_blobs((tmp_path / "a b#c%41").as_uri(), tmp_path / "staging")
    if request.param == "memory":
        return open_blobs("memory://", tmp_path / "staging")
    server: S3 = request.getfixturevalue("s3")
    return open_blobs(server.new_prefix(), tmp_path / "staging")


def test_what_is_put_is_there_whole(blobs: BlobStore, tmp_path: Path) -> None:
    contents = {"a": b"", "folder/b": b"some bytes", "folder/deep/c": os.urandom(CHUNK * 2 + 17)}
    for key, content in contents.items():
        blobs.put(key, content)
    file = tmp_path / "file"
    file.write_bytes(b"from a file")
    blobs.put("folder/d", file)
    contents["folder/d"] = b"from a file"
    assert file.read_bytes() == b"from a file"
    file.unlink()
    for key, content in contents.items():
        assert blobs.read(key) == content
        assert b"".join(blobs.chunks(key)) == content
        info = blobs.stat(key)
        assert info is not None
        assert (info.key, info.size) == (key, len(content))
        assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=1)
    assert {info.key: info.size for info in blobs.scan("folder")} == {
        key: len(content) for key, content in contents.items() if key.startswith("folder/")
    }
    assert list(blobs.scan("nothing")) == []
    blobs.check()


def test_parts(blobs: BlobStore) -> None:
    content = os.urandom(CHUNK + 1000)
    blobs.put("a", content)
    size = len(content)
    for start, end in ((0, 1), (0, size), (5, 50), (size - 1, size), (CHUNK - 5, CHUNK + 5), (7, 7)):
        assert blobs.read("a", start, end) == content[start:end]
        assert b"".join(blobs.chunks("a", start, end)) == content[start:end]
    assert blobs.read("a", 100) == content[100:]
    assert b"".join(blobs.chunks("a", CHUNK)) == content[CHUNK:]


def test_putting_again_replaces_and_deleting_twice_is_fine(blobs: BlobStore) -> None:
    blobs.put("a/b", b"first")
    blobs.put("a/b", b"the second")
    assert blobs.read("a/b") == b"the second"
    blobs.delete("a/b")
    blobs.delete("a/b")
    assert blobs.stat("a/b") is None
    assert list(blobs.scan("a")) == []
    blobs.put("a/b", b"third", durable=False)
    assert blobs.read("a/b") == b"third"


def test_what_is_missing(blobs: BlobStore) -> None:
    with pytest.raises(BlobMissing):
        blobs.read("no")
    with pytest.raises(BlobMissing):
        next(iter(blobs.chunks("no")))
    with pytest.raises(BlobMissing):
        next(iter(blobs.chunks("no", 2, 5)))
    assert blobs.stat("no") is None


def test_writers_of_one_key_leave_one_whole_content(blobs: BlobStore) -> None:
    contents = [bytes([number]) * 100_000 for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda content: blobs.put("a", content), contents))
    assert blobs.read("a") in contents


def test_local_leaves_nothing_half_done(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put("in-the-way/x", b"x")
    for source in (b"bytes", tmp_path / "file"):
        (tmp_path / "file").write_bytes(b"bytes")
        with pytest.raises(OSError, match="in-the-way"):
            blobs.put("in-the-way", source)
        with pytest.raises(OSError, match="in-the-way"):
            blobs.put("in-the-way/x/y", source)
    with pytest.raises(FileNotFoundError):
        blobs.put("a", tmp_path / "no such file")
    assert list((tmp_path / STAGING).iterdir()) == []
    assert blobs.read("in-the-way/x") == b"x"


def test_local_reading_goes_on_though_the_blob_is_deleted(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    content = os.urandom(CHUNK * 3)
    blobs.put("a", content)
    reading = blobs.chunks("a")
    first = next(reading)
    blobs.delete("a")
    assert first + b"".join(reading) == content


def test_local_takes_a_file_of_another_disk(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system at /dev/shm")
    source = memory / f"darkroom-test-{os.getpid()}"
    source.write_bytes(b"from over there")
    try:
        blobs = LocalBlobs(tmp_path)
        blobs.put("a", source)
        assert blobs.read("a") == b"from over there"
    finally:
        source.unlink()


def test_local_folders_are_made_once_by_many(tmp_path: Path) -> None:
    blobs, start = LocalBlobs(tmp_path), threading.Barrier(8)

    def put(number: int) -> None:
        start.wait()
        blobs.put(f"deep/er/{number % 2}/{number}", b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    assert sorted(blobs.read(info.key) for info in blobs.scan("deep")) == [b"%d" % n for n in range(8)]


def test_a_full_disk_leaves_nothing(tiny_disk: Path) -> None:
    blobs = LocalBlobs(tiny_disk)
    blobs.put("small", b"x" * 1000)
    with pytest.raises(OSError, match="No space left"):
        blobs.put("large", b"x" * 4_000_000)
    assert list((tiny_disk / STAGING).iterdir()) == []
    assert blobs.stat("large") is None
    assert blobs.read("small") == b"x" * 1000
    blobs.put("again", b"y" * 1000)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m tmpfs {folder} 2>/dev/null"):
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield folder
    os.system(f"umount {folder}")


def test_an_s3_store_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    away = f"s3://bucket/prefix?endpoint=http://127.0.0.1:{free_port()}&region=us-east-1"
    blobs = open_blobs(away, tmp_path / "staging")
    with pytest.raises(Unavailable) as refusal:
        blobs.read("a")
    assert refusal.value.code == "blobs_unavailable"


def test_an_s3_server_that_does_not_know_the_key(s3: S3, tmp_path: Path) -> None:
    with s3.wrong_secret():
        wrong = open_blobs(s3.new_prefix(), tmp_path / "staging")
    with pytest.raises(Unavailable):
        wrong.put("a", b"a")


def test_another_kind_of_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="file://, s3:// or memory://"):
        open_blobs("ftp://host/x", tmp_path)


def test_what_is_there_is_left_alone_by_who_puts_new_things(blobs: BlobStore, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * 100_000)
    assert blobs.put_new("aa/one", b"first")
    assert not blobs.put_new("aa/one", b"second")
    assert blobs.put_new("aa/two", large)
    assert not blobs.put_new("aa/two", b"third")
    assert not blobs.put_new("aa/one", large)
    assert (blobs.read("aa/one"), blobs.read("aa/two")) == (b"first", large.read_bytes())
