"""A program on the event socket, as one would write it with the websockets library."""

import json
import socket
from collections.abc import Callable
from typing import Any, Protocol, Self

from websockets.sync.client import connect

TIMEOUT = 20.0


class Reachable(Protocol):
    """A stack, as far as a program needs it."""

    @property
    def gateway_url(self) -> str:
        """Where the gateway is."""

    @property
    def key(self) -> str:
        """What opens it."""


class Program:
    """Subscribes, remembers the place of the last event it has seen, and can be cut off."""

    def __init__(self, stack: Reachable, *topics: str, after: int | None = None) -> None:
        url = stack.gateway_url.replace("http", "ws", 1) + "/ws"
        key = {"Authorization": f"Bearer {stack.key}"}
        self._connect = connect(url, additional_headers=key, proxy=None, max_queue=None)
        self.socket = self._connect.__enter__()
        wanted: dict[str, Any] = {"subscribe": list(topics)}
        if after is not None:
            wanted["after"] = {"imagestore": after}
        self.socket.send(json.dumps(wanted))
        self.subscribed = self.hear()
        self.seen: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connect.__exit__(None, None, None)

    @property
    def place(self) -> int:
        """The sequence of the last event seen, or where the subscription began."""
        if self.seen:
            return sequence(self.seen[-1])
        return int(self.subscribed["cursor"]["imagestore"])

    def hear(self) -> dict[str, Any]:
        """The next message."""
        heard: dict[str, Any] = json.loads(self.socket.recv(TIMEOUT))
        return heard

    def listen(self, count: int, about: Callable[[str], bool] = bool) -> list[dict[str, Any]]:
        """Events, until `count` more of those have come whose subject is wanted."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            event = self.hear()
            if "type" in event:
                self.seen.append(event)
                found += [event] if about(event["subject"]) else []
            else:
                assert event.keys() <= {"cursor"}, event
        return found

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.socket.socket.shutdown(socket.SHUT_RDWR)


def sequence(event: dict[str, Any]) -> int:
    """An event's place in the image store's stream."""
    return int(event["id"].removeprefix("imagestore:"))
