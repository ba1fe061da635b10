"""The merged document, and each service's own, from services that run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, UploadFile
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from demo.ports import free_port
from gateway.openapi import merge
from shared.contracts.pages import Page
from tests.gateway.event_service import EventService
from tests.gateway.serving import GatewayTo, Serving


class Key(BaseModel):
    """Named as one of the gateway's own."""

    tail: int


def add_calls(app: FastAPI) -> None:
    """Calls of all sorts."""

    @app.get("/v1/animals", tags=["animals"])
    async def list_keys() -> Page[Key]:
        raise NotImplementedError

    @app.post("/v1/animals", tags=["animals"])
    async def add_animal(new: Key, photo: str | None = None) -> Key:
        raise NotImplementedError

    @app.post("/v1/photos")
    async def add_photo(files: list[UploadFile]) -> list[str]:
        raise NotImplementedError

    @app.get("/s/{token}")
    async def open_link(token: str) -> str:
        raise NotImplementedError


@pytest.fixture
def service(tmp_path: Path) -> Iterator[EventService]:
    """A service with calls."""
    made = EventService(tmp_path, extend=add_calls)
    yield made
    made.close()


def references(node: Any) -> Iterator[str]:
    """Every $ref of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def fetch(gateway: Serving, key: str, path: str) -> dict[str, Any]:
    answered = httpx2.get(f"{gateway.url}{path}", headers={"Authorization": f"Bearer {key}"})
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def test_the_merged_document_is_valid_and_whole(service: EventService, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(service.start().url)
    document = fetch(gateway, key, "/openapi.json")
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    for path in (
        "/v1/keys",
        "/v1/session",
        "/healthz",
        "/api/imagestore/v1/animals",
        "/api/imagestore/v1/events",
    ):
        assert path in paths
    assert "/s/{token}" in paths
    assert "/api/imagestore/s/{token}" not in paths
    assert "/v1/animals" not in paths
    own, theirs = document["components"]["schemas"]["Key"], document["components"]["schemas"]["ImagestoreKey"]
    assert "tail" not in own["properties"]
    assert "tail" in theirs["properties"]
    titles = [schema["title"] for schema in document["components"]["schemas"].values() if "title" in schema]
    assert len(titles) == len(set(titles))  # generators name classes by them
    for reference in references(document):
        kind, name = re.fullmatch(r"#/components/(\w+)/([\w.-]+)", reference).groups()  # type: ignore[union-attr]
        assert name in document["components"][kind]
    refusal = paths["/api/imagestore/v1/animals"]["post"]["responses"]["4XX"]["content"]
    assert refusal == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    body = paths["/api/imagestore/v1/animals"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ImagestoreKey"}
    identities = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(identities) == len(set(identities))
    assert paths["/api/imagestore/v1/animals"]["get"]["operationId"] == "imagestore_list_keys"


def test_the_document_says_how_to_come_in(service: EventService, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(service.start().url)
    document = fetch(gateway, key, "/openapi.json")
    schemes = document["components"]["securitySchemes"]
    assert schemes["key"]["scheme"] == "bearer"
    assert schemes["session"]["name"] == f"darkroom_session_{gateway.port}"
    assert document["security"] == [{"key": []}, {"session": []}]
    no_key = {
        (path, method) for path, method, operation in operations(document) if operation.get("security") == []
    }
    assert no_key == {
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/v1/session", "post"),
        ("/s/{token}", "get"),
    }


def test_what_the_document_says_needs_a_key_does(service: EventService, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(service.start().url)
    for path, method, operation in operations(fetch(gateway, key, "/openapi.json")):
        where = path.replace("{", "").replace("}", "").replace("key_id", "1")
        answered = httpx2.request(method.upper(), f"{gateway.url}{where}")
        assert (answered.status_code != 401) is (operation.get("security") == []), (method, path)


def test_a_services_own_document_can_be_tried_out_through_us(
    service: EventService, gateway_to: GatewayTo
) -> None:
    gateway, key = gateway_to(service.start().url)
    document = fetch(gateway, key, "/api/imagestore/openapi.json")
    OpenAPIV31SpecValidator(document).validate()
    assert document["servers"] == [{"url": "/api/imagestore"}]
    assert "/v1/animals" in document["paths"]
    assert "/s/{token}" not in document["paths"]
    assert "session" in document["components"]["securitySchemes"]
    moment = fetch(gateway, key, f"{document['servers'][0]['url']}/v1/now")
    assert "now" in moment


def test_a_service_that_is_away_is_remembered(service: EventService, gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(service.url)
    assert "/api/imagestore/v1/animals" not in fetch(gateway, key, "/openapi.json")["paths"]
    away = httpx2.get(
        f"{gateway.url}/api/imagestore/openapi.json", headers={"Authorization": f"Bearer {key}"}
    )
    assert (away.status_code, away.json()["code"]) == (503, "service_unavailable")
    service.start()
    gateway.app.state.documents.forget()
    assert "/api/imagestore/v1/animals" in fetch(gateway, key, "/openapi.json")["paths"]
    service.stop()
    gateway.app.state.documents.forget()
    assert "/api/imagestore/v1/animals" in fetch(gateway, key, "/openapi.json")["paths"]
    assert fetch(gateway, key, "/api/imagestore/openapi.json")["servers"] == [{"url": "/api/imagestore"}]


def test_documents_need_a_key_and_a_service_that_is_known(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(f"http://127.0.0.1:{free_port()}")
    for path in ("/openapi.json", "/api/imagestore/openapi.json"):
        assert httpx2.get(f"{gateway.url}{path}").status_code == 401
    unknown = httpx2.get(f"{gateway.url}/api/none/openapi.json", headers={"Authorization": f"Bearer {key}"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_service")


def test_merging_renames_wherever_a_name_stands() -> None:
    theirs = {
        "paths": {"/x": {"get": {"responses": {"200": {"$ref": "#/components/responses/Fine"}}}}},
        "components": {
            "responses": {"Fine": {"description": "#/components is just text here"}},
            "schemas": {
                "Animal": {
                    "oneOf": [{"$ref": "#/components/schemas/Cat"}],
                    "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
                },
                "Cat": {"type": "object"},
            },
        },
    }
    merged = merge({"paths": {}}, {"tagging": theirs}, "cookie")
    animal = merged["components"]["schemas"]["TaggingAnimal"]
    assert animal["oneOf"] == [{"$ref": "#/components/schemas/TaggingCat"}]
    assert animal["discriminator"]["mapping"] == {"cat": "#/components/schemas/TaggingCat"}
    assert merged["components"]["responses"]["TaggingFine"]["description"] == "#/components is just text here"
    answer = merged["paths"]["/api/tagging/x"]["get"]["responses"]["200"]
    assert answer == {"$ref": "#/components/responses/TaggingFine"}
    assert json.dumps(theirs).count("Tagging") == 0  # what was given is left as it was
