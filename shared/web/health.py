"""Liveness and readiness: open to all, and telling states only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from shared.logging import get_logger
from shared.web.drain import Drain

Check = Callable[[], Awaitable[object]]
CHECK_SECONDS = 2.0
log = get_logger("health")


class Health(BaseModel):
    """The process runs."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether requests would be served, and which part is in the way."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "blobs": "ok"}])


async def run_check(name: str, check: Check) -> str:
    """`ok`, `slow` or `failed`; the reason goes to the log, not to strangers."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return "slow"
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "failed"
        log.warning("not ready", check=name, reason=str(error))
        return "failed"
    return "ok"


def health_router(checks: Mapping[str, Check], drain: Drain) -> APIRouter:
    """`/healthz` and `/readyz` over the given checks, which are asked side by side."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Is the process alive")
    async def healthz() -> Health:
        return Health()

    @router.get("/readyz", summary="Would a request be served", responses={503: {"model": Readiness}})
    async def readyz(response: Response) -> Readiness:
        states = await asyncio.gather(*(run_check(name, check) for name, check in checks.items()))
        found = dict(zip(checks, states, strict=True))
        if drain.started:
            found["draining"] = "ending"
        ready = all(state == "ok" for state in found.values())
        response.status_code = 200 if ready else 503
        return Readiness(status="ready" if ready else "not_ready", checks=found)

    return router
