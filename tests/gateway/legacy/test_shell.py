"""The shell around the three protocols: who may come in, silence, garbage, many at once, the end."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx2
import pytest

from bench.photos import photo
from tests.gateway.legacy.conftest import StartDoor
from tests.legacy_clients import tagging as wire
from tests.legacy_clients.door import PROTOCOLS, Door
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.processing import GOT_IT, SENT, ProcessingClient
from tests.legacy_clients.service import Service
from tests.legacy_clients.tagging import TAGS, Refused, TaggingClient
from tests.scripts.stack_process import wait_until

BEGUN = {"tagging": b"\xff\x03\0\0", "imagestore": b"save,a.jpg,9", "processing": b"\xff\xd8\xff"}
GARBAGE = {
    "tagging": bytes(range(255)) * 400 + b"\xff" * 1000 + b"\xff\x07\xff\x00" * 1000,
    "imagestore": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "processing": SENT + b"\xff" * 100,
}
CALM = {0, -signal.SIGTERM}  # the server passes the signal on to itself when all is done


def connections(door: Door) -> list[dict[str, object]]:
    """The log's line of each connection that has ended."""
    lines = [json.loads(line) for line in door.said().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == "connection"]


def ends(door: Door) -> list[object]:
    """How connections ended."""
    return [line["end"] for line in connections(door)]


def ends_of(door: Door, protocol: str, size: int) -> list[object]:
    """How those of a protocol ended that had sent so many bytes."""
    lines = connections(door)
    return [line["end"] for line in lines if line["protocol"] == protocol and line["bytes_in"] == size]


