"""A bad link: a proxy on loopback that passes bytes on in small segments, each after a pause."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self


class Link:
    """Stands before `target`; `address` is where clients connect to."""

    def __init__(self, target: tuple[str, int], *, segment: int = 1460, pause: float = 0.0) -> None:
        self._target = target
        self._segment = segment
        self._pause = pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._threads: list[threading.Thread] = []
        self._sockets = [self._listener]
        self._ended = False
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        socket.create_connection(self.address).close()  # wakes the thread that waits in accept
        for thread in self._threads:
            thread.join(30)
        for one in self._sockets:
            one.close()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self._sockets.append(client)
            if self._ended:
                return
            server = socket.create_connection(self._target)
            self._sockets.append(server)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._pass_on, client, server)
            self._start(self._pass_on, server, client)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        """What comes, in segments; then the end of it."""
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                for at in range(0, len(data), self._segment):
                    sink.sendall(data[at : at + self._segment])
                    time.sleep(self._pause)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
