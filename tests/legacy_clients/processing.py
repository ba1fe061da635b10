"""The old Streamlit app, as protocols/processing.md tells of it: it reads 4,096 bytes at most at a time."""

import socket
import time
from collections.abc import Callable, Sequence

SENT, END = b"###%Image_Sent%", b"###%Image_End%"
GOT_IT = b"I got the file"
PIECE = 4096
Address = tuple[str, int]
TIMEOUT = 60.0


class ProcessingClient:
    """Sends a batch, then reads its results, looking for the marker in each read alone."""

    def __init__(self, address: Address, connect: Callable[[], socket.socket] | None = None) -> None:
        self.connection = connect() if connect else socket.create_connection(address, TIMEOUT)

    def close(self, *, politely: bool = True) -> None:
        """End the connection, with a word or without."""
        if politely:
            self.connection.sendall(b"Close_Connection")
        self.connection.close()

    def upload(self, images: Sequence[tuple[bytes, int]]) -> None:
        """Each image, then a read that is exactly `I got the file`, then its operation; at last the end."""
        for content, operation in images:
            self.send_image(content)
            self.connection.sendall(str(operation).encode())
        self.connection.sendall(END)

    def send_image(self, content: bytes) -> None:
        """One image, without its operation."""
        self.connection.sendall(content + SENT)
        assert self.connection.recv(PIECE) == GOT_IT

    def read_one(self, pause: float = 0.0) -> bytes:
        """As when one image is processed: the marker must lie whole in one read."""
        received = b""
        while True:
            piece = self._read(pause)
            received += piece
            if SENT in piece:
                self.connection.sendall(GOT_IT)
                return received.partition(SENT)[0]

    def read_all(self, count: int, pause: float = 0.0) -> list[bytes]:
        """As when all are processed: the marker, moreover, neither in the first read nor at its beginning."""
        results = []
        for _ in range(count):
            received = self._read(pause)
            first = True
            while True:
                piece = received if first else self._read(pause)
                first = False
                if piece is not received:
                    received += piece
                    if piece.find(SENT) > 0:
                        break
            results.append(received.partition(SENT)[0])
            self.connection.sendall(GOT_IT)
        return results

    def _read(self, pause: float) -> bytes:
        time.sleep(pause)
        piece = self.connection.recv(PIECE)
        if not piece:
            raise ConnectionError("the server closed before the marker was seen")
        return piece