def figure(door: Door, name: str) -> float:
    """A figure of the process; 0 where it has not come up yet."""
    headers = {"X-Darkroom-Service-Token": door.token}
    text = httpx2.get(f"http://127.0.0.1:{door.port}/metrics", headers=headers, trust_env=False).text
    found = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(found[0].split()[-1]) if found else 0.0


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door without services that has little patience."""
    settings = {"DARKROOM_LEGACY_SILENCE_SECONDS": "0.8", "DARKROOM_LEGACY_PATIENCE_SECONDS": "0.2"}
    settings["DARKROOM_LEGACY_PAUSE_SECONDS"] = "1"
    running = Door(tmp_path_factory.mktemp("lonely"), {}, **settings)
    yield running
    running.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_silence_inside_a_message_ends_the_connection_and_idleness_does_not(
    lonely: Door, protocol: str
) -> None:
    door = lonely
    with (
        socket.create_connection(door.address(protocol)) as idle,
        socket.create_connection(door.address(protocol)) as silent,
    ):
        silent.sendall(BEGUN[protocol])
        idle.settimeout(2)
        with pytest.raises(TimeoutError):
            idle.recv(1)
        silent.settimeout(5)
        assert silent.recv(1) == b""
        wait_until(lambda: ends_of(door, protocol, len(BEGUN[protocol])) == ["silent"], door.said)
    wait_until(lambda: ends_of(door, protocol, 0) == ["closed"], door.said)


def test_a_client_that_sends_a_byte_now_and_then_is_not_silent(lonely: Door) -> None:
    with socket.create_connection(lonely.address("imagestore")) as slow:
        for byte in b"return,a":
            slow.sendall(bytes([byte]))
            time.sleep(0.2)
    wait_until(lambda: ends_of(lonely, "imagestore", len(b"return,a")) == ["closed"], lonely.said)


def test_garbage_ends_at_most_its_own_connection(door: Door, images: ImageClient) -> None:
    for protocol, garbage in GARBAGE.items():
        with socket.create_connection(door.address(protocol)) as hostile:
            hostile.settimeout(5)
            hostile.sendall(garbage)
            if protocol == "tagging":  # all of it is stray bytes
                hostile.sendall(TAGS)
                assert hostile.recv(2) == b"\xff\x02"
            else:
                received = hostile.makefile("rb").read()
                assert received in {b"", GOT_IT}
    assert isinstance(images.listing(), list)
    with TaggingClient(door.address("tagging")) as client:
        client.send(TAGS)
        assert client.read_tags()


def test_a_size_over_the_limit_is_told_and_ends_the_connection(door: Door) -> None:
    with TaggingClient(door.address("tagging")) as client:
        client.send(b"\xff\x03" + b"\0" * 8 + b"\xff\xff\xff\xff")
        answer = client.read_message(3)
        assert answer == Refused("a change of 4294967295 tags; at most 67108864 are taken")
        assert client.connection.recv(1) == b""


def test_connections_have_limits(start_door: StartDoor) -> None:
    door = start_door(DARKROOM_LEGACY_PORT_CONNECTIONS="6", DARKROOM_LEGACY_ADDRESS_CONNECTIONS="4")
    with ExitStack() as opened:

        def is_open(address: str) -> bool:
            connection = opened.enter_context(
                socket.create_connection(door.address("tagging"), 5, source_address=(address, 0))
            )
            try:
                connection.sendall(TAGS)
                return connection.recv(2) == b"\xff\x02"
            except ConnectionResetError:
                return False

        assert [is_open("127.0.0.1") for _ in range(6)] == [True] * 4 + [False] * 2
        assert [is_open("127.0.0.2") for _ in range(4)] == [True] * 2 + [False] * 2
        assert figure(door, 'legacy_connections_open{protocol="tagging"}') == 6
        with pytest.raises(ValueError, match="not enough values"):  # another protocol has its own count
            ImageClient(door.address("imagestore")).fetch("nobody.jpg")
    wait_until(lambda: figure(door, 'legacy_connections_open{protocol="tagging"}') == 0)
    full = {"refused: too many connections", "refused: too many connections of the address"}
    assert set(ends(door)) - {"closed", "reset"} == {"failed", *full}


def test_the_allow_list_of_networks(start_door: StartDoor) -> None:
    door = start_door(DARKROOM_LEGACY_HOST="0.0.0.0", DARKROOM_LEGACY_NETWORKS="198.51.100.0/24")
    with TaggingClient(door.address("tagging")) as client:  # this machine's own may always
        client.send(TAGS)
        assert isinstance(client.read_tags(), Refused)
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        return
    with socket.create_connection((own, door.ports["tagging"]), source_address=(own, 0)) as outside:
        outside.settimeout(5)
        assert outside.recv(1) == b""
    wait_until(lambda: "refused: not in the networks allowed" in ends(door), door.said)


def test_a_service_that_is_away_is_the_protocol_s_error(lonely: Door) -> None:
    door = lonely
    failures = 'legacy_failures_total{protocol="tagging"}'
    before = figure(door, failures)
    with TaggingClient(door.address("tagging")) as client:
        client.send(TAGS, wire.image(3), wire.change(0, 0, [True]), wire.SAVE, wire.CLIPS, wire.PARTIAL_CSV)
        away = Refused("the service is not available at the moment")
        assert client.read_tags() == away
        assert client.read_image(3) == away
        assert client.read_message(3) == away
        assert client.read_message(4) == away
        assert client.read_clips() is None
        assert client.read_csv() is None
    with pytest.raises(ValueError, match="not enough values"):
        ImageClient(door.address("imagestore")).fetch("a.jpg")
    app = ProcessingClient(door.address("processing"))
    app.upload([(photo(64, 48), 1), (photo(64, 48), 2)])
    assert all(picture.startswith(b"\xff\xd8") for picture in app.read_all(2))
    app.close()
    assert figure(door, failures) == before + 6


def test_the_end_of_a_result_comes_by_itself_after_a_pause(lonely: Door) -> None:
    app = ProcessingClient(lonely.address("processing"))
    app.upload([(photo(64, 48), 1)])
    received = app.connection.recv(4096)
    app.connection.settimeout(0.4)
    with suppress(TimeoutError):  # until nothing comes for a while
        while True:
            received += app.connection.recv(65_536)
    assert SENT not in received
    app.connection.settimeout(10)
    last = app.connection.recv(4096)
    assert (len(last), last.endswith(SENT)) == (1000, True)
    app.close(politely=False)


def test_one_line_a_connection(lonely: Door) -> None:
    door = lonely
    with TaggingClient(door.address("tagging")) as client:
        client.send(TAGS + b"stray" + TAGS)
        client.read_tags()
        client.read_tags()
    wait_until(lambda: ends_of(door, "tagging", 9) == ["closed"])
    (line,) = (one for one in connections(door) if one["bytes_in"] == 9)
    told = {name: line[name] for name in ("protocol", "address", "tls", "end", "messages", "bytes_in")}
    assert told == {
        "protocol": "tagging",
        "address": "127.0.0.1",
        "tls": False,
        "end": "closed",
        "messages": 2,
        "bytes_in": 9,
    }


def test_sigterm_finishes_what_has_begun_and_ends(
    start_door: StartDoor, imagestore: Service, processing: Service
) -> None:
    door = start_door({"imagestore": imagestore.url, "processing": processing.url})
    content = photo(320, 240)
    idle = socket.create_connection(door.address("tagging"))
    app = ProcessingClient(door.address("processing"))
    app.upload([(content, 5)] * 3)
    with socket.create_connection(door.address("imagestore")) as saving:
        saving.sendall(b"save,drained.jpg,%d" % len(content) + content[:1000])
        wait_until(
            lambda: figure(door, 'legacy_messages_total{message="SaveRequest",protocol="imagestore"}') == 1
        )
        door.send(signal.SIGTERM)
        idle.settimeout(5)
        assert idle.recv(1) == b""
        saving.sendall(content[1000:])
        assert saving.recv(1) == b""
    assert len(app.read_all(3)) == 3
    idle.close()
    app.close(politely=False)
    assert door.process.wait(10) in CALM
    with imagestore.client() as rest:
        assert rest.get("/v1/images/drained.jpg/content").content == content


def test_a_port_that_is_taken_is_one_sentence(start_door: StartDoor, tmp_path: object) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(AssertionError, match=f"port {port} at 127.0.0.1 is taken; DARKROOM_LEGACY_TAG"):
            start_door(DARKROOM_LEGACY_TAGGING_PORT=port)
