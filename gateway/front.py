"""The app that the server calls: sorts requests by where they go, before anything else is done to them."""

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.forwarded import TrustedProxies
from gateway.hub import Hub
from gateway.passage import API, LINKS
from shared.errors import NotFound
from shared.web.middleware import new_request_id
from shared.web.problems import problem_response

SOCKET = "/ws"
DOCUMENT = "/openapi.json"  # a service's, told where it is reached through us


class Front:
    """Proxied requests do not pass through FastAPI: its layers cost more than the proxy's own work."""

    def __init__(self, app: FastAPI, passage: ASGIApp, hub: Hub, proxies: TrustedProxies) -> None:
        self.app = app
        self._proxies = proxies
        self._passage = passage
        self._hub = hub

    @property
    def state(self) -> State:
        """The app's, where the server looks for settings and options."""
        return self.app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket, or the app's lifespan."""
        self._proxies.resolve(scope)
        if scope["type"] == "websocket":
            await (self._hub.serve if scope["path"] == SOCKET else refuse_socket)(scope, receive, send)
        elif scope["type"] == "http" and is_for_service(scope["path"]):
            await self._passage(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_for_service(path: str) -> bool:
    """Whether a path goes through the proxy."""
    if path.startswith(API):
        return not path.endswith(DOCUMENT) or path.count("/") > 3
    return path.startswith(LINKS)


async def refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """There is one path for WebSockets."""
    await receive()
    error = NotFound(f"the WebSocket is at {SOCKET}")
    await problem_response(error, new_request_id())(scope, receive, send)
