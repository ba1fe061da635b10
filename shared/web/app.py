"""create_app: a FastAPI app with everything that all of Darkroom's apps have alike."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared import VERSION
from shared.contracts.problems import PROBLEM_JSON, Problem
from shared.settings import DeployableSettings
from shared.tracing import Tracing, tracing_for
from shared.web import problems
from shared.web.body_limit import BodyLimit
from shared.web.drain import Drain
from shared.web.figures import disk_figures, readiness_figures
from shared.web.head import HeadAsGet
from shared.web.health import Check, health_router
from shared.web.metrics import Metrics
from shared.web.middleware import Surroundings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]
PROBLEM = {"description": "A problem", "content": {PROBLEM_JSON: {"schema": Problem.model_json_schema()}}}


def create_app(
    *,
    title: str,
    description: str,
    settings: DeployableSettings,
    lifespan: Lifespan,
    checks: dict[str, Check],
    service_token: str | None = None,
) -> FastAPI:
    """The app, with health, metrics and problem+json; `checks` may be filled until it starts.

    `service_token`: what every request but the health checks must carry; None takes it from the
    settings, "" asks for none (the gateway, which has keys instead).
    """
    tracing = tracing_for(settings.name, settings.otlp_endpoint)
    app = FastAPI(
        title=title,
        description=description,
        version=VERSION,
        lifespan=lifespan if tracing is None else _with_tracing(lifespan, tracing),
        docs_url=None,
        redoc_url=None,
        responses={"4XX": PROBLEM, "5XX": PROBLEM},
        generate_unique_id_function=operation_id,
    )
    token = settings.service_token.get_secret_value() if service_token is None else service_token
    app.state.settings = settings
    app.state.drain = Drain()
    app.state.metrics = Metrics()
    app.state.tracing = tracing
    problems.install(app)
    app.include_router(health_router(checks, app.state.drain))
    app.state.metrics.add(lambda: readiness_figures(checks))
    app.state.metrics.add(lambda: disk_figures(settings.data_dir))
    _add_metrics(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, limit=settings.json_body_bytes)
    app.add_middleware(
        Surroundings,
        metrics=app.state.metrics,
        service_token=token,
        access_log=settings.access_log,
        tracing=tracing,
    )
    return app


def _with_tracing(lifespan: Lifespan, tracing: Tracing) -> Lifespan:
    """At the end the last spans are sent: a signal that ends the process leaves no time after that."""

    @asynccontextmanager
    async def whole(app: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(app) as state:
            yield state
        await asyncio.to_thread(tracing.close)

    return whole


def operation_id(route: APIRoute) -> str:
    """The function's name: short and stable in generated clients. Names are unique within an app."""
    return route.name


def _add_metrics(app: FastAPI) -> None:
    @app.get("/metrics", tags=["health"], summary="Figures for Prometheus", response_class=Response)
    async def metrics() -> Response:
        found: Metrics = app.state.metrics
        return await found.response()
