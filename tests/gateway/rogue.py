"""An upstream that does as it is told, byte for byte, well or badly."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from demo.ports import free_port
from tests.gateway.serving import Background

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Behaviour = Callable[["Asked", Reader, Writer], Awaitable[None]]


@dataclass
class Asked:
    """One request head as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    raw: bytes
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def all(self, name: str) -> list[str]:
        """The values of a header, in their order."""
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: str) -> str:
        """The one value of a header, or nothing."""
        return ", ".join(self.all(name))


class Rogue:
    """Listens on a port; `behave` decides what each request on a connection gets."""

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked: list[Asked] = []
        self.connections = 0
        self.errors: list[BaseException] = []
        self._stopped = False
        self._background = Background()
        self._server: asyncio.Server = self._background.run(
            asyncio.start_server(self._serve, "127.0.0.1", self.port)
        )

    def stop(self) -> None:
        """Listen no more, and cut every connection."""

        async def close() -> None:
            self._server.close()

        if not self._stopped:
            self._stopped = True
            self._background.run(close())
            self._background.stop()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        asked: Asked | None = None
        try:
            while not reader.at_eof():
                asked = parse(await reader.readuntil(b"\r\n\r\n"))
                if asked.target.startswith("/v1/events"):  # the hub's, which is not what is tested here
                    writer.write(answer(b"", status="404 Not Found"))
                    continue
                self.asked.append(asked)
                await self.behave(asked, reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError) as error:
            self.errors.append(error)
        finally:
            if asked is not None:
                asked.closed.set()
            writer.close()


RogueWith = Callable[[Behaviour], Rogue]


def parse(raw: bytes) -> Asked:
    """A request head from its bytes."""
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Asked(method, target, headers, raw)


def answering(raw: bytes) -> Behaviour:
    """Reads a body of known length, then answers with these bytes."""

    async def behave(asked: Asked, reader: Reader, writer: Writer) -> None:
        length = int(asked.header("content-length") or 0)
        if length:
            await reader.readexactly(length)
        writer.write(raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if asked.method == "HEAD" else raw)

    return behave


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """The bytes of a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def read_chunked(reader: Reader) -> tuple[bytes, bool]:
    """A chunked body, and whether it came to its proper end."""
    body = b""
    try:
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    except asyncio.IncompleteReadError:
        return body, False
    return body, True
