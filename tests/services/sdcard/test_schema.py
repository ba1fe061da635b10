"""The service's own description: whatever is sent, no answer is a crash, and none is outside it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from demo.ports import free_port
from services.sdcard.app import create_app
from services.sdcard.settings import SdcardSettings
from tests.gateway.serving import Serving
from tests.services.sdcard.browser import TOKEN, Reachable

HEADERS = {"X-Darkroom-Service-Token": TOKEN}
AWAY = {"camera_unreachable", "camera_refused", "camera_timeout"}
EVENTS = "/v1/events"  # does not end
# positive_data_acceptance is left out: what is on a card, and in which state a camera is, no schema tells.
CALLS = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, sample_cameras: Callable[[str], Reachable]
) -> Iterator[Serving]:
    """A real server with the camera that the description's examples name."""
    values: dict[str, Any] = {
        "data_dir": tmp_path_factory.mktemp("schema"), "service_token": TOKEN, "port": free_port(),
        "access_log": False, "camera_networks": "127.0.0.0/8", "config_ini": None,
        "connects_per_minute": 1000, "connect_seconds": 0.5,
    }  # fmt: skip
    serving = Serving(create_app(SdcardSettings(**values)))
    camera = sample_cameras("simulated")
    body = {"id": "cam1", "host": camera.host, "port": camera.port, "password": camera.password}
    with httpx2.Client(base_url=serving.url, headers=HEADERS, timeout=30, trust_env=False) as client:
        client.post("/v1/cameras", json=body).raise_for_status()
        client.get("/v1/cameras/cam1", params={"wait": 20})
        client.post("/v1/cameras/cam1/host-key", json={"fingerprint": camera.fingerprint}).raise_for_status()
        assert client.get("/v1/cameras/cam1", params={"wait": 20}).json()["state"] == "online"
        client.post("/v1/cameras/cam1/scans", json={"date": "2026-11-20", "hour": 10}).raise_for_status()
    yield serving
    serving.stop()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_answer_is_outside_the_description(running: Serving, mode: GenerationMode) -> None:
    """Ten calls of each operation as described, and as many of each that break the description."""
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
    assert tried > 25


def _try(operation: Any, mode: GenerationMode) -> None:
    @CALLS
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        if case.query and isinstance(case.query.get("wait"), int | float) and case.query["wait"] > 0:
            case.query["wait"] = min(case.query["wait"], 0.01) if case.query["wait"] <= 25 else 26
        answer = case.call(headers=HEADERS)
        excluded = [positive_data_acceptance]
        if answer.status_code in (503, 504):  # a camera that is away, and nothing else
            assert answer.json()["code"] in AWAY, answer.text
            excluded.append(not_a_server_error)
        case.validate_response(answer, headers=HEADERS, excluded_checks=excluded)

    call()
