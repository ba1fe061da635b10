"""Routes that are documented as FastAPI's and served as plain ASGI: for bytes, where every step counts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

DirectEndpoint = Callable[[Scope, Receive, Send], Awaitable[None]]


class DirectRoute(APIRoute):
    """Takes its documentation from `endpoint`'s signature, and gives the request to `direct`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = endpoint.direct  # type: ignore[attr-defined]


def documented_by(documentation: Callable[..., Any]) -> Callable[[DirectEndpoint], Callable[..., Any]]:
    """Join an ASGI function to the function whose signature and docstring document it.

    The documenting function is never called; it declares the parameters for OpenAPI alone.
    """

    def join(direct: DirectEndpoint) -> Callable[..., Any]:
        documentation.direct = direct  # type: ignore[attr-defined]
        return documentation

    return join


def add_direct(
    router: APIRouter,
    path: str,
    direct: DirectEndpoint,
    documentation: Callable[..., Any],
    *,
    methods: Sequence[str] = ("GET",),
    response_model: Any = None,
    **options: Any,
) -> None:
    """Serve `path` by `direct`; a GET also answers HEAD."""
    endpoint = documented_by(documentation)(direct)
    router.add_api_route(
        path,
        endpoint,
        methods=list(methods),
        route_class_override=DirectRoute,
        response_model=response_model,
        **options,
    )
