"""The service's own description: whatever is sent, no answer is a crash, and none is outside it."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from demo.ports import free_port
from services.imagestore.app import create_app
from services.imagestore.settings import ImageStoreSettings
from tests.gateway.serving import Serving
from tests.services.imagestore.store import TOKEN, picture

HEADERS = {"X-Darkroom-Service-Token": TOKEN}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A real server with the image that the description's examples name."""
    folder = tmp_path_factory.mktemp("schema")
    values: dict[str, Any] = {
        "data_dir": folder,
        "service_token": TOKEN,
        "port": free_port(),
        "access_log": False,
    }
    serving = Serving(create_app(ImageStoreSettings(**values)))
    put = httpx2.put(f"{serving.url}/v1/images/sunset.jpg", content=picture(kind="JPEG"), headers=HEADERS)
    assert put.status_code == 201
    yield serving
    serving.stop()


# positive_data_acceptance is left out: names and pictures have rules that no schema tells.
EVENTS = "/v1/events"  # does not end
CALLS = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_answer_is_outside_the_description(running: Serving, mode: GenerationMode) -> None:
    """Twenty-five calls of each operation as described, and as many of each that break the description."""
    found = schemathesis.openapi.from_url(f"{running.url}/openapi.json", headers=HEADERS)
    failures, tried = [], 0
    for result in found.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if operation.path == EVENTS:
            continue
        tried += 1
        try:
            _try(operation, mode)
        except Unsatisfiable:  # nothing that is sent could break the description
            assert mode is GenerationMode.NEGATIVE
        except BaseExceptionGroup as group:
            failures += [f"{operation.label}: {failure!r}" for failure in group.exceptions]
    assert failures == []
    assert tried > 20


def _try(operation: Any, mode: GenerationMode) -> None:
    @CALLS
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

    call()
