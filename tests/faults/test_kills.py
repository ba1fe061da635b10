"""kill -9 in the middle of uploads: what was acknowledged is there whole, and nothing is seen in part."""

import signal
import socket
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import StartStack
from tests.faults.ledger import Ledger, list_all
from tests.faults.uploads import Jpegs, Uploads
from tests.journeys.events import Program
from tests.scripts.stack_process import wait_until
from tests.stack import MIB, Stack, pause, staged_files, wait_for_empty_staging

UPLOADS = 500
LONG = [pytest.param(number, marks=pytest.mark.faults) for number in range(1, 6)]
# the rate is for people's keys; here every request counts
FAST = {"DARKROOM_GATEWAY_REQUESTS_PER_SECOND": "0"}


@pytest.mark.parametrize("killed", ["imagestore", "gateway"])
@pytest.mark.parametrize("round_", [0, *LONG])
def test_a_killed_service_loses_nothing_it_has_acknowledged(
    start_stack: StartStack, killed: str, round_: int
) -> None:
    stack = start_stack(services="imagestore", **FAST)
    ledger = Ledger()
    uploads = Uploads(stack.images, ledger, seed=round_)
    uploads.start(UPLOADS)
    uploads.wait_for(UPLOADS * (2 + round_) // 10)
    pid = stack.kill(killed)
    uploads.join()
    assert ledger.acknowledged < UPLOADS, "the kill came too late"
    stack.wait_until_back(killed, pid)
    with stack.images() as images:
        ledger.check(images)
        wait_for_empty_staging(stack.data_dir)
        uploads.run(UPLOADS - ledger.acknowledged)  # it takes up its work as if nothing had been
        ledger.check(images)
    assert ledger.acknowledged == UPLOADS


@pytest.mark.faults
def test_many_kills_one_after_the_other(start_stack: StartStack) -> None:
    stack = start_stack(services="imagestore", **FAST)
    ledger = Ledger()
    for kill in range(12):
        uploads = Uploads(stack.images, ledger, seed=100 + kill)
        uploads.start(10_000)
        uploads.wait_for(ledger.acknowledged + 20 + 17 * kill)
        pid = stack.kill("imagestore")
        uploads.join()
        stack.wait_until_back("imagestore", pid)
    with stack.images() as images:
        ledger.check(images)


@pytest.fixture
def careless(start_stack: StartStack, tmp_path: Path) -> Stack:
    """A stack whose image store acknowledges before it has written."""
    procfile = tmp_path / "Procfile"
    procfile.write_text(
        "imagestore: python -m tests.faults.careless imagestore\n"
        "gateway: python -m shared.web.serve gateway\n"
    )
    return start_stack(procfile=procfile, **FAST)


def test_a_careless_store_is_found_out(careless: Stack) -> None:
    ledger = Ledger()
    uploads = Uploads(careless.images, ledger)
    uploads.start(UPLOADS)
    uploads.wait_for(UPLOADS // 5)
    pid = careless.kill("imagestore")
    uploads.join()
    careless.wait_until_back("imagestore", pid)
    with careless.images() as images, pytest.raises(AssertionError, match="broken promises") as found:
        ledger.check(images)
    said = str(found.value)
    assert "cannot be read" in said or "partial" in said


def test_what_was_stored_while_all_was_told_to_stop_is_there(start_stack: StartStack) -> None:
    first = start_stack(services="imagestore", **FAST)
    ledger = Ledger()
    uploads = Uploads(first.images, ledger)
    uploads.start(10_000)
    uploads.wait_for(100)
    first.send(signal.SIGTERM)
    uploads.join()
    assert first.process.wait(25) == 0
    assert "was killed" not in first.said()
    with start_stack(data=first.data_dir, services="imagestore", **FAST).images() as images:
        ledger.check(images)
        # every upload that the store took was answered: nothing is there that no client was told of
        assert len(list_all(images)) == ledger.names_acknowledged()


def test_an_upload_that_had_begun_is_taken_to_its_end(start_stack: StartStack) -> None:
    stack = start_stack(services="imagestore")
    data = Jpegs(5).make(4 * MIB)
    head = (
        "PUT /api/imagestore/v1/images/begun.jpg HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {stack.key}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    host, port = stack.gateway_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode() + data[: 3 * MIB])
        wait_until(lambda: bool(staged_files(stack.data_dir)))
        stack.send(signal.SIGTERM)
        wait_until(lambda: "Stopping" in stack.said())
        pause(0.5)
        connection.sendall(data[3 * MIB :])
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")
    assert stack.process.wait(25) == 0
    with start_stack(data=stack.data_dir, services="imagestore").images() as images:
        assert images.get("/v1/images/begun.jpg/content").content == data


def test_an_idle_stack_stops_at_once_with_sockets_open(start_stack: StartStack) -> None:
    stack = start_stack()
    with stack.images() as images:
        images.get("/v1/images").raise_for_status()
        with images.stream("GET", "/v1/events", params={"follow": "true"}) as events:
            assert events.status_code == 200
            with Program(stack, "imagestore.*") as program:
                assert stack.end(seconds=5) == 0
                with pytest.raises(ConnectionClosed) as closed:
                    program.listen(1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
