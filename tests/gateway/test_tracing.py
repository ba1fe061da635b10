"""Traces: a request is one through the gateway and the service, told to a collector that speaks OTLP."""

import gzip
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from demo.ports import free_port
from shared.errors import NotFound
from shared.settings import DeployableSettings
from shared.web.app import create_app
from tests.gateway.serving import TOKEN, GatewayTo, Serving
from tests.scripts.stack_process import ROOT
from tests.stack import bare_environment

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Collector:
    """Takes what OTLP exporters post, and keeps the spans by the service that they are of."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                collector._take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            told = {each.key: each.value.string_value for each in resource.resource.attributes}
            found = self.spans.setdefault(told["service.name"], [])
            found.extend(span for scope in resource.scope_spans for span in scope.spans)

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """One that runs."""
    running = Collector()
    yield running
    running.stop()


def service(folder: Path, endpoint: str) -> Serving:
    """A service with two calls."""

    class ShelfSettings(DeployableSettings):
        model_config = DeployableSettings.model_config | {"env_prefix": "DARKROOM_SHELF_"}

    settings = ShelfSettings(data_dir=folder, port=free_port(), service_token=TOKEN, otlp_endpoint=endpoint)
    app: FastAPI = create_app(title="Shelf", description="", settings=settings, lifespan=nothing, checks={})

    @app.get("/v1/books/{number}")
    async def book(number: int) -> dict[str, int]:
        if number == 0:
            raise NotFound
        return {"number": number, "per": 1 // (number - 1)}

    return Serving(app)


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    """Nothing begins or ends with the app."""
    yield


def told(span: Span) -> SimpleNamespace:
    """What matters of a span."""
    values = {each.key: each.value for each in span.attributes}
    return SimpleNamespace(
        trace=span.trace_id.hex(), id=span.span_id.hex(), parent=span.parent_span_id.hex(), name=span.name,
        request=values["darkroom.request_id"].string_value,
        status=values["http.response.status_code"].int_value, failed=span.status.code == 2,
    )  # fmt: skip


def test_a_request_is_one_trace_through_all_parts(
    collector: Collector, tmp_path: Path, gateway_to: GatewayTo
) -> None:
    shelf = service(tmp_path, collector.url)
    gateway, key = gateway_to(shelf.url, otlp_endpoint=collector.url)
    headers = {"Authorization": f"Bearer {key}", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    with httpx2.Client(base_url=gateway.url, headers=headers, trust_env=False) as client:
        answers = [client.get(f"/api/imagestore/v1/books/{number}") for number in (7, 0, 1)]
        assert client.get("/healthz").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 404, 500]
    gateway.stop()
    shelf.stop()  # which sends what was not sent yet
    outer = [told(span) for span in collector.spans["gateway"]]
    asked = [told(span) for span in collector.spans["shelf"]]
    inner = [span for span in asked if span.name != "GET unmatched"]  # the gateway asks it for events too
    assert [span.name for span in outer] == ["GET /api/imagestore"] * 3
    assert [span.name for span in inner] == ["GET /v1/books/{number}"] * 3
    assert {span.trace for span in outer + inner} == {TRACE}
    assert {span.parent for span in outer} == {PARENT}
    assert [span.parent for span in inner] == [span.id for span in outer]
    assert [span.request for span in inner] == [answer.headers["X-Request-ID"] for answer in answers]
    assert [span.request for span in outer] == [span.request for span in inner]
    assert [(span.status, span.failed) for span in inner] == [(200, False), (404, False), (500, True)]


def test_without_a_collector_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    program = """
import sys
from gateway.app import create_app
create_app()
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "google.protobuf"))])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT,
        env=bare_environment(DARKROOM_DATA_DIR=str(tmp_path)),
    )  # fmt: skip
    assert done.stdout == "[]\n"


def test_a_collector_that_is_away_stops_nothing(tmp_path: Path) -> None:
    shelf = service(tmp_path, f"http://127.0.0.1:{free_port()}")
    answer = httpx2.get(
        f"{shelf.url}/v1/books/3", headers={"X-Darkroom-Service-Token": TOKEN}, trust_env=False
    )
    assert answer.json() == {"number": 3, "per": 0}
    shelf.stop()
