"""Keys and sessions over HTTP, in the file, and in the rules."""

import json
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text

from gateway.settings import GatewaySettings
from tests.gateway.rogue import RogueWith, answer, answering
from tests.gateway.serving import GatewayTo, Serving, admin_key, serve_gateway, wait_until


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def make(gateway: Serving, key: str, *scopes: str, name: str = "script", **more: object) -> httpx2.Response:
    given = {"name": name, "scopes": list(scopes), **more}
    return httpx2.post(f"{gateway.url}/v1/keys", json=given, headers=bearer(key))


def works(gateway: Serving, key: str) -> bool:
    return httpx2.get(f"{gateway.url}/v1/session", headers=bearer(key)).status_code == 200


def test_the_first_start_makes_an_admin_key_that_only_its_owner_reads(
    gateway_to: GatewayTo, tmp_path: Path
) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    file = tmp_path / "admin.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{key}\n"
    assert key.startswith("dk_")
    assert len(key) >= 3 + 43  # 256 bits in base64
    who = httpx2.get(f"{gateway.url}/v1/session", headers=bearer(key))
    assert who.json() == {"name": "admin", "scopes": ["read", "write", "admin"], "expires": None}
    for stored in (tmp_path / "gateway").iterdir():
        assert key.encode() not in stored.read_bytes()  # hashed, in the log of the database too


def test_the_admin_key_stays_until_it_is_no_longer_good(tmp_path: Path) -> None:
    first = serve_gateway(tmp_path)
    key = admin_key(tmp_path)
    first.stop()
    second = serve_gateway(tmp_path)
    assert admin_key(tmp_path) == key
    other = make(second, key, "admin").json()
    listed = httpx2.get(f"{second.url}/v1/keys", headers=bearer(key)).json()["items"]
    assert (
        httpx2.delete(f"{second.url}/v1/keys/{listed[0]['id']}", headers=bearer(other["key"])).status_code
        == 204
    )
    second.stop()
    third = serve_gateway(tmp_path)
    assert admin_key(tmp_path) != key
    assert works(third, admin_key(tmp_path))
    assert not works(third, key)
    third.stop()


def test_gateways_that_start_at_once_make_one_admin_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        gateways = list(pool.map(lambda _: serve_gateway(tmp_path), range(4)))
    key = admin_key(tmp_path)
    assert all(works(gateway, key) for gateway in gateways)
    listed = httpx2.get(f"{gateways[0].url}/v1/keys", headers=bearer(key)).json()["items"]
    assert [one["name"] for one in listed] == ["admin"]
    for gateway in gateways:
        gateway.stop()


