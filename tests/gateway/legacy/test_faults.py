"""Services killed under connected old clients, thousands of silent connections, clients that die."""

import resource
import signal
import socket
import struct
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bench.photos import photo
from tests.gateway.legacy.conftest import StartDoor
from tests.legacy_clients import tagging as wire
from tests.legacy_clients.datasets import open_dataset, row_paths, write_dataset
from tests.legacy_clients.door import PROTOCOLS
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.processing import ProcessingClient
from tests.legacy_clients.service import Service
from tests.legacy_clients.tagging import PARTIAL_CSV, Refused, TaggingClient
from tests.scripts.stack_process import wait_until

JPEG = photo(320, 240)
AWAY = Refused("the service is not available at the moment")
SILENT = 2000


def test_a_tagging_service_that_is_killed_and_comes_back(tmp_path: Path, start_door: StartDoor) -> None:
    csv = write_dataset(tmp_path / "set")
    settings: dict[str, Any] = {"DARKROOM_TAGGING_ROOTS": str(tmp_path)}
    with Service("tagging", tmp_path, **settings) as first:
        with first.client() as rest:
            open_dataset(rest, csv)
        door = start_door({"tagging": first.url})
        with TaggingClient(door.address("tagging")) as client:
            client.open()
            labelled = [index for index in range(24) if client.change(index, index, [True, index % 2 == 0])]
            assert len(labelled) == 24
            first.end(signal.SIGKILL)
            client.send(wire.image(1), wire.change(1, 1, [False, False]), wire.SAVE, PARTIAL_CSV)
            assert client.read_image(1) == AWAY
            assert client.read_message(3) == AWAY
            assert client.read_message(4) == AWAY
            assert client.read_csv() is None
            with Service("tagging", tmp_path, port=first.port, **settings):
                client.send(PARTIAL_CSV)
                table = client.read_csv()
                assert table is not None
                assert table["tag_code_100"].all()
                assert table["tag_code_101"].tolist() == [index % 2 == 0 for index in range(24)]
                assert client.image(1) == row_paths(tmp_path / "set")[1].read_bytes()
                assert client.change(2, 2, [False, False])
                assert client.save()
                assert csv.read_text().count(",True,") == 23


def test_an_image_store_that_is_killed_and_comes_back(tmp_path: Path, start_door: StartDoor) -> None:
    with Service("imagestore", tmp_path) as first:
        door = start_door({"imagestore": first.url})
        client = ImageClient(door.address("imagestore"))
        for number in range(10):
            client.save(f"kept-{number}.jpg", JPEG + bytes([number]))
        first.end(signal.SIGKILL)
        client.save("lost.jpg", JPEG)  # there is no error reply: it is closed, and logged
        with pytest.raises(ValueError, match="not enough values"):
            client.fetch("kept-1.jpg")
        with Service("imagestore", tmp_path, port=first.port):
            for number in range(10):
                assert client.fetch(f"kept-{number}.jpg")[2] == JPEG + bytes([number])
            assert "lost.jpg" not in client.listing()
            client.save("again.jpg", JPEG)
            assert client.fetch("again.jpg")[2] == JPEG
    assert door.said().count('"event":"refused"') == 2


@pytest.mark.faults
def test_a_processing_service_that_is_killed_goes_on_with_the_batch(
    tmp_path: Path, start_door: StartDoor
) -> None:
    settings: dict[str, Any] = {"DARKROOM_PROCESSING_WORKERS": "1", "DARKROOM_PROCESSING_LEASE_SECONDS": "2"}
    with Service("processing", tmp_path, **settings) as first:
        door = start_door({"processing": first.url}, DARKROOM_LEGACY_PATIENCE_SECONDS="60")
        app = ProcessingClient(door.address("processing"))
        app.upload([(photo(640, 480), 5)] * 6)
        assert app.read_one().startswith(b"\xff\xd8")
        first.end(signal.SIGKILL)
        with Service("processing", tmp_path, port=first.port, **settings) as second:
            assert len(app.read_all(5)) == 5
            app.close()
            with second.client() as rest:
                (job,) = rest.get("/v1/jobs").json()["items"]
            assert (job["state"], job["progress"]) == ("finished", {"total": 6, "done": 6, "failed": 0})


def test_two_thousand_silent_connections_keep_nobody_out(
    start_door: StartDoor, imagestore: Service, processing: Service
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * SILENT)), hard))
    door = start_door({"imagestore": imagestore.url, "processing": processing.url})
    with ExitStack() as held:
        for number in range(SILENT):
            address = door.address(PROTOCOLS[number % 3])
            source = (f"127.0.0.{2 + number % 60}", 0)
            held.enter_context(socket.create_connection(address, 10, source_address=source))
        for mine in ("127.0.0.1", "127.0.0.2"):  # one of them is among the silent
            with TaggingClient(door.address("tagging"), mine) as client:
                client.send(wire.TAGS)
                assert client.read_tags() == AWAY
        images = ImageClient(door.address("imagestore"))
        images.save("amid silence.jpg", JPEG)
        assert images.fetch("amid silence.jpg")[2] == JPEG
        app = ProcessingClient(door.address("processing"))
        app.upload([(JPEG, 2)])
        assert app.read_one().startswith(b"\xff\xd8")
        app.close()


def test_a_client_that_dies_in_the_middle_of_an_upload(
    start_door: StartDoor, imagestore: Service, processing: Service
) -> None:
    door = start_door({"imagestore": imagestore.url, "processing": processing.url})
    begun = {
        "imagestore": b"save,dying.jpg,3000000" + JPEG,
        "processing": JPEG,
        "tagging": wire.change(0, 0, [True] * 100)[:50],
    }
    for protocol, data in begun.items():
        dying = socket.create_connection(door.address(protocol))
        dying.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        dying.sendall(data)
        dying.close()  # a reset, as of a machine that is gone
    wait_until(lambda: door.said().count('"event":"connection"') == 3, door.said)
    with imagestore.client() as rest:
        assert rest.get("/v1/images/dying.jpg").status_code == 404
    staged = Path(imagestore.output.parent, "data", "imagestore", "blobs", ".staging")
    wait_until(lambda: not [path for path in staged.iterdir() if path.is_file()])
    assert '"crash"' not in door.said()
