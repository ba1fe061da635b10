"""The one pool of connections to the services, for the time that the app runs."""

import asyncio
import socket
from contextlib import suppress

import aiohttp

from gateway.replicas import ReplicaResolver
from gateway.settings import GatewaySettings, Upstream

# Below the services' own keep-alive (75 s): a connection from the pool is then not just being closed over
# there, which a POST, that is never sent twice, would be lost on.
KEEP_ALIVE_SECONDS = 15.0
READ_BYTES = 256 * 1024  # read ahead for one slow client; at the most about twice this
CLOSE_SECONDS = 1.0
ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class NotReady(Exception):
    """Raised by a check when a service says that it is not ready."""


class Connections:
    """Opened and closed by the app's lifespan; aiohttp wants a running loop for both."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The client. Nothing is decoded, kept or followed that a client of ours should see."""
        if self._session is None:
            raise RuntimeError("the app has not been started")
        return self._session

    def open(self) -> None:
        """Make the pool."""
        settings = self._settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                socket_factory=self._make_socket,
                resolver=ReplicaResolver(settings.upstreams.values()),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=ADDED_BY_AIOHTTP,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=settings.connect_seconds, sock_read=settings.read_seconds
            ),
            read_bufsize=READ_BYTES,
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of every connection; one whose service takes nothing any more is not waited for."""
        if self._session is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._session.close()
            self._session = None

    def _make_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket that the kernel gives up when the other side takes nothing for as long as we wait.

        A close waits for what was written: without this, what a stuck service never reads stays for ever.
        """
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            milliseconds = int(self._settings.read_seconds * 1000)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        return made

    async def check(self, upstream: Upstream) -> None:
        """Raises NotReady, or what the client raises, unless the service is ready."""
        async with self.session.get(f"{upstream.url}/readyz") as answer:
            if answer.status != 200:
                raise NotReady(f"{upstream.name} answers {answer.status}")
