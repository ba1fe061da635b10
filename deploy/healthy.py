"""An image's health check: 0 when /readyz of the service in this container answers 200.

Run every few seconds in every container, so it imports as little as it can: about 20 ms.
"""

import os
import socket
import sys

PORTS = {
    "gateway": 8000,
    "tagging": 8001,
    "imagestore": 8002,
    "processing": 8003,
    "sdcard": 8004,
    "legacy": 8005,
}
REQUEST = b"GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n"
SECONDS = 8.0


def answers(port: int, path: str) -> bool:
    """Whether a GET of the path is answered with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(REQUEST % path.encode())
            return connection.recv(32).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    """Without arguments the service; with a port and a path whatever answers there."""
    if arguments:
        return 0 if answers(int(arguments[0]), arguments[1]) else 1
    service = os.environ["SERVICE"]
    port = os.environ.get(f"DARKROOM_{service.upper()}_PORT") or PORTS[service]
    return 0 if answers(int(port), "/readyz") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
