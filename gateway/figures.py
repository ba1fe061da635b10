"""What the gateway tells an operator of the services' events."""

import asyncio

from gateway.stream import Stream
from gateway.tail import ACCEPTABLE
from shared.figures import Figure

LAG = "Events that the service has and the gateway does not yet"


async def lag_figures(streams: list[Stream]) -> list[Figure]:
    """Of each service that answers: how far the gateway is behind it."""
    found = await asyncio.gather(*map(_lag, streams))
    return [
        Figure("darkroom_event_lag", LAG, lag, {"service": stream.service})
        for stream, lag in zip(streams, found, strict=True)
        if lag is not None
    ]


async def _lag(stream: Stream) -> int | None:
    try:
        async with asyncio.timeout(2):
            return await stream.lag()
    except ACCEPTABLE:
        return None
