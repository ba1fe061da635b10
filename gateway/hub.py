"""`/ws`: one socket for the events of all services."""

import asyncio
from collections.abc import Iterable
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Message, Receive, Scope, Send

from gateway.access import Access
from gateway.client import REVOKED, TOO_BIG, Client, QueueLimits
from gateway.connections import Connections, NotReady
from gateway.credentials import SUBPROTOCOL
from gateway.keys import Keys
from gateway.ring import Ring
from gateway.settings import GatewaySettings
from gateway.stream import Stream
from gateway.tail import Source
from gateway.topics import BadPattern, Segments, parse_pattern
from shared.contracts.sockets import ClientMessage, SocketError, Subscribed
from shared.errors import DarkroomError, Unavailable
from shared.logging import get_logger
from shared.web.middleware import new_request_id
from shared.web.problems import problem_response

KEY_CHECK_SECONDS = 0.5
log = get_logger("hub")
parse = lru_cache(4096)(parse_pattern)  # clients ask for the same few topics: they share them


class BadMessage(Exception):
    """Raised for a message that is not understood; told to the client, who may go on."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.told = {"error": SocketError(code=code, detail=detail).model_dump()}


class Hub:
    """Admits clients, reads what they ask for, and joins them to the services' streams."""

    def __init__(
        self,
        settings: GatewaySettings,
        access: Access,
        keys: Keys,
        connections: Connections,
    ) -> None:
        self._settings = settings
        self._access = access
        self._keys = keys
        self._limits = QueueLimits(settings.socket_queue_events, settings.socket_queue_bytes)
        self._clients: set[Client] = set()
        self.streams = {
            name: make_stream(settings, Source(upstream, connections, _token(settings)))
            for name, upstream in settings.upstreams.items()
        }

    def count(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    async def check(self) -> None:
        """Raises NotReady until every service's stream was found: what happens before reaches nobody."""
        if waiting := [name for name, stream in self.streams.items() if stream.position is None]:
            raise NotReady(f"no events yet from {', '.join(waiting)}")

    async def run(self) -> None:
        """Follow the services, and close the sockets of keys that end, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for stream in self.streams.values():
                group.create_task(stream.run())
            group.create_task(self._watch_keys())

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from handshake to end."""
        await receive()  # websocket.connect
        try:
            caller, head = await self._access.admit_socket(scope)
            if len(self._clients) >= self._settings.max_sockets:
                raise Unavailable(
                    "too many WebSockets", code="too_many_sockets", headers={"Retry-After": "10"}
                )
        except DarkroomError as error:
            await problem_response(error, new_request_id())(scope, receive, send)
            return
        protocol = SUBPROTOCOL if head.subprotocol else None
        await send({"type": "websocket.accept", "subprotocol": protocol})
        client = Client(send, caller.credential, self._limits)
        del scope, head, protocol, caller  # thousands of these frames wait here
        self._clients.add(client)
        try:
            await self._listen(client, receive)
        finally:
            self._clients.discard(client)
            client.stop()
            held = list(client.subscriptions.values())
            client.subscriptions.clear()
            self._leave(client, held)

    async def _listen(self, client: Client, receive: Receive) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            if client.closing:
                continue
            try:
                self._take(client, self._read(message))
            except BadMessage as error:
                client.tell(error.told)
            except TooBig:
                client.close(TOO_BIG, f"a message has at most {self._settings.socket_message_bytes} bytes")
            del message

    def _read(self, message: Message) -> ClientMessage:
        text = message.get("text")
        if text is None:
            raise BadMessage("bad_message", "messages are text")
        limit = self._settings.socket_message_bytes
        if len(text) > limit or len(text.encode()) > limit:
            raise TooBig
        try:
            return ClientMessage.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadMessage("bad_message", f"{where}: {first['msg']}" if where else first["msg"]) from None

    def _take(self, client: Client, message: ClientMessage) -> None:
        if message.unsubscribe is not None:
            dropped = [client.subscriptions.pop(topic, None) for topic in message.unsubscribe]
            self._leave(client, [pattern for pattern in dropped if pattern is not None])
            client.tell({"unsubscribed": message.unsubscribe})
        if message.subscribe is not None:
            self._subscribe(client, message)

    def _subscribe(self, client: Client, message: ClientMessage) -> None:
        new = self._parse_new(client, message)
        client.subscriptions.update(new)
        concerned = [
            (stream, wanted)
            for stream in self.streams.values()
            if (wanted := [pattern for pattern in new.values() if stream.is_meant(pattern)])
        ]
        cursor = {stream.service: stream.position for stream, _ in concerned if stream.position is not None}
        cursor.update({service: at for service, at in message.after.items() if service in self.streams})
        client.tell(Subscribed(subscribed=message.subscribe or [], cursor=cursor).model_dump())
        for stream, wanted in concerned:
            if stream.service in message.after:
                client.start_replay(stream.replay(client, wanted, message.after[stream.service]))
            else:
                stream.join(client, wanted)

    def _parse_new(self, client: Client, message: ClientMessage) -> dict[str, Segments]:
        for service in message.after:
            if service not in self.streams:
                raise BadMessage("unknown_service", f"{service!r}; these are: {', '.join(self.streams)}")
        try:
            asked = {topic: parse(topic) for topic in message.subscribe or []}
        except BadPattern as error:
            raise BadMessage("bad_topic", str(error)) from None
        limit = self._settings.socket_subscriptions
        if len(client.subscriptions.keys() | asked.keys()) > limit:
            raise BadMessage("too_many_subscriptions", f"at most {limit} on one socket")
        return {topic: pattern for topic, pattern in asked.items() if topic not in client.subscriptions}

    def _leave(self, client: Client, patterns: Iterable[Segments]) -> None:
        gone = list(patterns)
        for stream in self.streams.values():
            stream.leave(client, gone)

    async def _watch_keys(self) -> None:
        while True:
            await asyncio.sleep(KEY_CHECK_SECONDS)
            shown = {client.credential for client in self._clients if client.credential}
            if not shown:
                continue
            try:
                good = await self._keys.still_valid(shown)
            except (SQLAlchemyError, DarkroomError) as error:
                log.warning("keys not checked", reason=str(error))
                continue
            for client in [c for c in self._clients if c.credential and c.credential not in good]:
                if client.credential in shown:
                    client.close(REVOKED, "the key is not valid any more")


def make_stream(settings: GatewaySettings, source: Source) -> Stream:
    """A service's stream, with as long a memory as is set."""
    ring = Ring(settings.remembered_events, settings.remembered_bytes)
    return Stream(source, ring, history=settings.remembered_events // 2)


def _token(settings: GatewaySettings) -> str:
    return settings.service_token.get_secret_value()


class TooBig(Exception):
    """Raised for a message over the limit, where the server has let it through."""