def test_a_key_is_shown_once_and_listed_without_its_secret(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    made = make(gateway, key, "write", "read", name="upload script")
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["scopes"] == ["read", "write"]
    assert works(gateway, made.json()["key"])
    listed = httpx2.get(f"{gateway.url}/v1/keys", headers=bearer(key))
    assert [item["name"] for item in listed.json()["items"]] == ["admin", "upload script"]
    assert made.json()["key"] not in listed.text
    assert "digest" not in listed.text


def test_when_a_key_was_used_is_known_to_within_a_while(gateway_to: GatewayTo, tmp_path: Path) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    assert works(gateway, key)
    gateway.stop()  # which notes it; else it is noted every minute
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway' / 'gateway.db'}")
    with engine.connect() as connection:
        used = connection.execute(text("SELECT last_used FROM keys")).scalar_one()
    engine.dispose()
    assert abs(used / 1e6 - datetime.now(UTC).timestamp()) < 60


def test_a_revoked_key_opens_nothing_and_neither_do_its_sessions(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    made = make(gateway, key, "read").json()
    with httpx2.Client(base_url=gateway.url) as browser:
        assert browser.post("/v1/session", json={"key": made["key"]}).status_code == 201
        assert browser.get("/v1/session").status_code == 200
        assert httpx2.delete(f"{gateway.url}/v1/keys/{made['id']}", headers=bearer(key)).status_code == 204
        assert browser.get("/v1/session").status_code == 401
    assert not works(gateway, made["key"])
    assert httpx2.delete(f"{gateway.url}/v1/keys/{made['id']}", headers=bearer(key)).status_code == 404


def test_signing_in_while_the_key_is_being_revoked_elsewhere(gateway_to: GatewayTo, tmp_path: Path) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    made = make(gateway, key, "read").json()
    assert works(gateway, made["key"])  # which is now believed for a moment
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway' / 'gateway.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE keys SET revoked = 1 WHERE id = 2"))
    engine.dispose()
    with httpx2.Client(base_url=gateway.url) as browser:
        assert browser.post("/v1/session", json={"key": made["key"]}).status_code == 201
        assert browser.get("/v1/session").status_code == 401  # looked up afresh: it stands on nothing


def test_the_last_admin_key_stays(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    refused = httpx2.delete(f"{gateway.url}/v1/keys/1", headers=bearer(key))
    assert refused.status_code == 409
    assert refused.json()["code"] == "last_admin_key"
    assert works(gateway, key)
    make(gateway, key, "admin")
    assert httpx2.delete(f"{gateway.url}/v1/keys/1", headers=bearer(key)).status_code == 204


def test_a_key_ends_at_its_end(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    soon = datetime.now(UTC) + timedelta(seconds=1.0)
    made = make(gateway, key, "read", expires=soon.isoformat()).json()
    assert works(gateway, made["key"])
    wait_until(lambda: not works(gateway, made["key"]))
    assert datetime.now(UTC) >= soon
    past = make(gateway, key, "read", expires="2020-01-01T00:00:00Z")
    assert (past.status_code, past.json()["code"]) == (422, "expires_in_past")


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["read"], "expires": "2030-01-01T00:00:00"},
        {"scopes": ["read"]},
    ],
)
def test_keys_that_make_no_sense(gateway_to: GatewayTo, given: dict[str, object]) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")
    refused = httpx2.post(f"{gateway.url}/v1/keys", json=given, headers=bearer(key))
    assert refused.status_code == 422
    assert refused.json()["code"] == "validation_failed"


def test_a_cookie_instead_of_a_key(gateway_to: GatewayTo, rogue_with: RogueWith, tmp_path: Path) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url)
    with httpx2.Client(base_url=gateway.url) as browser:
        signed_in = browser.post("/v1/session", json={"key": key})
        assert signed_in.status_code == 201
        assert signed_in.json()["name"] == "admin"
        cookie = signed_in.headers["set-cookie"]
        name, token = cookie.split(";")[0].split("=")
        assert name == f"darkroom_session_{gateway.port}"  # two stacks on one host do not share it
        assert token != key
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= parts
        assert "secure" not in parts
        days = datetime.fromisoformat(signed_in.json()["expires"]) - datetime.now(UTC)
        assert timedelta(days=29) < days <= timedelta(days=30)
        assert browser.get("/api/imagestore/v1/images").status_code == 200
        assert rogue.asked[0].header("cookie") == ""
        gateway.stop()
        for stored in (tmp_path / "gateway").iterdir():
            assert token.encode() not in stored.read_bytes()
        again = serve_gateway(tmp_path, port=gateway.port, service_urls={"imagestore": rogue.url})
        assert browser.get("/v1/session").json()["name"] == "admin"  # it lives through a restart
        assert browser.delete("/v1/session").status_code == 204
        assert dict(browser.cookies) == {}
        with_the_old_one = httpx2.get(f"{gateway.url}/v1/session", headers={"Cookie": f"{name}={token}"})
        assert with_the_old_one.status_code == 401
        again.stop()


