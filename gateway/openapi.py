"""One OpenAPI document of all services, from each one's own. Pure: documents in, a document out."""

import re
from collections.abc import Mapping
from typing import Any

from shared.contracts.problems import PROBLEM_JSON, Problem

Document = dict[str, Any]
REFERENCE = re.compile(r"#/components/([A-Za-z]+)/([A-Za-z0-9._-]+)")
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
LINKS = "/s/"  # share links stand at the gateway's root, and need no key

SECURITY_SCHEMES: Document = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key: `python -m gateway keys add NAME`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "darkroom_session",
        "description": "What `POST /v1/session` gives a browser",
    },
}
PROBLEM_CONTENT = {"schema": {"$ref": "#/components/schemas/Problem"}}
SECURITY: list[dict[str, list[str]]] = [{"key": []}, {"session": []}]


def secured(document: Document, cookie: str) -> Document:
    """The document with how to authenticate at the gateway."""
    schemes = {**SECURITY_SCHEMES, "session": {**SECURITY_SCHEMES["session"], "name": cookie}}
    components = {**document.get("components", {}), "securitySchemes": schemes}
    components["schemas"] = {**components.get("schemas", {}), "Problem": Problem.model_json_schema()}
    paths = {path: _name_problems(_mark_open(path, item)) for path, item in document.get("paths", {}).items()}
    return {**document, "paths": paths, "components": components, "security": SECURITY}


def behind_gateway(document: Document, service: str, cookie: str) -> Document:
    """A service's own document, as it can be tried out through the gateway."""
    paths = {path: item for path, item in document.get("paths", {}).items() if not path.startswith(LINKS)}
    return {**secured({**document, "paths": paths}, cookie), "servers": [{"url": f"/api/{service}"}]}


def merge(own: Document, services: Mapping[str, Document], cookie: str) -> Document:
    """The gateway's document with every service's paths below /api/<service>.

    Names of components, operations and tags get the service's name in front, so that none clash.
    """
    paths = dict(own.get("paths", {}))
    components = {kind: dict(named) for kind, named in own.get("components", {}).items()}
    tags = list(own.get("tags", []))
    for service, document in services.items():
        renamed = _rename(document, service.capitalize())
        for kind, named in renamed.get("components", {}).items():
            if kind != "securitySchemes":
                components.setdefault(kind, {}).update(_prefixed(named, service.capitalize()))
        for path, item in renamed.get("paths", {}).items():
            place = path if path.startswith(LINKS) else f"/api/{service}{path}"
            paths[place] = _rename_operations(item, service)
        tags.extend({**tag, "name": f"{service} {tag['name']}"} for tag in document.get("tags", []))
    merged = {**own, "paths": paths, "components": components}
    if tags:
        merged["tags"] = tags
    return secured(merged, cookie)


def _prefixed(named: Document, prefix: str) -> Document:
    """The components under their new names, which their titles follow: generators name classes by those."""
    return {
        prefix + name: {**value, "title": prefix + value["title"]} if "title" in value else value
        for name, value in named.items()
    }


def _rename(node: Any, prefix: str) -> Any:
    """The node with every reference to a component pointing to its new name."""
    if isinstance(node, dict):
        return {key: _rename(value, prefix) for key, value in node.items()}
    if isinstance(node, list):
        return [_rename(value, prefix) for value in node]
    if isinstance(node, str) and node.startswith("#/components/"):
        return REFERENCE.sub(rf"#/components/\1/{prefix}\2", node)
    return node


def _rename_operations(item: Document, service: str) -> Document:
    renamed = dict(item)
    for method in METHODS & item.keys():
        operation = dict(item[method])
        if "operationId" in operation:
            operation["operationId"] = f"{service}_{operation['operationId']}"
        operation["tags"] = [f"{service} {tag}" for tag in operation.get("tags", ["calls"])]
        renamed[method] = operation
    return renamed


def _name_problems(item: Document) -> Document:
    """Every answer that is a problem refers to the one schema: else generated clients have one for each."""
    named = dict(item)
    for method in METHODS & item.keys():
        answers = {
            status: {**answer, "content": {**answer["content"], PROBLEM_JSON: PROBLEM_CONTENT}}
            if PROBLEM_JSON in answer.get("content", {})
            else answer
            for status, answer in item[method].get("responses", {}).items()
        }
        named[method] = {**item[method], "responses": answers}
    return named


def _mark_open(path: str, item: Document) -> Document:
    """What needs no key says so."""
    is_open = path in OPEN_PATHS or path.startswith(LINKS)
    marked = dict(item)
    for method in METHODS & item.keys():
        if is_open or (path, method) == ("/v1/session", "post"):
            marked[method] = {**item[method], "security": []}
    return marked
