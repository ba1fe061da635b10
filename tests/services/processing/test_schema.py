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
from tests.scripts.stack_process import wait_until
from tests.services.processing.service import TOKEN
from tests.stack import Launched, answers, bare_environment

HEADERS = {"X-Darkroom-Service-Token": TOKEN}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service in a process of its own, with the pipeline that the description's examples name."""
    folder, port = tmp_path_factory.mktemp("schema"), free_port()
    settings = {"DARKROOM_DATA_DIR": str(folder), "DARKROOM_PROCESSING_PORT": str(port)}
    environment = bare_environment(DARKROOM_SERVICE_TOKEN=TOKEN, **settings)
    running = Launched(["-m", "shared.web.serve", "processing"], environment, folder / "processing.out")
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{address}/readyz"), running.said)
    saved = {"pipeline": [{"operation": "gaussian_blur"}]}
    put = httpx2.put(f"{address}/v1/pipelines/Old film", json=saved, headers=HEADERS)
    assert put.status_code == 201
    yield address
    running.close()
    assert "crash" not in running.said()


# positive_data_acceptance is left out: names, steps and pictures have rules that no schema tells.
EVENTS = "/v1/events"  # does not end
CALLS = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_answer_is_outside_the_description(url: str, mode: GenerationMode) -> None:
    """Eight calls of each operation as described, and as many of each that break the description."""
    found = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=HEADERS)
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
    assert tried > 15


def _try(operation: Any, mode: GenerationMode) -> None:
    @CALLS
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

    call()
