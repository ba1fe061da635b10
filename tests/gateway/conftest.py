"""Gateways and upstreams for the tests of this folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.rogue import Behaviour, Rogue
from tests.gateway.serving import Serving, admin_key, serve_gateway


@pytest.fixture
def rogue_with() -> Iterator[Callable[[Behaviour], Rogue]]:
    """Makes upstreams that behave as given."""
    made: list[Rogue] = []

    def make(behave: Behaviour) -> Rogue:
        made.append(Rogue(behave))
        return made[-1]

    yield make
    for rogue in made:
        rogue.stop()


@pytest.fixture
def gateway_to(tmp_path: Path) -> Iterator[Callable[..., tuple[Serving, str]]]:
    """Makes gateways to an imagestore at an address; each with its admin key."""
    made: list[Serving] = []

    def make(url: str, **given: Any) -> tuple[Serving, str]:
        made.append(serve_gateway(tmp_path, service_urls={"imagestore": url}, **given))
        return made[-1], admin_key(tmp_path)

    yield make
    for serving in made:
        serving.stop()
