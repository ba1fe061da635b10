"""The old servers' work done barely: `python -m bench.old_servers images|store PORT FOLDER`."""

import asyncio
import os
import socket
import socketserver
import struct
import sys
import time
from pathlib import Path

PAUSE = 0.03
HEAD = struct.Struct(">BBBII")


async def serve_images(port: int, folder: Path) -> None:
    """Reads the file of a row, which has its name, and answers the frame of the tagging protocol."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await reader.readexactly(6)
                index = int.from_bytes(request[2:], "big")
                content = (folder / str(index)).read_bytes()
                writer.write(HEAD.pack(0xFF, 1, 0, index, len(content)) + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


class StoreHandler(socketserver.BaseRequestHandler):
    """Saves with fsync, and returns, with the pause of the protocol, which is not counted."""

    folder: Path

    def handle(self) -> None:
        """One command."""
        connection: socket.socket = self.request
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = connection.recv(65_536)
        command, name, rest = data.split(b",", 2)
        path = self.folder / name.decode()
        if command == b"return":
            content = path.read_bytes()
            connection.sendall(b"%b,%d" % (name, len(content)))
            time.sleep(PAUSE)
            connection.sendall(content)
            return
        digits = len(rest) - len(rest.lstrip(b"0123456789"))
        size, pieces = int(rest[:digits]), [rest[digits:]]
        missing = size - len(pieces[0])
        while missing > 0:
            pieces.append(connection.recv(262_144))
            missing -= len(pieces[-1])
        with path.open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())


def main() -> None:
    """Serve until ended."""
    kind, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if kind == "images":
        asyncio.run(serve_images(port, folder))
        return
    StoreHandler.folder = folder
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), StoreHandler) as server:
        server.daemon_threads = True
        server.serve_forever()


if __name__ == "__main__":
    main()
