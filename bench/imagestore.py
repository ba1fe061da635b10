"""The image store's bytes in and out: contents beside the same server answering from memory, and uploads
beside a script that makes files as durable.

The ways take turns in short rounds, so that whatever else the machine does meets all of them; the figure
is the median of the rounds.
"""

import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from bench.keepalive import Connection
from bench.peers import process
from bench.photos import copies, photo
from bench.rows import Row
from bench.wrk import ROUND_SECONDS, Way, load
from demo.ports import free_ports

HERE = Path(__file__).parent
CONNECTIONS = 4
ROUNDS = 5
IMAGES = 16
"""Different images that are asked for in turn: together less than what the image store keeps in memory."""

CONTENT_RATIO = 0.8
UPLOAD_RATIO = 0.5
# Sizes of photographs that come to about 20 KB and 200 KB.
SMALL, LARGE = (320, 240), (1280, 720)
Rates = Mapping[str, float]


class Stack(Protocol):
    """The running Darkroom, as far as it is needed here."""

    @property
    def imagestore_url(self) -> str:
        """The image store itself: `http://127.0.0.1:8002`."""

    @property
    def data_dir(self) -> Path:
        """Its data folder, which goes when it ends."""

    @property
    def service_token(self) -> str:
        """What a service wants of its callers."""

    @property
    def service_headers(self) -> Mapping[str, str]:
        """The same as a header."""


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    return [_contents(stack, "20 KB", SMALL), _contents(stack, "200 KB", LARGE), _uploads(stack)]


def _contents(stack: Stack, title: str, size: tuple[int, int]) -> Row:
    name = f"bench-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        _put_in(stack, name, size, Path(folder))
        ways = {"ours": Way(stack.imagestore_url, _header(stack))}
        for kind in ("darkroom", "bare"):
            ways[kind] = Way(running.enter_context(memory_server(kind, folder, stack)), _header(stack))
        rates = in_turns({way: _content_load(one, name) for way, one in ways.items()})
    ours, reference = rates["ours"], rates["darkroom"]
    note = (
        f"{IMAGES} images in turn, {CONNECTIONS} connections; the same server from memory; "
        f"uvicorn alone from memory: {rates['bare']:,.0f}/s, ratio {ours / rates['bare']:.2f}"
    )
    met = ours / reference >= CONTENT_RATIO
    return Row(f"content of {title}, direct", ours, reference, "1/s", CONTENT_RATIO, met, note)


def _put_in(stack: Stack, name: str, size: tuple[int, int], folder: Path) -> None:
    """The images into the store, and beside it for the servers that answer from memory."""
    connection = Connection(stack.imagestore_url, stack.service_headers)
    for number, content in enumerate(copies(photo(*size), IMAGES)):
        (folder / f"{name}-{number}.jpg").write_bytes(content)
        connection.put(f"/v1/images/{name}-{number}.jpg", content)
    connection.close()


@contextmanager
def memory_server(kind: str, folder: str, stack: Stack) -> Iterator[str]:
    """With the same token and the same kind of log as the image store has."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.memory_server", kind, str(port), folder]
    settings = {"DARKROOM_SERVICE_TOKEN": stack.service_token}
    with process(command, port, settings=settings, log=stack.data_dir / f"memory-{kind}.log"):
        yield f"http://127.0.0.1:{port}"


def _content_load(way: Way, name: str) -> Callable[[], float]:
    def one_round() -> float:
        arguments = (str(IMAGES), name)
        return load(way, "", CONNECTIONS, script=HERE / "contents.lua", arguments=arguments).per_second

    return one_round


def _uploads(stack: Stack) -> Row:
    source = stack.data_dir / "source.jpg"
    source.write_bytes(photo(*LARGE))
    way = Way(stack.imagestore_url, _header(stack))
    rates = in_turns(
        {
            "ours": lambda: _upload_rate(way, source),
            "script": lambda: _script_rate(source, CONNECTIONS),
            "sequential": lambda: _script_rate(source, 1),
        }
    )
    ours, reference, sequential = rates["ours"], rates["script"], rates["sequential"]
    note = (
        f"distinct JPEGs; write, fsync, rename, fsync of the folder by {CONNECTIONS} threads; "
        f"by one thread: {sequential:,.0f}/s, ratio {ours / sequential:.2f}"
    )
    work = f"uploads of 200 KB, {CONNECTIONS} connections, durable"
    return Row(work, ours, reference, "1/s", UPLOAD_RATIO, ours / reference >= UPLOAD_RATIO, note)


def _upload_rate(way: Way, source: Path) -> float:
    """wrk makes the contents, too: each is the JPEG with a trailer of its own, which decoders pass over."""
    arguments = (str(source), f"bench-{secrets.token_hex(4)}")
    return load(way, "", CONNECTIONS, script=HERE / "uploads.lua", arguments=arguments).per_second


def _script_rate(source: Path, threads: int) -> float:
    """The files stay until the stack ends: ext4 is slow to make files for 35 s after it lost thousands."""
    folder = tempfile.mkdtemp(dir=source.parent)
    command = [sys.executable, "-m", "bench.durable_files", folder, str(source), str(threads)]
    said = subprocess.run([*command, str(ROUND_SECONDS)], check=True, capture_output=True, text=True)
    return float(said.stdout)


def in_turns(ways: Mapping[str, Callable[[], float]]) -> Rates:
    """The median of each way's rounds; a round before them only warms up."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, one_round in ways.items():
            rate = one_round()
            if turn:
                found[name].append(rate)
    return {name: statistics.median(rates) for name, rates in found.items()}


def _header(stack: Stack) -> str:
    return f"X-Darkroom-Service-Token: {stack.service_token}"
