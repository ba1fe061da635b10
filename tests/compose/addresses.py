"""Ports beside one another, and one address in front of several."""

import itertools
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

PIECE = 64 * 1024


class Balancer:
    """Connections to one port go to several others in turn, as a proxy with TLS in front would send them."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = itertools.cycle(targets)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._over = False

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes who waits in accept
        while self._threads:
            with self._lock:
                for each in self._open:
                    _shut(each, socket.SHUT_RDWR)
                thread = self._threads.pop()
            thread.join(10)
        for each in (*self._open, self._listener):
            each.close()

    def _run(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._over:
                here, _ = self._listener.accept()
                self._open.append(here)
                with suppress(OSError):
                    there = socket.create_connection(("127.0.0.1", next(self._targets)))
                    self._open.append(there)
                    self._run(_pass_on, here, there)
                    self._run(_pass_on, there, here)
                    continue
                _shut(here, socket.SHUT_RDWR)  # nobody is there at the moment


def _pass_on(sender: socket.socket, receiver: socket.socket) -> None:
    """Until the sender says no more; then the receiver is told so."""
    with suppress(OSError):
        while piece := sender.recv(PIECE):
            receiver.sendall(piece)
    _shut(receiver, socket.SHUT_WR)


def _shut(one: socket.socket, how: int) -> None:
    with suppress(OSError):
        one.shutdown(how)
