"""A client that says exactly what the test says."""

import socket
from dataclasses import dataclass

TIMEOUT = 20.0


@dataclass
class Answer:
    """A response as it came: 1xx ones are separate answers."""

    status: int
    headers: dict[str, str]
    body: bytes


class RawClient:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._buffer = b""

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def ask(self, method: str, target: str, *headers: str, key: str = "", host: str = "localhost") -> None:
        """Send the head of a request."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
        if key:
            lines.append(f"Authorization: Bearer {key}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def read_head(self) -> Answer:
        """The next response's head."""
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Answer(int(first.split(" ")[1]), headers, b"")

    def read(self, *, no_body: bool = False) -> Answer:
        """The next response, whole. Raises ConnectionError when it is cut."""
        answer = self.read_head()
        if not no_body and answer.status >= 200 and answer.status not in {204, 304}:
            answer.body = self._read_body(answer)
        return answer

    def is_closed(self) -> bool:
        """Wait for what comes next: True when it is the end of the connection."""
        try:
            return self._buffer == b"" and self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _read_body(self, answer: Answer) -> bytes:
        if answer.headers.get("transfer-encoding") != "chunked":
            return self._take(int(answer.headers["content-length"]))
        body = b""
        while size := int(self._line(), 16):
            body += self._take(size)
            self._take(2)
        self._take(2)
        return body

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _receive(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("cut")
        self._buffer += data