def test_over_https_the_cookie_is_secure(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1", public_url="https://photos.example")
    signed_in = httpx2.post(
        f"{gateway.url}/v1/session", json={"key": key}, headers={"Origin": "https://photos.example"}
    )
    assert "secure" in signed_in.headers["set-cookie"].lower()


def test_failed_sign_ins_are_few_and_good_ones_do_not_count(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to("http://127.0.0.1:1")

    def sign_in(shown: str) -> httpx2.Response:
        return httpx2.post(f"{gateway.url}/v1/session", json={"key": shown})

    assert [sign_in(key).status_code for _ in range(8)] == [201] * 8
    assert [sign_in(f"dk_{number}").status_code for number in range(6)] == [401] * 5 + [429]
    refused = sign_in(key)
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 12


def test_requests_are_counted_by_key(gateway_to: GatewayTo, rogue_with: RogueWith) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway, key = gateway_to(rogue.url, requests_per_second=1, request_burst=10)
    with httpx2.Client(base_url=gateway.url, headers=bearer(key)) as client:
        found = [client.get("/api/imagestore/x").status_code for _ in range(15)]
        assert found[:10] == [200] * 10
        assert 429 in found[10:]
        refused = client.get("/v1/session")
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
    assert httpx2.get(f"{gateway.url}/healthz").status_code == 200
    assert httpx2.get(f"{gateway.url}/readyz").status_code != 429


class CommandLine:
    """`python -m gateway`, as an operator types it."""

    def __init__(self, folder: Path) -> None:
        self._environment = {"DARKROOM_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


def test_keys_from_the_command_line(gateway_to: GatewayTo, tmp_path: Path) -> None:
    gateway, _ = gateway_to("http://127.0.0.1:1")
    run = CommandLine(tmp_path)
    added = run("keys", "add", "night job", "--scope", "write,read")
    assert added.returncode == 0, added.stderr
    key = added.stdout.strip()
    assert works(gateway, key)  # a running gateway knows it at once
    listed = run("keys", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["id", "1", "2"]
    assert listed[2].split()[1] == "read,write"
    assert listed[2].endswith("night job")
    revoked = threading.Event()
    assert run("keys", "revoke", "2").returncode == 0
    revoked.wait(1.0)
    assert not works(gateway, key)  # within a second


def test_what_the_command_line_refuses(tmp_path: Path) -> None:
    run = CommandLine(tmp_path)
    unknown = run("keys", "add", "x", "--scope", "read,fly")
    assert unknown.returncode == 2
    assert "read, write, admin" in unknown.stderr
    missing = run("keys", "revoke", "7")
    assert (missing.returncode, missing.stderr) == (1, "there is no such key\n")
    assert run("keys", "add", "boss", "--scope", "admin", "--days", "2").returncode == 0
    last = run("keys", "revoke", "1")
    assert last.returncode == 1
    assert "last admin key" in last.stderr
    assert "Traceback" not in last.stderr + missing.stderr + unknown.stderr


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    run = CommandLine(tmp_path)
    assert run("keys", "add", "x").returncode == 0
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway' / 'gateway.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    refused = run("keys", "list")
    assert refused.returncode != 0
    assert "newer" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_settings_that_would_open_the_door(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"loopback address only, and this binds 0\.0\.0\.0"):
        GatewaySettings(data_dir=tmp_path, auth="off", host="0.0.0.0")
    assert GatewaySettings(data_dir=tmp_path, auth="off", host="::1").host == "::1"


def test_without_keys_everybody_is_everybody(tmp_path: Path, rogue_with: RogueWith) -> None:
    rogue = rogue_with(answering(answer(b"{}")))
    gateway = serve_gateway(tmp_path, auth="off", service_urls={"imagestore": rogue.url})
    try:
        assert httpx2.put(f"{gateway.url}/api/imagestore/x", content=b"x").status_code == 200
        assert rogue.asked[0].header("x-darkroom-actor") == "anonymous"
        assert not (tmp_path / "admin.key").exists()
        assert json.loads(httpx2.get(f"{gateway.url}/v1/session").content)["scopes"] == [
            "read",
            "write",
            "admin",
        ]
        foreign = httpx2.put(
            f"{gateway.url}/api/imagestore/x", content=b"x", headers={"Origin": "http://evil.example"}
        )
        assert foreign.json()["code"] == "origin_not_allowed"  # a page on the web may still not write here
    finally:
        gateway.stop()
