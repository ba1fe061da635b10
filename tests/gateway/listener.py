"""A WebSocket client for tests."""

import json
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.gateway.serving import Serving

TIMEOUT = 15.0
QUIET = 0.4  # how long nothing has to come for nothing to be coming


class Listener:
    """One socket, and what came over it."""

    def __init__(self, gateway: Serving, key: str = "", **options: Any) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        options.setdefault("max_queue", None)  # with a limit, leaving waits for what has not been read
        headers.update(options.pop("additional_headers", {}))
        address = f"ws://127.0.0.1:{gateway.port}/ws"
        self._connect = connect(address, additional_headers=headers, proxy=None, **options)
        self.socket: ClientConnection = self._connect.__enter__()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._connect.__exit__(None, None, None)

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps(message))

    def hear(self, timeout: float = TIMEOUT) -> dict[str, Any]:
        """The next message."""
        heard: dict[str, Any] = json.loads(self.socket.recv(timeout))
        return heard

    def subscribe(self, *topics: str, after: int | None = None) -> dict[str, Any]:
        """Subscribe, and the answer."""
        message: dict[str, Any] = {"subscribe": list(topics)}
        if after is not None:
            message["after"] = {"imagestore": after}
        self.say(**message)
        return self.hear()

    def names(self, count: int) -> list[str]:
        """The names in the next so many events."""
        return [name_of(self.hear()) for _ in range(count)]

    def is_quiet(self) -> bool:
        """Whether nothing more comes."""
        try:
            self.socket.recv(QUIET)
        except TimeoutError:
            return True
        return False

    def rest(self) -> tuple[list[dict[str, Any]], int, str]:
        """What comes until the server closes; the code and the reason of that."""
        heard = []
        while True:
            try:
                heard.append(self.hear())
            except ConnectionClosed as end:
                close = end.rcvd
                break
        assert close is not None
        return heard, close.code, close.reason

    def closed(self) -> tuple[int, str]:
        """The code and the reason of the server's close."""
        return self.rest()[1:]


def name_of(event: dict[str, Any]) -> str:
    """What an event is about."""
    return str(event["subject"]).removeprefix("images/")


def sequence_of(event: dict[str, Any]) -> int:
    """An event's place."""
    return int(event["id"].removeprefix("imagestore:"))
