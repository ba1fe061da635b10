"""The services as the old clients' door calls them: direct, with the service token, in the client's name."""

from typing import TypeVar

import httpx2
from pydantic import ValidationError

from gateway.legacy.settings import LegacySettings
from shared.clients.base import ProblemAnswer, ServiceClient
from shared.clients.imagestore import ImageStoreClient
from shared.clients.processing import ProcessingClient
from shared.clients.tagging import TaggingClient
from shared.clients.transport import LeanTransport

C = TypeVar("C", bound=ServiceClient)
REMEMBERED = 1024  # addresses that have called; more than may be connected
FAILURES = (ProblemAnswer, httpx2.TransportError, ValidationError)
"""What a call may end with, other than well."""


class Services:
    """Typed clients over one pool of connections. The history shows an old client by its address."""

    def __init__(self, settings: LegacySettings) -> None:
        self._urls = settings.service_urls
        self._token = settings.service_token.get_secret_value()
        self._transport = LeanTransport()
        self._clients: dict[tuple[str, str], ServiceClient] = {}

    def tagging(self, address: str) -> TaggingClient:
        """The tagging service, called for the client at the address."""
        return self._client("tagging", TaggingClient, address)

    def imagestore(self, address: str) -> ImageStoreClient:
        """The image store, called for the client at the address."""
        return self._client("imagestore", ImageStoreClient, address)

    def processing(self, address: str) -> ProcessingClient:
        """The processing service, called for the client at the address."""
        return self._client("processing", ProcessingClient, address)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._transport.aclose()

    def _client(self, service: str, kind: type[C], address: str) -> C:
        found = self._clients.get((service, address))
        if not isinstance(found, kind):
            if len(self._clients) >= REMEMBERED:
                self._clients.clear()
            found = kind(
                self._urls[service],
                service_token=self._token,
                actor=f"legacy {address}",
                transport=self._transport,
            )
            self._clients[service, address] = found
        return found


def reason(error: Exception) -> str:
    """One sentence for the old client of why its request failed."""
    if isinstance(error, ProblemAnswer):
        return error.problem.detail or error.problem.title
    if isinstance(error, httpx2.TimeoutException):
        return "the service did not answer in time"
    if isinstance(error, OSError):
        return f"the file could not be kept until it was whole: {error.strerror}"
    if isinstance(error, httpx2.TransportError):
        return "the service is not available at the moment"
    return "the service's answer could not be understood"
