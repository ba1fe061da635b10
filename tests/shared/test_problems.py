"""Every error is a problem: ours, the libraries', and crashes; with no word of the inside."""

import errno
import json
import sqlite3
from pathlib import Path
from typing import Any

import psycopg.errors
import pytest
from httpx2 import Response
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from shared import errors
from shared.blobs import BlobMissing
from tests.shared.sample_app import AUTHORIZED, sample_app

FULL, AWAY = "insufficient_storage", "database_unavailable"
SECRET = "/secret/path and a password"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """The app, called with the service token."""
    app = sample_app(tmp_path, json_body_bytes=2000)
    return TestClient(app, headers=AUTHORIZED, raise_server_exceptions=False)


def problem(answer: Response) -> tuple[int, str]:
    """Status and code, once the answer is seen to be a whole problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:darkroom:problem:{body['code']}"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert isinstance(body["detail"], str)
    assert SECRET not in answer.text
    return answer.status_code, body["code"]


def database_error(kind: type[DBAPIError], said: Exception) -> DBAPIError:
    """What SQLAlchemy makes of a driver's error."""
    return kind("SELECT " + SECRET, {"password": SECRET}, said)


def operational(said: Exception) -> DBAPIError:
    """The kind of most of them."""
    return database_error(OperationalError, said)


OURS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DarkroomError)
]


@pytest.mark.parametrize("kind", OURS)
def test_every_refusal_of_ours(client: TestClient, kind: type[errors.DarkroomError]) -> None:
    client.app.state.error = kind("what was wrong", headers={"Retry-After": "3"}, limit=7)  # type: ignore[attr-defined]
    answer = client.get("/raise")
    assert problem(answer) == (kind.status, kind.code)
    assert answer.json()["detail"] == "what was wrong"
    assert answer.json()["limit"] == 7
    assert answer.headers["retry-after"] == "3"


def test_codes_and_statuses_are_as_the_list_at_the_top_says() -> None:
    listed = {
        line.split()[0]: int(line.split()[1])
        for line in (errors.__doc__ or "").splitlines()
        if line[:2] == "  "
    }
    assert listed == {kind.__name__: kind.status for kind in OURS if kind is not errors.DarkroomError}
    assert len({kind.code for kind in OURS}) == len(OURS)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OSError(errno.ENOSPC, SECRET), 507, FULL),
        (OSError(errno.EDQUOT, SECRET), 507, FULL),
        (OSError(errno.EACCES, SECRET), 500, "internal_error"),
        (operational(sqlite3.OperationalError("database or disk is full")), 507, FULL),
        (operational(psycopg.errors.DiskFull("No space left")), 507, FULL),
        (operational(sqlite3.OperationalError("database is locked")), 503, AWAY),
        (operational(sqlite3.OperationalError("unable to open database file")), 503, AWAY),
        (operational(psycopg.OperationalError("connection refused")), 503, AWAY),
        (operational(psycopg.errors.AdminShutdown("terminating")), 503, AWAY),
        (database_error(DataError, psycopg.DataError("cannot contain NUL")), 422, "value_not_storable"),
        (database_error(IntegrityError, sqlite3.IntegrityError("UNIQUE failed")), 500, "internal_error"),
        (PoolTimeout(SECRET), 503, "database_busy"),
        (BlobMissing("gone"), 404, "blob_missing"),
        (HTTPException(406, "short"), 406, "not_acceptable"),
        (RuntimeError(SECRET), 500, "internal_error"),
        (ValueError(SECRET), 500, "internal_error"),
    ],
)  # fmt: skip
def test_errors_of_libraries_and_crashes(
    client: TestClient, error: Exception, status: int, code: str
) -> None:
    client.app.state.error = error  # type: ignore[attr-defined]
    answer = client.get("/raise")
    assert problem(answer) == (status, code)
    if code.startswith("database"):
        assert answer.headers["retry-after"] == "1"


def test_a_crash_is_in_the_log_under_its_request_id(
    client: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    client.app.state.error = RuntimeError("what really happened")  # type: ignore[attr-defined]
    answer = client.get("/raise", headers={"X-Request-ID": "find-me"})
    assert answer.json()["request_id"] == "find-me"
    said = "".join(capfd.readouterr())
    assert "what really happened" in said
    assert "find-me" in said


def test_nothing_here_and_the_wrong_method(client: TestClient) -> None:
    assert problem(client.get("/nowhere")) == (404, "not_found")
    wrong = client.delete("/items/1")
    assert problem(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("method", "path", "options", "where"),
    [
        ("GET", "/items/x", {}, ["path", "item"]),
        ("GET", "/items/1?limit=11", {}, ["query", "limit"]),
        ("POST", "/echo", {"json": {}}, ["body", "count"]),
        ("POST", "/echo", {"json": {"count": 0}}, ["body", "count"]),
        ("POST", "/echo", {"json": {"count": 1, "words": ["a", 2]}}, ["body", "words", "1"]),
        ("POST", "/echo", {"json": []}, ["body"]),
    ],
)
def test_what_does_not_fit_is_named(
    client: TestClient, method: str, path: str, options: dict[str, Any], where: list[str]
) -> None:
    answer = client.request(method, path, **options)
    assert problem(answer) == (422, "validation_failed")
    assert answer.json()["errors"][0]["where"] == where
    assert answer.json()["detail"].startswith(".".join(where))


def test_what_was_sent_is_not_sent_back(client: TestClient) -> None:
    answer = client.post("/echo", json={"count": SECRET})
    assert problem(answer) == (422, "validation_failed")


def test_many_faults_are_told_of_in_bounds(client: TestClient) -> None:
    answer = client.post("/echo", json={"count": 1, "words": list(range(500))})
    assert problem(answer) == (422, "validation_failed")
    assert len(answer.json()["errors"]) == 20


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"count": 1', b"nonsense"])
def test_what_is_not_json(client: TestClient, body: bytes) -> None:
    answer = client.post("/echo", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer) in {(400, "invalid_json"), (400, "bad_request")}


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_over_its_limit(client: TestClient, chunked: bool) -> None:
    body = json.dumps({"count": 1, "words": ["x" * 2000]}).encode()
    headers = {"Content-Type": "application/json"}
    answer = client.post("/echo", content=iter([body[:50], body[50:]]) if chunked else body, headers=headers)
    assert problem(answer) == (413, "body_too_large")
    fits = json.dumps({"count": 1, "words": ["x" * 1900]}).encode()
    assert client.post("/echo", content=iter([fits]) if chunked else fits, headers=headers).status_code == 200


def test_a_body_over_its_limit_that_nobody_reads_does_not_matter(client: TestClient) -> None:
    assert client.request("GET", "/items/3", content=b"x" * 3000).json() == {"item": 3, "limit": 1}
    assert problem(client.request("GET", "/nowhere", content=b"x" * 3000)) == (404, "not_found")
