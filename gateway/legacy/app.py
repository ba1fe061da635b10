"""The process of the old protocols: its doors, and beside them health and figures over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from gateway.legacy.figures import Figures
from gateway.legacy.imagestore_adapter import ImageStoreAdapter
from gateway.legacy.processing_adapter import ProcessingAdapter
from gateway.legacy.server import Adapter, Door, LegacyServer, bind
from gateway.legacy.services import Services
from gateway.legacy.settings import PROTOCOLS, LegacySettings
from gateway.legacy.tagging_adapter import TaggingAdapter
from gateway.legacy.tls import server_context
from shared.web import app as scaffolding
from shared.web.drain import Drain
from shared.web.health import Check

ENDING_SECONDS = 1.0  # of the time to drain, for the last replies to leave


def create_app(settings: LegacySettings | None = None) -> FastAPI:
    """The process from the environment's settings. Its ports are bound here, and opened when it starts.

    Raises ValueError for settings that cannot be, and for ports that are taken.
    """
    settings = settings or LegacySettings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    doors = _doors(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = Services(settings)
        processing = ProcessingAdapter(services, settings.limits, figures, settings.home)
        adapters = _adapters(settings, services, figures, processing)
        server = LegacyServer(settings, doors, adapters, figures)
        checks["doors"] = server.check
        await server.start()
        draining = asyncio.create_task(_drain(app.state.drain, server, settings))
        yield
        app.state.drain.start()
        with suppress(asyncio.CancelledError):
            await draining
        await processing.close()
        await services.close()

    checks: dict[str, Check] = {}
    app = scaffolding.create_app(
        title="Darkroom for old clients",
        description="Health and figures of the process that speaks the three old socket protocols.",
        settings=settings,
        lifespan=lifespan,
        checks=checks,
    )
    figures = Figures(app.state.metrics.registry)
    return app


def _doors(settings: LegacySettings) -> list[Door]:
    context = None
    if settings.tls_certificate is not None and settings.tls_key is not None:
        context = server_context(settings.tls_certificate, settings.tls_key, settings.tls_client_authority)
    return bind(settings, PROTOCOLS, context)


def _adapters(
    settings: LegacySettings, services: Services, figures: Figures, processing: ProcessingAdapter
) -> dict[str, Adapter]:
    limits = settings.limits
    return {
        "tagging": TaggingAdapter(services, limits, figures, settings.dataset),
        "imagestore": ImageStoreAdapter(services, limits, figures, settings.home),
        "processing": processing,
    }


async def _drain(drain: Drain, server: LegacyServer, settings: LegacySettings) -> None:
    """From the signal to end: what has begun is finished, in the time there is."""
    await drain.wait()
    await server.drain(max(settings.drain_seconds - ENDING_SECONDS, settings.drain_seconds / 2))
