"""What the typed clients share: the connection, the key, and problems as exceptions."""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Self, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from shared.clients.transport import READ_SECONDS, REPEATABLE, LeanTransport, place_of
from shared.contracts.problems import Problem
from shared.passing import passed_on

M = TypeVar("M", bound=BaseModel)
CONNECT_SECONDS = 2.0
TIMEOUT = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
PLAIN_OPTIONS = frozenset({"json", "headers"})  # what a call may have that httpx2 is not needed for
SPARED = frozenset({b"accept", b"accept-encoding", b"connection", b"user-agent"})


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: that takes 50 ms."""
    return httpx2.create_ssl_context(trust_env=False)


class ProblemAnswer(Exception):
    """Raised for an answer of 400 and above; `problem` is what the server said."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail or problem.title}")
        self.problem = problem


class ServiceClient:
    """One service behind a base URL: through the gateway with a key, or direct with the service token.

    `transport`: how the calls are made, where that is not httpx2's own.
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: str = "",
        service_token: str = "",
        actor: str = "",
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if service_token:
            headers["X-Darkroom-Service-Token"] = service_token
        if actor:
            headers["X-Darkroom-Actor"] = actor
        self.http = httpx2.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=TIMEOUT,
            trust_env=False,
            transport=transport,
            verify=_certificates() if transport is None else True,
        )
        self._lean = transport if isinstance(transport, LeanTransport) else None
        self._prefix = self.http.base_url.raw_path.rstrip(b"/")
        self._head = b"".join(b"%b: %b\r\n" % header for header in self._every_header())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.http.aclose()

    async def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """One call. Raises ProblemAnswer for 400 and above, httpx2.TransportError when nobody answers."""
        if passed := passed_on():
            options["headers"] = {**passed, **(options.get("headers") or {})}
        if self._lean is not None and not options.keys() - PLAIN_OPTIONS:
            answer = await self._request_lean(self._lean, method, url, **options)
        else:
            answer = await self.http.request(method, url, **options)
        if answer.status_code >= 400:
            raise ProblemAnswer(read_problem(answer))
        return answer

    async def _request_lean(
        self,
        lean: LeanTransport,
        method: str,
        url: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """The same without httpx2's request in between, which costs more than the call itself."""
        parts = [b"%b %b%b HTTP/1.1\r\n" % (method.encode(), self._prefix, url.encode("ascii")), self._head]
        parts += [b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in (headers or {}).items()]
        if json is None:
            parts.append(b"\r\n")
        else:
            body = to_json(json)
            parts.append(b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            parts.append(body)
        place = place_of(self.http.base_url)
        return await lean.call(
            place, b"".join(parts), READ_SECONDS, CONNECT_SECONDS, repeatable=method in REPEATABLE
        )

    def _every_header(self) -> list[tuple[bytes, bytes]]:
        own = [header for header in self.http.headers.raw if header[0].lower() not in SPARED]
        return [(b"Host", self.http.base_url.netloc), *own]

    async def get(self, kind: type[M], url: str, **options: Any) -> M:
        """GET, parsed as the wire model."""
        answer = await self.request("GET", url, **options)
        return kind.model_validate_json(answer.content)


def read_problem(answer: httpx2.Response) -> Problem:
    """The problem in an answer; made from the status where the body is not one."""
    try:
        return Problem.model_validate_json(answer.content)
    except ValidationError:
        return Problem(title=answer.reason_phrase, status=answer.status_code, code="unknown", detail="")
