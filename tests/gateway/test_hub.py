"""The event socket, end to end: a service's rows, its stream, the gateway, and WebSocket clients."""

import json
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from tests.gateway.event_service import ServeEvents
from tests.gateway.listener import Listener, name_of, sequence_of
from tests.gateway.raw import RawClient
from tests.gateway.rogue import RogueWith, answer, answering
from tests.gateway.serving import GatewayTo, Serving, wait_until

UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.fixture
def gateway_to(gateway_to: GatewayTo) -> GatewayTo:
    """Gateways that know where the service's events stand: what happens before reaches nobody."""

    def make(url: str, *, followed: bool = True, **given: Any) -> tuple[Serving, str]:
        gateway, key = gateway_to(url, **given)
        stream = gateway.app._hub.streams["imagestore"]  # type: ignore[attr-defined]
        if followed:
            wait_until(lambda: stream.position is not None)
        return gateway, key

    return make


def test_an_event_reaches_all_who_asked_for_it_as_it_was_written(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as one, Listener(gateway, key) as two, Listener(gateway, key) as other:
        assert one.subscribe("imagestore.image.*") == {
            "subscribed": ["imagestore.image.*"],
            "cursor": {"imagestore": 0},
        }
        two.subscribe("imagestore.image.b.jpg.created", "imagestore.*.deleted")
        other.subscribe("tagging.*")
        service.emit("a", "b.jpg", "c")
        events = [one.hear() for _ in range(3)]
        assert [name_of(event) for event in events] == ["a", "b.jpg", "c"]
        assert events[0]["specversion"] == "1.0"
        assert events[0]["id"] == "imagestore:1"
        assert events[0]["type"] == "imagestore.image.created"
        assert events[0]["subject"] == "images/a"
        assert events[0]["data"] == {"padding": ""}
        assert two.names(1) == ["b.jpg"]
        assert two.is_quiet()
        assert other.is_quiet()


def test_a_topic_matched_twice_is_one_event(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("*", "imagestore.*", "imagestore.image.created", "imagestore.image.*.created")
        service.emit("a")
        assert client.names(1) == ["a"]
        assert client.is_quiet()


def test_unsubscribing_ends_it(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.image.created", "imagestore.image.deleted")
        client.say(unsubscribe=["imagestore.image.created", "never.asked"])
        assert client.hear() == {"unsubscribed": ["imagestore.image.created", "never.asked"]}
        service.emit("a")
        service.emit("b", kind="image.deleted")
        assert client.names(1) == ["b"]


def test_who_comes_back_gets_what_was_missed_and_then_what_happens(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*")
        service.emit("a", "b")
        cursor = sequence_of([client.hear(), client.hear()][0])
    service.emit("c", "d")
    with Listener(gateway, key) as client:
        assert client.subscribe("imagestore.*", after=cursor)["cursor"] == {"imagestore": cursor}
        assert client.names(3) == ["b", "c", "d"]
        service.emit("e")
        assert client.names(1) == ["e"]
        assert client.is_quiet()


def test_what_the_gateway_does_not_remember_comes_from_the_service(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    service.emit(*[f"n{number}" for number in range(1, 1301)])
    gateway, key = gateway_to(service.url, remembered_events=20)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*", after=3)
        assert client.names(1297) == [f"n{number}" for number in range(4, 1301)]
        service.emit("live")
        assert client.names(1) == ["live"]


def test_nothing_is_missed_or_doubled_while_events_go_on(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url, remembered_events=16)
    total = 1500
    names = [f"n{number}" for number in range(1, total + 1)]

    def emit() -> None:
        for start in range(0, total, 5):
            service.emit(*names[start : start + 5])

    writing = threading.Thread(target=emit)
    writing.start()
    heard: list[int] = []
    cursor = 0
    while cursor < total:  # comes back again and again, with what it has seen, in the midst of it all
        with Listener(gateway, key) as client:
            client.subscribe("imagestore.image.*", after=cursor)
            heard += [sequence_of(client.hear()) for _ in range(min(130, total - cursor))]
            cursor = heard[-1]
    writing.join()
    assert heard == list(range(1, total + 1))


def test_a_burst_is_not_a_slow_reader(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url, socket_queue_events=2)
    with Listener(gateway, key, max_queue=None) as client:
        client.subscribe("imagestore.*")
        names = [f"n{number}" for number in range(1000)]
        service.emit(*names)  # one transaction: they come to the gateway all at once
        assert client.names(1000) == names


def test_two_subscriptions_with_a_past_do_not_double_events(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    service.emit("a")
    service.emit("b", kind="image.deleted")
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.image.created", after=0)
        assert client.names(1) == ["a"]
        client.subscribe("imagestore.*", after=0)
        assert client.names(1) == ["b"]
        service.emit("c")
        assert client.names(1) == ["c"]
        assert client.is_quiet()


def test_a_past_that_is_no_longer_kept_is_a_reset(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    service.emit("a", "b", "c")
    service.forget()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*", after=1)
        assert client.hear() == {"reset": ["imagestore"], "cursor": {"imagestore": 3}}
        service.emit("d")
        assert client.names(1) == ["d"]


def test_a_cursor_from_another_life_is_a_reset(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    service.emit("a")
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*", after=118)
        assert client.hear() == {"reset": ["imagestore"], "cursor": {"imagestore": 1}}
        service.emit("b")
        assert client.names(1) == ["b"]


def test_a_service_that_restarts_is_found_again_and_nothing_is_missed(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*")
        service.emit("a")
        assert client.names(1) == ["a"]
        service.stop()
        service.emit("while away")
        service.start()
        assert client.names(1) == ["while away"]
        service.emit("after")
        assert client.names(1) == ["after"]
        assert client.is_quiet()


def test_a_service_that_has_lost_its_rows_resets_all_who_follow_it(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client, Listener(gateway, key) as other:
        client.subscribe("*")
        other.subscribe("tagging.*")
        service.emit("a", "b")
        assert client.names(2) == ["a", "b"]
        service.stop()
        service.begin_again()
        service.start()
        assert client.hear() == {"reset": ["imagestore"], "cursor": {"imagestore": 0}}
        service.emit("new")
        assert client.names(1) == ["new"]
        assert other.is_quiet()


def test_a_service_that_comes_later_is_told_with_its_cursor(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    service.emit("old")
    service.stop()
    gateway, key = gateway_to(service.url, followed=False)
    with Listener(gateway, key) as fresh, Listener(gateway, key) as back:
        assert fresh.subscribe("imagestore.*")["cursor"] == {}
        assert back.subscribe("imagestore.*", after=0)["cursor"] == {"imagestore": 0}
        service.start()
        assert fresh.hear() == {"cursor": {"imagestore": 1}}
        assert back.names(1) == ["old"]
        service.emit("new")
        assert fresh.names(1) == ["new"]
        assert back.names(1) == ["new"]


def test_one_stream_a_service_however_many_clients(
    serve_events: ServeEvents, gateway_to: GatewayTo, rogue_with: RogueWith
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    listeners = [Listener(gateway, key) for _ in range(30)]
    for listener in listeners:
        listener.subscribe("imagestore.*", after=0)
    service.emit("a")
    assert [listener.names(1) for listener in listeners] == [["a"]] * 30
    figures = httpx2.get(
        f"{service.url}/metrics", headers={"X-Darkroom-Service-Token": "token-between-services"}
    )
    assert "http_requests_under_way 2.0" in figures.text  # the gateway's stream, and this request
    for listener in listeners:
        listener.close()


def test_a_slow_reader_is_closed_and_others_are_served(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key, max_queue=1) as slow, Listener(gateway, key) as quick:
        quick.subscribe("imagestore.*")
        slow.subscribe("imagestore.*")
        heard: list[str] = []
        for round_ in range(40):  # 20 MB, which no buffer between us takes
            service.emit(*[f"{round_}-{number}" for number in range(10)], padding=50_000)
            heard += quick.names(10)
        assert heard == [f"{round_}-{number}" for round_ in range(40) for number in range(10)]
        seen, code, _ = slow.rest()
    assert code == 4008
    cursor = sequence_of(seen[-1])
    assert [sequence_of(event) for event in seen] == list(range(1, cursor + 1))  # no hole before the end
    with Listener(gateway, key) as back:  # and it misses nothing
        back.subscribe("imagestore.*", after=cursor)
        assert sequence_of(back.hear()) == cursor + 1


def test_one_that_reads_nothing_at_all_is_cut(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    clients = gateway.app._hub._clients  # type: ignore[attr-defined]
    with RawClient(gateway.port) as silent:
        silent.ask("GET", "/ws", *UPGRADE, key=key)
        assert silent.read_head().status == 101
        silent.send(b"\x81\x93\0\0\0\0" + b'{"subscribe":["*"]}')
        wait_until(lambda: clients)
        for _ in range(40):
            service.emit(*["x"] * 10, padding=50_000)
        wait_until(lambda: not clients)
        last = b""
        while data := silent.socket.recv(1 << 16):
            last = (last + data)[-100:]
    assert b"\x0f\xa8too slow" in last  # 4008 comes at the end of what had been sent before


def test_a_dead_peer_is_dropped_when_it_does_not_answer_pings(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url, socket_ping_seconds=0.2)
    with RawClient(gateway.port) as client:
        client.ask(
            "GET",
            "/ws",
            *UPGRADE,
            "Sec-WebSocket-Extensions: permessage-deflate",
            key=key,
        )
        head = client.read_head()
        assert head.status == 101
        assert "sec-websocket-extensions" not in head.headers  # no compression
        clients = gateway.app._hub._clients  # type: ignore[attr-defined]
        wait_until(lambda: clients)
        wait_until(lambda: not clients)


def test_draining_closes_with_1012(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*")
        gateway.begin_to_stop()
        assert client.closed()[0] == 1012
    gateway.join()


def test_a_gateway_that_restarts_serves_the_past_from_its_memory(
    serve_events: ServeEvents, tmp_path: Path, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    service.emit("a")
    gateway.stop()
    service.emit("b")
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.subscribe("imagestore.*", after=0)
        assert client.names(2) == ["a", "b"]
        service.emit("c")
        assert client.names(1) == ["c"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "bad_message"),
        ("[]", "bad_message"),
        ('{"subscribe": "imagestore.*"}', "bad_message"),
        ('{"subscribe": [1]}', "bad_message"),
        ('{"subscribe": ["a"], "after": {"imagestore": -1}}', "bad_message"),
        ('{"subscribe": ["a"], "after": {"imagestore": "7"}}', "bad_message"),
        ('{"subscribe": ["a"], "more": 1}', "bad_message"),
        ('{"subscribe": ["a..b"]}', "bad_topic"),
        ('{"subscribe": ["a"], "after": {"nothing": 7}}', "unknown_service"),
        (json.dumps({"subscribe": [f"a{number}" for number in range(101)]}), "too_many_subscriptions"),
    ],
)
def test_a_bad_message_is_told_and_the_socket_stays_open(
    serve_events: ServeEvents, gateway_to: GatewayTo, text: str, code: str
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    with Listener(gateway, key) as client:
        client.socket.send(text)
        heard = client.hear()
        assert heard["error"]["code"] == code
        assert heard["error"]["detail"]
        client.socket.send(b"bytes")
        assert client.hear()["error"]["code"] == "bad_message"
        client.subscribe("imagestore.*")
        service.emit("a")
        assert client.names(1) == ["a"]


def test_a_hundred_subscriptions_are_the_most(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url)
    with Listener(gateway, key) as client:
        topics = [f"a{number}" for number in range(100)]
        assert client.subscribe(*topics)["subscribed"] == topics
        assert client.subscribe("one.more")["error"]["code"] == "too_many_subscriptions"
        assert client.subscribe("a0")["subscribed"] == ["a0"]  # it has that one already
        client.say(unsubscribe=["a0"])
        client.hear()
        assert client.subscribe("one.more")["subscribed"] == ["one.more"]


def test_a_message_over_the_limit_closes_with_1009(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url)
    with Listener(gateway, key) as client:
        client.socket.send("x" * (64 * 1024 + 1))
        assert client.closed()[0] == 1009


def test_a_revoked_key_closes_its_sockets_and_no_others(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    service = serve_events()
    gateway, key = gateway_to(service.url)
    admin = {"Authorization": f"Bearer {key}"}
    made = httpx2.post(f"{gateway.url}/v1/keys", json={"name": "x", "scopes": ["read"]}, headers=admin).json()
    with Listener(gateway, made["key"]) as ends, Listener(gateway, key) as stays:
        stays.subscribe("imagestore.*")
        assert httpx2.delete(f"{gateway.url}/v1/keys/{made['id']}", headers=admin).status_code == 204
        assert ends.closed() == (4401, "the key is not valid any more")
        service.emit("a")
        assert stays.names(1) == ["a"]


def test_the_handshake_needs_a_key_with_read(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url)
    admin = {"Authorization": f"Bearer {key}"}
    made = httpx2.post(
        f"{gateway.url}/v1/keys", json={"name": "x", "scopes": ["write"]}, headers=admin
    ).json()
    for shown, status, code in [
        ("", 401, "key_required"),
        ("dk_x", 401, "invalid_key"),
        (made["key"], 403, "scope_required"),
    ]:
        with pytest.raises(InvalidStatus) as refused:
            Listener(gateway, shown)
        assert refused.value.response.status_code == status
        assert refused.value.response.body is not None
        assert json.loads(refused.value.response.body)["code"] == code


def test_a_key_can_come_as_a_subprotocol(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url)
    with Listener(gateway, subprotocols=["darkroom", key]) as client:
        assert client.socket.subprotocol == "darkroom"
        assert client.subscribe("imagestore.*")["subscribed"] == ["imagestore.*"]


def test_a_browser_shows_its_cookie_and_its_origin(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url)
    signed_in = httpx2.post(f"{gateway.url}/v1/session", json={"key": key})
    cookie = {"Cookie": signed_in.headers["set-cookie"].split(";")[0]}
    own = f"http://127.0.0.1:{gateway.port}"
    with Listener(gateway, additional_headers=cookie, origin=own) as client:
        assert client.subscribe("imagestore.*")["subscribed"] == ["imagestore.*"]
        for origin in (
            None,
            "http://evil.example",
            "null",
            f"https://127.0.0.1:{gateway.port}",
            "http://127.0.0.1:1",
        ):
            with pytest.raises(InvalidStatus) as refused:
                Listener(gateway, additional_headers=cookie, origin=origin)
            assert refused.value.response.status_code == 403
        httpx2.delete(f"{gateway.url}/v1/session", headers=cookie)
        assert client.closed()[0] == 4401  # signing out ends the page's socket too


def test_a_foreign_page_with_a_key_is_refused_as_well(
    serve_events: ServeEvents, gateway_to: GatewayTo
) -> None:
    gateway, key = gateway_to(serve_events().url)
    with pytest.raises(InvalidStatus):
        Listener(gateway, key, origin="http://evil.example")


def test_too_many_sockets(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url, max_sockets=2)
    with Listener(gateway, key), Listener(gateway, key):
        with pytest.raises(InvalidStatus) as refused:
            Listener(gateway, key)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["retry-after"] == "10"


def test_other_paths_take_no_sockets(rogue_with: RogueWith, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(rogue_with(answering(answer(b"{}"))).url, followed=False)
    with RawClient(gateway.port) as client:
        client.ask("GET", "/api/imagestore/ws", *UPGRADE, key=key)
        assert client.read_head().status == 404
