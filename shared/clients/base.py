"""What the typed clients share: the connection, the key, and problems as exceptions."""

from typing import Any, Self, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from shared.contracts.problems import Problem

M = TypeVar("M", bound=BaseModel)
TIMEOUT = httpx2.Timeout(30.0, connect=2.0)


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
            base_url=base_url, headers=headers, timeout=TIMEOUT, trust_env=False, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.http.aclose()

    async def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """One call. Raises ProblemAnswer for 400 and above, httpx2.TransportError when nobody answers."""
        answer = await self.http.request(method, url, **options)
        if answer.status_code >= 400:
            raise ProblemAnswer(read_problem(answer))
        return answer

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
