"""The asyncio shell around all three protocols: who may come in, how many, how long, and how it ends."""

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Any, Protocol

from gateway.legacy.codec import Decoder, ProtocolError
from gateway.legacy.figures import Figures
from gateway.legacy.peer import Peer
from gateway.legacy.settings import LegacySettings, Limits, Network
from shared.logging import get_logger

BACKLOG = 1024
HANDSHAKE_SECONDS = 10.0
LOOKS_A_SILENCE = 8  # how often, within the time that silence may take, connections are looked at
LEAST_LOOK, MOST_LOOK = 0.02, 1.0
log = get_logger("legacy")


class Adapter(Protocol):
    """A protocol's other half: takes one client's messages and does them."""

    def decoder(self) -> Decoder[Any]:
        """A new decoder for a new client."""

    async def serve(self, peer: Peer) -> None:
        """Serve one client to its end. Raises ProtocolError for bytes that mean nothing."""


@dataclass(frozen=True, slots=True)
class Door:
    """One bound socket of a protocol; with `context` it speaks TLS."""

    protocol: str
    socket: socket.socket
    context: ssl.SSLContext | None = None


class LegacyServer:
    """All doors, and the connections that came through them."""

    def __init__(
        self, settings: LegacySettings, doors: list[Door], adapters: dict[str, Adapter], figures: Figures
    ) -> None:
        self._limits: Limits = settings.limits
        self._networks = settings.allowed
        self._doors = doors
        self._adapters = adapters
        self._figures = figures
        self._servers: list[asyncio.Server] = []
        self._peers: dict[str, set[Peer]] = {protocol: set() for protocol in adapters}
        self._addresses: Counter[tuple[str, str]] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on every door."""
        loop = asyncio.get_running_loop()
        for door in self._doors:
            seconds = HANDSHAKE_SECONDS if door.context else None
            server = await loop.create_server(
                partial(self._make_peer, door),
                sock=door.socket,
                ssl=door.context,
                ssl_handshake_timeout=seconds,
                backlog=BACKLOG,
            )
            self._servers.append(server)
        self._watch = asyncio.create_task(self._look_after())

    async def check(self) -> None:
        """Raises RuntimeError when it does not listen."""
        if not self._servers or not all(server.is_serving() for server in self._servers):
            raise RuntimeError("not listening")

    async def drain(self, seconds: float) -> None:
        """Take nothing new, finish what has begun within `seconds`, then end what is left."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for peers in self._peers.values():
            for peer in tuple(peers):
                peer.stop()
        if self._tasks:
            _done, late = await asyncio.wait(self._tasks, timeout=seconds)
            for peers in self._peers.values():
                for peer in tuple(peers):
                    peer.cut("drained")
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    def _make_peer(self, door: Door) -> Peer:
        decoder = self._adapters[door.protocol].decoder()
        return Peer(decoder, tls=door.context is not None, started=partial(self._started, door.protocol))

    def _started(self, protocol: str, peer: Peer) -> None:
        """A client has connected: serve it, or close it at once."""
        refusal = self._refusal(protocol, peer)
        if refusal:
            peer.cut(refusal)
            self._tell(protocol, peer, 0.0)
            return
        self._peers[protocol].add(peer)
        self._addresses[protocol, peer.address] += 1
        self._figures.open.labels(protocol).inc()
        task = asyncio.get_running_loop().create_task(self._serve(protocol, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refusal(self, protocol: str, peer: Peer) -> str:
        """Why the client may not come in; empty when it may."""
        if not may_enter(peer.address, self._networks):
            return "refused: not in the networks allowed"
        peers = self._peers[protocol]
        ours = self._addresses[protocol, peer.address]
        if ours >= self._limits.address_connections and not make_room(peers, peer.address):
            return "refused: too many connections of the address"
        if len(peers) >= self._limits.port_connections and not make_room(peers):
            return "refused: too many connections"
        return ""

    async def _serve(self, protocol: str, peer: Peer) -> None:
        began = time.monotonic()
        try:
            await self._adapters[protocol].serve(peer)
            if peer.stopping and not peer.finished.is_set():
                peer.name_end("drained")
            peer.close()
            await peer.gone.wait()
        except ProtocolError as error:
            peer.name_end(f"bad bytes: {error}")
            peer.close()
            await peer.gone.wait()
        except asyncio.CancelledError:
            peer.name_end("drained")
        except Exception as error:
            peer.end = "crash"
            log.error("crash", protocol=protocol, address=peer.address, exc_info=error)
        finally:
            peer.drop()
            self._peers[protocol].discard(peer)
            self._addresses[protocol, peer.address] -= 1
            if not self._addresses[protocol, peer.address]:
                del self._addresses[protocol, peer.address]
            self._figures.open.labels(protocol).dec()
            self._tell(protocol, peer, time.monotonic() - began)

    def _tell(self, protocol: str, peer: Peer, seconds: float) -> None:
        """One line a connection, and its figures."""
        self._figures.connections.labels(protocol, peer.end.partition(":")[0]).inc()
        self._figures.bytes.labels(protocol, "in").inc(peer.received)
        self._figures.bytes.labels(protocol, "out").inc(peer.sent)
        log.info(
            "connection",
            protocol=protocol,
            address=peer.address,
            tls=peer.tls,
            end=peer.end,
            seconds=round(seconds, 3),
            messages=peer.messages,
            bytes_in=peer.received,
            bytes_out=peer.sent,
        )

    async def _look_after(self) -> None:
        """Cut those that are silent inside a message, and those that do not take what was written."""
        limits = self._limits
        pause = min(MOST_LOOK, max(LEAST_LOOK, min(limits.silence, limits.stall) / LOOKS_A_SILENCE))
        while True:
            await asyncio.sleep(pause)
            now = asyncio.get_running_loop().time()
            for peers in self._peers.values():
                for peer in tuple(peers):
                    if late := peer.late(now, limits.silence, limits.stall):
                        peer.cut(late)


def make_room(peers: set[Peer], address: str = "") -> bool:
    """Where a limit is reached, a newcomer takes the place of the oldest client that never said a word."""
    quiet = [peer for peer in peers if not peer.received and (not address or peer.address == address)]
    if quiet:
        oldest = min(quiet, key=lambda peer: peer.since)
        oldest.cut("made room")
        peers.discard(oldest)
    return bool(quiet)


def may_enter(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether a client of that address may come in: always from this machine, else by the networks."""
    try:
        given = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(given, "ipv4_mapped", None)
    given = mapped or given
    return given.is_loopback or any(given in network for network in networks)


def bind(settings: LegacySettings, protocols: tuple[str, ...], context: ssl.SSLContext | None) -> list[Door]:
    """The sockets of all protocols, bound and not listening. Raises ValueError for a port that is taken."""
    doors: list[Door] = []
    wanted: list[tuple[str, int, ssl.SSLContext | None, str]] = []
    for protocol in protocols:
        wanted.append((protocol, settings.plain_port(protocol), None, "PORT"))
        if context is not None:
            wanted.append((protocol, settings.tls_port(protocol), context, "TLS_PORT"))
    for protocol, port, door_context, suffix in wanted:
        setting = f"DARKROOM_LEGACY_{protocol.upper()}_{suffix}"
        try:
            doors.append(Door(protocol, _bound(settings.host, port, setting), door_context))
        except ValueError:
            for door in doors:
                door.socket.close()
            raise
    return doors


def _bound(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        raise ValueError(f"port {port} at {host} {why}; {setting} sets another one") from None
    bound.setblocking(False)  # noqa: FBT003 - the socket module's own
    return bound
