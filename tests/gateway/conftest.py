"""Gateways and upstreams for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.event_service import EventService, ServeEvents
from tests.gateway.rogue import Behaviour, Rogue, RogueWith
from tests.gateway.serving import GatewayTo, Serving, admin_key, serve_gateway


@pytest.fixture
def rogue_with() -> Iterator[RogueWith]:
    """Makes upstreams that behave as given."""
    made: list[Rogue] = []

    def make(behave: Behaviour) -> Rogue:
        made.append(Rogue(behave))
        return made[-1]

    yield make
    for rogue in made:
        rogue.stop()


@pytest.fixture
def serve_events(tmp_path: Path) -> Iterator[ServeEvents]:
    """Makes services with events, started."""
    made: list[EventService] = []

    def make() -> EventService:
        made.append(EventService(tmp_path).start())
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def gateway_to(tmp_path: Path) -> Iterator[GatewayTo]:
    """Makes gateways to an imagestore at an address; each with its admin key."""
    made: list[Serving] = []

    def make(url: str, **given: Any) -> tuple[Serving, str]:
        made.append(serve_gateway(tmp_path, service_urls={"imagestore": url}, **given))
        return made[-1], admin_key(tmp_path)

    yield make
    for serving in made:
        serving.stop()
