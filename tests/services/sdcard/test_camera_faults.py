"""Cameras that stop, break, or crawl: each call ends by its deadline, others go on, nothing is left."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.simulated import SimulatedCamera
from services.sdcard.camera_errors import (
    CameraError,
    CameraSlow,
    CameraTimeout,
    CameraUnreachable,
    HostKeyChanged,
    NoCard,
)
from services.sdcard.cameras import CameraSession
from tests.services.sdcard.servers import KINDS, Server, address_of, cameras_with, session_with, start_server

# Long enough for a handshake while other tests keep the machine busy.
SHORT = {"channel_seconds": 1.0, "banner_seconds": 3.0, "auth_seconds": 3.0, "backoff_seconds": 0.0}
CLIP = 40_000_000
ENTRIES = 1_000


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A camera with a long folder and a long clip."""
    server = start_server(request.param, tmp_path_factory.mktemp("server"))
    (server.card / "folder").mkdir()
    for n in range(ENTRIES):
        (server.card / "folder" / str(n)).touch()
    with (server.card / "clip").open("wb") as clip:
        clip.truncate(CLIP)
    yield server
    server.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Server]:
    """A camera that nothing is wrong with."""
    server = start_server("simulated", tmp_path)
    (server.card / "here").touch()
    yield server
    server.close()


def listing(server: Server, session: CameraSession) -> None:
    """Stopped in the middle of a listing."""
    pages = session.list_pages(f"{server.card_path}/folder")
    next(pages)
    server.stop()
    for _ in pages:
        pass


def streaming(server: Server, session: CameraSession) -> None:
    """Stopped in the middle of a clip."""
    with session.open(f"{server.card_path}/clip") as file:
        pieces = file.chunks(0, file.size)
        next(pieces)
        server.stop()
        for _ in pieces:
            pass


def idle(server: Server, session: CameraSession) -> None:
    """Stopped while nothing was asked."""
    session.stat(server.card_path)
    server.stop()
    session.stat(server.card_path)


def connecting(server: Server, session: CameraSession) -> None:
    """Stopped before anything was asked."""
    server.stop()
    session.stat(server.card_path)


@pytest.mark.parametrize("strike", [listing, streaming, idle, connecting])
def test_a_stopped_camera(
    server: Server, other: Server, strike: Callable[[Server, CameraSession], None]
) -> None:
    with cameras_with(**SHORT, listing_entries=100) as cameras:
        with cameras.session(address_of(other, id="other")) as well:
            assert len(well.list_folder(other.card_path)) == 1
            try:
                with cameras.session(address_of(server)) as session, pytest.raises(CameraTimeout) as late:
                    strike(server, session)
                assert (late.value.status, late.value.code) == (504, "camera_timeout")
                assert len(well.list_folder(other.card_path)) == 1
            finally:
                server.go_on()
        with cameras.session(address_of(server)) as session:
            assert session.stat(f"{server.card_path}/clip").size == CLIP


def test_everybody_who_waits_for_a_stopped_camera_is_told(server: Server) -> None:
    outcomes: list[str] = []
    with session_with(server, **SHORT) as session:

        def ask() -> None:
            try:
                session.stat(server.card_path)
            except CameraError as problem:
                outcomes.append(problem.code)

        session.stat(server.card_path)
        server.stop()
        try:
            threads = [threading.Thread(target=ask) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            server.go_on()
    assert outcomes == ["camera_timeout"] * 8


def rounds(server: Server, count: int) -> None:
    """Strike again and again; then as many threads and descriptors are there as before."""
    path = f"{server.card_path}/clip"
    with cameras_with(**SHORT) as cameras:
        before = None
        for n in range(count):
            with cameras.session(address_of(server)) as session:
                try:
                    (streaming if n % 2 else idle)(server, session)
                except CameraTimeout:
                    pass
                else:
                    raise AssertionError("it answered while it was stopped")
                finally:
                    server.go_on()
            cameras.forget("cam")
            before = before or settled()
        assert settled() == before
        with cameras.session(address_of(server)) as session:
            assert session.stat(path).size == CLIP


def settled() -> tuple[int, int]:
    """Threads and descriptors of this process, once they have stopped to change."""
    seen = (0, 0)
    for _ in range(50):
        now = (threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
        if now == seen:
            return now
        seen = now
        time.sleep(0.2)
    return seen


def test_nothing_is_left_of_a_stopped_camera(server: Server) -> None:
    rounds(server, 4)


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_nothing_is_left_after_a_hundred_rounds(server: Server) -> None:
    rounds(server, 100)


def test_a_cut_connection_is_made_again(server: Server) -> None:
    with session_with(server) as session:
        assert session.stat(f"{server.card_path}/clip").size == CLIP
        server.cut()
        assert session.stat(f"{server.card_path}/clip").size == CLIP


def test_a_clip_that_breaks_off(server: Server) -> None:
    with session_with(server) as session:
        with session.open(f"{server.card_path}/clip") as file:
            pieces = file.chunks(0, file.size)
            next(pieces)
            server.cut()
            with pytest.raises(CameraUnreachable):
                for _ in pieces:
                    pass
        assert session.stat(f"{server.card_path}/clip").size == CLIP


def test_a_key_that_changes_between_two_calls(other: Server) -> None:
    with session_with(other) as session:
        assert len(session.list_folder(other.card_path)) == 1
        other.change_key()
        with pytest.raises(HostKeyChanged) as refused:
            session.list_folder(other.card_path)
        assert refused.value.extra["fingerprint"] == other.fingerprint


def test_a_camera_that_crawls(other: Server) -> None:
    (other.card / "clip").write_bytes(bytes(3_000_000))
    assert isinstance(other, SimulatedCamera)
    with session_with(other, channel_seconds=1.0, bytes_per_second=4_000_000) as session:
        with session.open(f"{other.card_path}/clip") as file:
            other.tell("rate 400000")
            with pytest.raises(CameraSlow) as slow:
                list(file.chunks(0, file.size))
            assert (slow.value.status, slow.value.code) == (504, "camera_slow")
        other.tell("rate 0")
        assert session.stat(f"{other.card_path}/clip").size == 3_000_000


def test_a_card_that_is_taken_out(other: Server) -> None:
    assert isinstance(other, SimulatedCamera)
    with session_with(other) as session:
        other.tell("remove-card")
        with pytest.raises(NoCard):
            session.disk_usage(other.card_path)
        other.tell("insert-card")
        other.tell("fill")
        assert session.disk_usage(other.card_path).available == 0
