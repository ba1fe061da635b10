"""Thumbnails that no cache holds: the image store beside thumbor and ipx, over HTTP, on two connections.

Every request asks for a file that was not asked for before. The servers take turns in short rounds, so
that whatever else the machine does meets all of them; the figure is the median of the rounds.
"""

import io
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from bench.keepalive import Connection, rate
from bench.peers import ipx, thumbor
from bench.photos import copies, photo
from bench.rows import Row

_WIDTH = 320
_CONNECTIONS = 2
_ROUNDS = 5
_SINGLE = "as installed (1 process)"
_PER_CORE = "a process a core"
_THUMBOR, _IPX = "thumbor", "ipx"
_LEAST_PSNR = 30.0  # dB against Lanczos: below that, it would not be the same work


class Stack(Protocol):
    """The running Darkroom, as far as it is needed here."""

    @property
    def imagestore_url(self) -> str:
        """The image store itself, not through the gateway: `http://127.0.0.1:8002`."""

    @property
    def service_headers(self) -> Mapping[str, str]:
        """What a service wants of its callers, the service token above all."""


@dataclass(frozen=True, slots=True)
class Work:
    """A size of photograph, how many a round, and the least ratios to thumbor and to ipx."""

    title: str
    width: int
    height: int
    a_round: int
    to_thumbor: float
    to_ipx: float


_WORKS = (
    Work("4000x3000 JPEG to 320, not cached", 4000, 3000, 24, 2.0, 1.3),
    Work("1280x720 JPEG to 320, not cached", 1280, 720, 150, 3.0, 3.0),
)


@dataclass(frozen=True, slots=True)
class Server:
    """Two connections to a server, or to as many of its processes, and its way to ask for a thumbnail."""

    name: str
    connections: Sequence[Connection]
    target: str

    def targets(self, names: Sequence[str]) -> list[str]:
        """The thumbnails of these images."""
        return [self.target.format(name=name) for name in names]


def run(stack: Stack) -> list[Row]:
    """Eight rows: two sizes of photograph; thumbor and ipx, each with one process and with one a core."""
    rows: list[Row] = []
    for work in _WORKS:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
            content = photo(work.width, work.height)
            servers = _servers(stack, Path(folder), running)
            names = _spread(content, work, Path(folder), servers[0].connections[0])
            _check(content, names[0], servers)
            rows += _rows(work, _measure(work, names, servers))
    return rows


def _servers(stack: Stack, folder: Path, running: ExitStack) -> list[Server]:
    """Ours, and each peer twice: its first process alone, as it comes, and a process a connection."""
    headers = dict(stack.service_headers)
    ours = [Connection(stack.imagestore_url, headers) for _ in range(_CONNECTIONS)]
    servers = [Server("darkroom", ours, f"/v1/images/{{name}}/rendition?width={_WIDTH}&format=jpeg")]
    for peer, serve, target in (
        (_THUMBOR, thumbor, f"/unsafe/{_WIDTH}x0/{{name}}"),
        (_IPX, ipx, f"/w_{_WIDTH}/{{name}}"),
    ):
        addresses = running.enter_context(serve(folder, _CONNECTIONS))
        single = [Connection(addresses[0]) for _ in range(_CONNECTIONS)]
        per_core = [Connection(address) for address in addresses]
        servers.append(Server(f"{peer}, {_SINGLE}", single, target))
        servers.append(Server(f"{peer}, {_PER_CORE}", per_core, target))
    for server in servers:
        for connection in server.connections:
            running.callback(connection.close)
    return servers


def _spread(content: bytes, work: Work, folder: Path, ours: Connection) -> list[str]:
    """As many different images as are asked for, in the peers' folder and in the image store: their names."""
    names = []
    for number, copy in enumerate(copies(content, 1 + (_ROUNDS + 1) * work.a_round)):
        names.append(f"bench-{work.width}-{number}.jpg")
        (folder / names[-1]).write_bytes(copy)
        ours.put(f"/v1/images/{names[-1]}", copy)
    return names


def _check(content: bytes, name: str, servers: Sequence[Server]) -> None:
    """Raise ValueError where an answer is no JPEG of the right size, or looks wrong."""
    source = Image.open(io.BytesIO(content))
    size = (_WIDTH, round(source.height * _WIDTH / source.width))
    reference = np.asarray(source.resize(size, Image.Resampling.LANCZOS), float)
    for server in servers:
        answer = Image.open(io.BytesIO(server.connections[0].get(server.targets([name])[0])))
        if (answer.format, answer.size) != ("JPEG", size):
            raise ValueError(f"{server.name} answers {answer.format} {answer.size}")
        noise = np.mean((np.asarray(answer.convert("RGB"), float) - reference) ** 2)
        if 10 * np.log10(255**2 / noise) < _LEAST_PSNR:
            raise ValueError(f"{server.name}'s thumbnail looks wrong")


def _measure(work: Work, names: Sequence[str], servers: Sequence[Server]) -> dict[str, float]:
    """Server -> thumbnails a second, the median of the rounds; the first round only warms up."""
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    for turn in range(_ROUNDS + 1):
        part = names[1 + turn * work.a_round : 1 + (turn + 1) * work.a_round]
        for server in servers:
            found = rate(server.connections, server.targets(part))
            if turn:
                rates[server.name].append(found)
    return {name: statistics.median(found) for name, found in rates.items()}


def _rows(work: Work, rates: Mapping[str, float]) -> list[Row]:
    ours = rates["darkroom"]
    notes = {_THUMBOR: "pip; Pillow, no storage", _IPX: "npm; sharp"}
    needed = {_THUMBOR: work.to_thumbor, _IPX: work.to_ipx}
    return [
        Row(
            f"{work.title}: {peer}, {how}",
            ours,
            reference := rates[f"{peer}, {how}"],
            "1/s",
            least,
            ours / reference >= least,
            f"{notes[peer]}; {_CONNECTIONS} connections",
        )
        for peer, least in needed.items()
        for how in (_SINGLE, _PER_CORE)
    ]
