"""The SD-card browser's app: its parts behind HTTP, with their beginning and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.sdcard.camera_routes import camera_change_router, camera_router
from services.sdcard.card_routes import card_router
from services.sdcard.clip_routes import add_content_route, clip_router
from services.sdcard.figure_routes import figure_router
from services.sdcard.job_routes import job_router, work_router
from services.sdcard.operator_figures import camera_figures
from services.sdcard.settings import SdcardSettings
from services.sdcard.wiring import wire
from shared.database.figures import database_figures
from shared.web import app as scaffolding
from shared.web.event_stream import EventFeed, event_figures, event_router


def create_app(settings: SdcardSettings | None = None) -> FastAPI:
    """The service, from the environment's settings unless given. No camera is connected to yet.

    Raises ValueError for settings, or a file of cameras, that cannot be.
    """
    settings = settings or SdcardSettings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    wired = wire(settings)
    parts = wired.parts

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await wired.start()
        keeping = asyncio.create_task(wired.keeper.run(settings.sweep_seconds))
        yield
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await wired.close()

    app = scaffolding.create_app(
        title="Darkroom SD-card browser",
        description="Shows what is on the SD cards of cameras over SSH, without downloading it.",
        settings=settings,
        lifespan=lifespan,
        checks={"database": wired.database.check},
    )
    app.state.metrics.add(lambda: database_figures(wired.database))
    app.state.metrics.add(lambda: event_figures(wired.database, wired.log))
    app.state.metrics.add(lambda: camera_figures(wired.database))
    feed = EventFeed(wired.database, wired.log, app.state.drain, settings.event_poll_seconds)
    add_content_route(app, parts)
    for router in (
        camera_router(parts),
        camera_change_router(parts),
        card_router(parts),
        clip_router(parts),
        figure_router(parts),
        work_router(parts),
        job_router(parts),
        event_router(feed),
    ):
        app.include_router(router)
    return app
