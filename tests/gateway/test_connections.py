"""How many may be connected: WebSockets and HTTP are counted apart, and health checks always answer."""

import httpx2

from tests.gateway.event_service import ServeEvents
from tests.gateway.listener import Listener
from tests.gateway.raw import RawClient
from tests.gateway.serving import GatewayTo


def test_many_sockets_leave_room_for_requests(serve_events: ServeEvents, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(serve_events().url, max_connections=3)
    listeners = [Listener(gateway, key) for _ in range(8)]
    answered = httpx2.get(f"{gateway.url}/api/imagestore/v1/now", headers={"Authorization": f"Bearer {key}"})
    assert answered.status_code == 200
    for listener in listeners:
        listener.close()


def test_over_the_limit_of_connections_health_still_answers(gateway_to: GatewayTo) -> None:
    gateway, _ = gateway_to("http://127.0.0.1:1", max_connections=3)
    clients = [RawClient(gateway.port) for _ in range(5)]
    last = clients[-1]
    last.ask("GET", "/")
    refused = last.read()
    assert refused.status == 503
    assert b'"too_many_connections"' in refused.body
    assert last.is_closed()
    clients[0].ask("GET", "/healthz")
    assert clients[0].read().status == 200
    for client in clients:
        client.socket.close()
    assert httpx2.get(f"{gateway.url}/").status_code == 200  # those who left are not counted
