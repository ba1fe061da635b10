"""Folders and files of a card, over OpenSSH and over the simulated camera."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.simulated import SimulatedCamera
from services.sdcard.camera_errors import (
    ListingTooLong,
    NoCard,
    NotAFile,
    RemoteChanged,
    RemoteNotFound,
    RemoteTooLarge,
)
from services.sdcard.cameras import CameraSession
from services.sdcard.card import decoded
from services.sdcard.sftp import DiskUsage, Entry
from shared.errors import DarkroomError
from tests.services.sdcard.servers import KINDS, Server, session_with, start_server

HOSTILE = [
    b"with 'single' and \"double\" quotes.mp4",
    b"new\nline.mp4",
    b"; rm -rf $HOME `id` $(id) && x | y > z.mp4",
    b"back\\slash.mp4",
    b"*?[a-z].mp4",
    b"-rf.mp4",
    b"not utf-8 \xff\xfe.mp4",
    "Grüße 写真.mp4".encode(),
    b" .mp4",
    b"..mp4",
    b"x" * 255,
]
SIZE = 3_000_001
BYTES = random.Random(1).randbytes(SIZE)


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the whole module: each test has a folder of its own on its card."""
    server = start_server(request.param, tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture
def session(server: Server) -> Iterator[CameraSession]:
    with session_with(server) as session:
        yield session


def test_hostile_names_are_names(server: Server, session: CameraSession) -> None:
    folder = server.card / "hostile"
    folder.mkdir()
    for n, name in enumerate(HOSTILE):
        file = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        file.write_bytes(name * 2)
        os.utime(file, (n, 1_700_000_000 + n))
    found = session.list_folder(f"{server.card_path}/hostile")
    wanted = {
        decoded(name): Entry(decoded(name), "file", 2 * len(name), 1_700_000_000 + n)
        for n, name in enumerate(HOSTILE)
    }
    assert {entry.name: entry for entry in found} == wanted
    for name in HOSTILE:
        path = f"{server.card_path}/hostile/{decoded(name)}"
        assert session.read_whole(path) == name * 2
        assert session.stat(path) == wanted[decoded(name)]
    odd = server.card / "a 'card' $(id)"
    odd.mkdir()
    assert session.disk_usage(f"{server.card_path}/{odd.name}").size > 0


def test_links_and_devices_are_told_and_not_followed(server: Server, session: CameraSession) -> None:
    folder = server.card / "kinds"
    folder.mkdir()
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    path = f"{server.card_path}/kinds"
    assert {e.name: e.kind for e in session.list_folder(path)} == {
        "link": "link",
        "folder": "folder",
        "pipe": "other",
    }
    for name in ("link", "folder", "pipe"):
        with pytest.raises(NotAFile):
            session.open(f"{path}/{name}")


def test_what_is_not_there(server: Server, session: CameraSession) -> None:
    for call in (session.stat, session.list_folder, session.open, session.read_whole):
        with pytest.raises(RemoteNotFound) as missing:
            call(f"{server.card_path}/new\nline")
        assert missing.value.detail.endswith("/new\\x0aline")
    with pytest.raises(NoCard) as missing_card:
        session.disk_usage(f"{server.card_path}/nowhere")
    assert (missing_card.value.status, missing_card.value.code) == (409, "no_card")


def test_many_folders_at_once(server: Server, session: CameraSession) -> None:
    for hour in range(0, 20, 2):
        folder = server.card / "many" / f"{hour:02d}"
        folder.mkdir(parents=True)
        for n in range(hour):
            (folder / str(n)).touch()
    paths = [f"{server.card_path}/many/{hour:02d}" for hour in range(20)]
    found = dict(session.list_folders(paths))
    assert list(found) == paths
    for hour, entries in enumerate(found.values()):
        if hour % 2:
            assert isinstance(entries, DarkroomError)
            assert entries.code == "remote_not_found"
        else:
            assert not isinstance(entries, DarkroomError)
            assert {entry.name for entry in entries} == {str(n) for n in range(hour)}


@pytest.fixture(scope="module")
def long_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50,000 entries, which take a while to be made."""
    card = tmp_path_factory.mktemp("long")
    for n in range(50_000):
        (card / f"{n:05d}-0900.mp4").symlink_to("x")
    return card


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_folder(kind: str, long_card: Path, tmp_path: Path) -> None:
    server = SimulatedCamera(long_card) if kind == "simulated" else start_server(kind, tmp_path)
    path = server.card_path if kind == "simulated" else str(long_card)
    try:
        with session_with(server) as session:
            pages = list(session.list_pages(path))
            assert [len(page) for page in pages] == [10_000] * 5
            names = {entry.name for page in pages for entry in page}
            assert names == {f"{n:05d}-0900.mp4" for n in range(50_000)}
            with pytest.raises(ListingTooLong):
                session.list_folder(path)
            assert session.stat(path).kind == "folder"
    finally:
        server.close()


def test_ranges(server: Server, session: CameraSession) -> None:
    (server.card / "clip").write_bytes(BYTES)
    with session.open(f"{server.card_path}/clip") as file:
        assert file.size == SIZE
        for start, end in [
            (0, SIZE),
            (0, 0),
            (0, 1),
            (SIZE - 1, SIZE),
            (12_345, 2_345_678),
            (261_119, 261_121),
        ]:
            assert b"".join(file.chunks(start, end)) == BYTES[start:end]
        spans = [(0, 10), (SIZE - 5, 10), (SIZE, 10), (SIZE + 5, 1), (5, 0), (100, 700_000)]
        assert file.read_many(spans) == [BYTES[offset : offset + length] for offset, length in spans]
        half = file.chunks(0, SIZE)
        assert next(half) == BYTES[: 255 * 1024]
        half.close()  # type: ignore[attr-defined]
        assert file.read_at(1, 3) == BYTES[1:4]


def test_two_readers_over_one_session(server: Server) -> None:
    (server.card / "shared").write_bytes(BYTES)
    path = f"{server.card_path}/shared"
    with session_with(server, sessions=1) as session, session.open(path) as one, session.open(path) as other:
        pairs = zip(one.chunks(0, SIZE), other.chunks(1, SIZE), strict=True)
        halves = list(pairs)
        assert b"".join(a for a, _ in halves) == BYTES
        assert b"".join(b for _, b in halves) == BYTES[1:]


def test_a_clip_that_is_still_being_written(server: Server, session: CameraSession) -> None:
    clip = server.card / "growing"
    clip.write_bytes(BYTES[:1_000_000])
    with session.open(f"{server.card_path}/growing") as file, clip.open("ab") as writing:
        writing.write(BYTES[1_000_000:])
        writing.flush()
        assert file.size == 1_000_000
        assert b"".join(file.chunks(0, file.size)) == BYTES[:1_000_000]
        os.truncate(clip, 500_000)
        with pytest.raises(RemoteChanged):
            list(file.chunks(0, file.size))
        assert file.read_at(499_999, 10) == BYTES[499_999:500_000]


def test_small_files_whole(server: Server, session: CameraSession) -> None:
    (server.card / "settings").write_bytes(b"x" * 1000)
    path = f"{server.card_path}/settings"
    assert session.read_whole(path, 1000) == b"x" * 1000
    with pytest.raises(RemoteTooLarge):
        session.read_whole(path, 999)


def test_how_full_a_card_is(server: Server, session: CameraSession) -> None:
    usage = session.disk_usage(server.card_path)
    if server.card_path == str(server.card):
        there = os.statvfs(server.card)
        assert usage.size == there.f_blocks * there.f_frsize
    else:
        assert usage.size == 32 * 1024**3
    assert 0 < usage.used <= usage.size
    assert usage.available <= usage.size - usage.used + usage.size // 10


def test_df_where_there_is_no_statvfs(tmp_path: Path) -> None:
    server = start_server("simulated", tmp_path, "--without-statvfs")
    try:
        (server.card / "clip").write_bytes(b"x" * 8192)
        with session_with(server) as session:
            size = 32 * 1024**3
            assert session.disk_usage(server.card_path) == DiskUsage(size, 8192, size - 8192)
    finally:
        server.close()
