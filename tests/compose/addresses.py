"""Ports beside one another, and one address in front of several."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from tests.scripts.stack_process import free_port

PIECE = 64 * 1024


def adjacent_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody has at the moment."""
    while True:
        first = free_port()
        if all(_is_free(port) for port in range(first, min(first + count, 65536))):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
        return False


class Balancer:
    """Connections to one port go to several others in turn, as a proxy with TLS in front would send them."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = itertools.cycle(targets)
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        await self._abort()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
        await self._abort()  # those that were still being made

    async def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()
        await asyncio.sleep(0.05)  # a transport lets go of its socket a turn of the loop later

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            there_reads, there_writes = await asyncio.open_connection("127.0.0.1", next(self._targets))
            self._writers.append(there_writes)
            try:
                await asyncio.gather(_pass_on(reader, there_writes), _pass_on(there_reads, writer))
            finally:
                there_writes.close()
        except OSError:
            pass
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the sender says no more; then the receiver is told so."""
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
