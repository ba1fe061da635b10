"""A lean HTTP client: connections that stay open, one thread each, so that it costs the servers little."""

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

_PIECE = 1 << 18


class Connection:
    """One connection that stays open."""

    def __init__(self, base: str, headers: Mapping[str, str] | None = None) -> None:
        url = urlsplit(base)
        if url.hostname is None or url.port is None:
            raise ValueError(f"an address with a port is needed, not {base}")
        self._socket = socket.create_connection((url.hostname, url.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = {"Host": url.netloc, **(headers or {})}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    def get(self, target: str) -> bytes:
        """The body at a path with its query. Raises ConnectionError for any status but 200."""
        self._socket.sendall(f"GET {target} HTTP/1.1\r\n{self._headers}\r\n".encode())
        return self._answer({b"200"})

    def put(self, target: str, body: bytes) -> bytes:
        """The body of the answer. Raises ConnectionError for any status but 200, 201 and 204."""
        return self._send("PUT", target, body)

    def post(self, target: str, body: bytes) -> bytes:
        """The same for a POST."""
        return self._send("POST", target, body)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _send(self, method: str, target: str, body: bytes) -> bytes:
        head = f"{method} {target} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        return self._answer({b"200", b"201", b"204"})

    def _answer(self, wanted: set[bytes]) -> bytes:
        head, body = self._socket.recv(_PIECE), b""
        while b"\r\n\r\n" not in head:
            head += self._more()
        head, body = head.split(b"\r\n\r\n", 1)
        status = head.split(b" ", 2)[1]
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        pieces, missing = [body], length - len(body)
        while missing > 0:
            pieces.append(self._more())
            missing -= len(pieces[-1])
        if status not in wanted:
            raise ConnectionError(f"status {status.decode()}: {b''.join(pieces)[:200]!r}")
        return b"".join(pieces)

    def _more(self) -> bytes:
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return piece


def rate(connections: Sequence[Connection], targets: Sequence[str]) -> float:
    """Answers a second when the connections ask for all targets, each for the next one that is left."""
    left = iter(targets)
    lock = threading.Lock()
    failures: list[OSError] = []

    def ask(connection: Connection) -> None:
        try:
            while True:
                with lock:
                    target = next(left, None)
                if target is None:
                    return
                connection.get(target)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(connection,)) for connection in connections]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return len(targets) / (time.perf_counter() - start)
