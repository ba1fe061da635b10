"""The service's own description: whatever is sent, no answer is a crash, and none is outside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from demo.ports import free_port
from services.tagging.app import create_app
from services.tagging.settings import TaggingSettings
from tests.gateway.serving import Serving
from tests.services.imagestore.store import picture
from tests.services.tagging.service import TOKEN, table

HEADERS = {"X-Darkroom-Service-Token": TOKEN}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A real server with a dataset under the id that is asked for most often."""
    folder: Path = tmp_path_factory.mktemp("schema")
    (folder / "roots/images").mkdir(parents=True)
    (folder / "roots/images/0.png").write_bytes(picture())
    (folder / "roots/trip.csv").write_text(table(20), newline="")
    values: dict[str, Any] = {
        "data_dir": folder,
        "roots": str(folder / "roots"),
        "service_token": TOKEN,
        "port": free_port(),
        "imagestore_url": f"http://127.0.0.1:{free_port()}",  # nobody is there
        "access_log": False,
    }
    serving = Serving(create_app(TaggingSettings(**values)))
    made = httpx2.post(
        f"{serving.url}/v1/datasets", json={"data_path": "trip.csv", "save_to": "out"}, headers=HEADERS
    )
    assert made.status_code == 201
    yield serving
    serving.stop()


# positive_data_acceptance is left out: rows, tags and paths have rules that no schema tells.
EVENTS = "/v1/events"  # does not end
CALLS = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_answer_is_outside_the_description(running: Serving, mode: GenerationMode) -> None:
    """Twelve calls of each operation as described, and as many of each that break the description."""
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
        deletes = operation.method.upper() == "DELETE"
        if "dataset_id" in (case.path_parameters or {}) and mode is GenerationMode.POSITIVE and not deletes:
            case.path_parameters["dataset_id"] = 1
        if deletes and (case.path_parameters or {}).get("dataset_id") == 1:
            case.path_parameters["dataset_id"] = 10**9
        case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

    call()


def test_a_row_that_is_known_is_not_sent_again(running: Serving) -> None:
    url = f"{running.url}/v1/datasets/1/rows/1"
    row = httpx2.get(url, headers=HEADERS)
    again = httpx2.get(url, headers={**HEADERS, "If-None-Match": row.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
