"""An app of nothing but shared/: routes that fail in every way, and rows with events."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field
from pydantic_settings import SettingsConfigDict

from demo.ports import free_port
from shared.settings import ServiceSettings
from shared.web.app import create_app
from tests.gateway.serving import Serving

TOKEN = "token-between-services"
AUTHORIZED = {"X-Darkroom-Service-Token": TOKEN}
Serve = Callable[[FastAPI], Serving]


class SampleSettings(ServiceSettings):
    """As any service's."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_SAMPLE_", frozen=True)


class Body(BaseModel):
    """What /echo takes."""

    count: int = Field(ge=1)
    words: list[str] = []


def sample_settings(folder: Path, **given: Any) -> SampleSettings:
    """Settings on a free port."""
    values = {"data_dir": folder, "service_token": TOKEN, "access_log": False, "port": free_port(), **given}
    return SampleSettings(**values)


def sample_app(folder: Path, checks: dict[str, Any] | None = None, **given: Any) -> FastAPI:
    """The app, with /echo, /items/{item} and /raise; what /raise raises is in app.state.error."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    settings = sample_settings(folder, **given)
    app = create_app(
        title="Sample", description="", settings=settings, lifespan=lifespan, checks=checks or {}
    )

    @app.post("/echo")
    async def echo(body: Body) -> Body:
        return body

    @app.get("/items/{item}")
    async def item(item: int, limit: Annotated[int, Query(le=10)] = 1) -> dict[str, int]:
        return {"item": item, "limit": limit}

    @app.get("/raise")
    async def fail() -> None:
        raise app.state.error

    return app
