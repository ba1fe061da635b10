"""The services' own OpenAPI documents: fetched, kept for a moment, and remembered while a service is away."""

import asyncio
from collections.abc import Callable

import aiohttp
from fastapi import APIRouter

from gateway.cache import BriefCache
from gateway.connections import Connections
from gateway.openapi import Document, behind_gateway, merge
from gateway.settings import GatewaySettings
from gateway.tail import reason_of
from shared.errors import NotFound, Unavailable
from shared.logging import get_logger

FRESH_SECONDS = 5.0
FETCH = aiohttp.ClientTimeout(total=2.0)
log = get_logger("documents")


class Documents:
    """Answers with the last known document of a service that does not answer itself."""

    def __init__(
        self, settings: GatewaySettings, connections: Connections, own: Callable[[], Document]
    ) -> None:
        self._upstreams = settings.upstreams
        self._connections = connections
        self._headers = {"X-Darkroom-Service-Token": settings.service_token.get_secret_value()}
        self._cookie = settings.cookie
        self._own = own
        self._last: dict[str, Document] = {}
        self._fresh = BriefCache(self._fetch, FRESH_SECONDS)

    async def merged(self) -> Document:
        """One document of the gateway and every service that is, or has been, there."""
        found = await asyncio.gather(*(self._fresh.get(name) for name in self._upstreams))
        services = {
            name: document
            for name, document in zip(self._upstreams, found, strict=True)
            if document is not None
        }
        return merge(self._own(), services, self._cookie)

    async def of_service(self, service: str) -> Document:
        """A service's own document, to be used through the gateway. Raises NotFound and Unavailable."""
        if service not in self._upstreams:
            raise NotFound(f"these are: {', '.join(self._upstreams)}", code="unknown_service")
        document = await self._fresh.get(service)
        if document is None:
            raise Unavailable(
                f"{service} is not running", code="service_unavailable", headers={"Retry-After": "1"}
            )
        return behind_gateway(document, service, self._cookie)

    def forget(self) -> None:
        """Ask again at the next request, however fresh what is known may be."""
        self._fresh.clear()

    async def _fetch(self, service: str) -> Document | None:
        url = f"{self._upstreams[service].url}/openapi.json"
        try:
            async with self._connections.session.get(
                url, headers=self._headers, timeout=FETCH, raise_for_status=True
            ) as answer:
                self._last[service] = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("no document", service=service, reason=reason_of(error))
        return self._last.get(service)


def documents_router(documents: Documents) -> APIRouter:
    """`/openapi.json`, and each service's own below /api."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def merged() -> Document:
        return await documents.merged()

    @router.get("/api/{service}/openapi.json")
    async def of_service(service: str) -> Document:
        return await documents.of_service(service)

    return router
