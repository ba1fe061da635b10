"""The old Tk image client, as protocols/imagestore.md tells of it."""

import socket
from collections.abc import Callable

READ_BYTES = 4069
Address = tuple[str, int]
Connect = Callable[[], socket.socket]
TIMEOUT = 30.0


class ImageClient:
    """One command a connection; `connect` opens it, plain or otherwise."""

    def __init__(self, address: Address, connect: Connect | None = None) -> None:
        self._connect = connect or (lambda: socket.create_connection(address, TIMEOUT))

    def save(self, name: str, content: bytes) -> None:
        """Send header and bytes at once; the server closes when it has stored them."""
        with self._connect() as connection:
            connection.sendall(f"save,{name},{len(content)}".encode() + content)
            assert connection.recv(READ_BYTES) == b""

    def listing(self) -> list[str]:
        """The names: one read of 4,069 bytes, with `[`, `]` and `'` taken out."""
        with self._connect() as connection:
            connection.sendall(b"list, N/A, N/A")
            text = connection.recv(READ_BYTES).decode()
        for sign in "[]'":
            text = text.replace(sign, "")
        return text.split(", ") if text else []

    def fetch(self, name: str) -> tuple[str, int, bytes]:
        """Name, size and bytes. Raises ValueError when the first read is not a header and nothing else."""
        with self._connect() as connection:
            connection.sendall(f"return,{name},N/A".encode())
            header = connection.recv(READ_BYTES).decode()
            found, size = header.split(",")
            pieces = []
            while piece := connection.recv(READ_BYTES):
                pieces.append(piece)
        return found, int(size), b"".join(pieces)
