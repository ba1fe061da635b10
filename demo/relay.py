"""The way to a simulated camera: bytes go through as they are, later if wanted, slower, or not at all."""

import asyncio
from contextlib import suppress

PIECE = 64 * 1024
QUEUE = 256


class Relay:
    """Listens, and passes all on: `delay` seconds a round trip later, at `rate` bytes a second (0: any)."""

    def __init__(self, host: str, port: int, behind: int) -> None:
        self.host = host
        self.port = port
        self.delay = 0.0
        self.rate = 0
        self._behind = behind
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; with port 0 at a free one."""
        self._server = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop_answering(self) -> None:
        """Keep every connection, and pass nothing on."""
        self._open.clear()

    def go_on(self) -> None:
        """Pass on again, also what came meanwhile."""
        self._open.set()

    def cut(self) -> None:
        """Break every connection."""
        for connection in self._connections:
            connection.cancel()

    async def close(self) -> None:
        """Break every connection, and take no more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        behind: asyncio.StreamWriter | None = None
        try:
            answers, behind = await asyncio.open_connection("127.0.0.1", self._behind)
            there = asyncio.create_task(self._pass_on(reader, behind))
            back = asyncio.create_task(self._pass_on(answers, writer))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            return
        finally:
            self._connections.discard(task)
            for one in filter(None, (writer, behind)):
                one.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What is read is due half a round trip later; what is read meanwhile is not delayed by that."""
        loop = asyncio.get_running_loop()
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE)

        async def read() -> None:
            while data := await reader.read(PIECE):
                await due.put((loop.time() + self.delay / 2, data))
            await due.put((loop.time() + self.delay / 2, b""))

        reading = asyncio.create_task(read())
        try:
            while True:
                moment, data = await due.get()
                wait = moment - loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                await self._open.wait()
                if not data:
                    return
                writer.write(data)
                await writer.drain()
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
        except OSError:
            return
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await reading
