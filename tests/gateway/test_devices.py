"""Another device: where it reaches the gateway, and the code that signs it in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text

from gateway.reach import own_addresses, tell_reach
from gateway.settings import GatewaySettings
from tests.gateway.serving import GatewayTo, Serving, gateway_settings, wait_until

NOWHERE = "http://127.0.0.1:1"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def make_code(gateway: Serving, key: str, *scopes: str) -> httpx2.Response:
    given = {"scopes": list(scopes)}
    return httpx2.post(f"{gateway.url}/v1/sign-in-codes", json=given, headers=bearer(key))


@contextmanager
def sign_in(gateway: Serving, code: str) -> Iterator[httpx2.Client]:
    """A device that has traded a code for its cookie."""
    with httpx2.Client(base_url=gateway.url) as device:
        assert device.post("/v1/session", json={"key": code}).status_code == 201
        yield device


def make_key(gateway: Serving, key: str, *scopes: str, **more: object) -> str:
    given = {"name": "Ada", "scopes": list(scopes), **more}
    answer = httpx2.post(f"{gateway.url}/v1/keys", json=given, headers=bearer(key))
    assert answer.status_code == 201
    return str(answer.json()["key"])


def test_a_code_signs_a_device_in_once_without_the_right_to_make_keys(
    gateway_to: GatewayTo, tmp_path: Path
) -> None:
    gateway, key = gateway_to(NOWHERE)
    made = make_code(gateway, key, "read", "write")
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    code = made.json()["code"]
    assert len(code) == len("dc_") + 22  # 128 bits in base64
    for stored in (tmp_path / "gateway").iterdir():
        assert code.encode() not in stored.read_bytes()
    with sign_in(gateway, code) as device:
        session = device.get("/v1/session").json()
        assert (session["name"], session["scopes"]) == ("admin", ["read", "write"])
        assert device.get("/v1/keys").status_code == 403
    again = httpx2.post(f"{gateway.url}/v1/session", json={"key": code})
    assert (again.status_code, again.json()["code"]) == (401, "invalid_code")
    # It is no key either.
    assert httpx2.get(f"{gateway.url}/v1/session", headers=bearer(code)).status_code == 401


def test_a_code_past_its_end_opens_nothing(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(NOWHERE, sign_in_code_seconds=0.05)
    made = make_code(gateway, key, "read").json()
    wait_until(lambda: datetime.fromisoformat(made["expires"]) < datetime.now(UTC))
    refused = httpx2.post(f"{gateway.url}/v1/session", json={"key": made["code"]})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_code")


def test_guessing_codes_is_as_slow_as_guessing_keys(gateway_to: GatewayTo) -> None:
    gateway, _ = gateway_to(NOWHERE, sign_ins_per_minute=2)
    answers = [httpx2.post(f"{gateway.url}/v1/session", json={"key": f"dc_{n}"}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


@pytest.mark.parametrize(("held", "wanted", "status"), [("read", "write", 403), ("read", "read", 201)])
def test_nobody_gives_more_than_they_have(gateway_to: GatewayTo, held: str, wanted: str, status: int) -> None:
    gateway, admin = gateway_to(NOWHERE)
    reader = make_key(gateway, admin, held)
    assert make_code(gateway, reader, wanted).status_code == status
    assert make_code(gateway, admin, "admin").status_code == 422
    assert make_code(gateway, "dk_wrong", "read").status_code == 401


def test_the_end_of_a_key_ends_the_devices_it_let_in_and_theirs(gateway_to: GatewayTo) -> None:
    gateway, admin = gateway_to(NOWHERE)
    ends = datetime.now(UTC) + timedelta(days=1)
    ada = make_key(gateway, admin, "read", expires=ends.isoformat())
    with sign_in(gateway, make_code(gateway, ada, "read").json()["code"]) as phone:
        assert datetime.fromisoformat(phone.get("/v1/session").json()["expires"]) == ends
        origin = {"Origin": gateway.url}
        again = phone.post("/v1/sign-in-codes", json={"scopes": ["read"]}, headers=origin).json()["code"]
        with sign_in(gateway, again) as tablet:
            waiting = make_code(gateway, ada, "read").json()["code"]
            listed = httpx2.get(f"{gateway.url}/v1/keys", headers=bearer(admin)).json()["items"]
            assert [(one["name"], one["parent_id"]) for one in listed] == [
                ("admin", None), ("Ada", None), ("Ada", 2), ("Ada", 3),
            ]  # fmt: skip
            revoked = httpx2.delete(f"{gateway.url}/v1/keys/2", headers=bearer(admin))
            assert revoked.status_code == 204
            for device in (phone, tablet):
                assert device.get("/v1/session").status_code == 401
    assert httpx2.post(f"{gateway.url}/v1/session", json={"key": waiting}).status_code == 401


def test_a_device_that_signs_out_leaves_no_key_behind(gateway_to: GatewayTo, tmp_path: Path) -> None:
    gateway, admin = gateway_to(NOWHERE)
    with sign_in(gateway, make_code(gateway, admin, "read").json()["code"]) as phone:
        assert phone.delete("/v1/session", headers={"Origin": gateway.url}).status_code == 204
    listed = httpx2.get(f"{gateway.url}/v1/keys", headers=bearer(admin)).json()["items"]
    assert [one["id"] for one in listed] == [1]
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway' / 'gateway.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 0
    engine.dispose()


def test_without_keys_there_is_nothing_to_sign_in_to(gateway_to: GatewayTo) -> None:
    gateway, _ = gateway_to(NOWHERE)
    gateway.stop()
    opened, _ = gateway_to(NOWHERE, auth="off")
    answer = httpx2.post(f"{opened.url}/v1/sign-in-codes", json={"scopes": ["read"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "keys_off")
    assert httpx2.get(f"{opened.url}/v1/addresses").json()["sign_in"] is False


def test_addresses_are_told_to_those_who_are_signed_in(gateway_to: GatewayTo) -> None:
    gateway, key = gateway_to(NOWHERE)
    assert httpx2.get(f"{gateway.url}/v1/addresses").status_code == 401
    told = httpx2.get(f"{gateway.url}/v1/addresses", headers=bearer(key)).json()
    assert told == {"listens": "loopback", "addresses": [], "sign_in": True}


def urls(settings: GatewaySettings, announced: str | None = None) -> list[str]:
    found = tell_reach(settings, announced, lambda _: ["192.0.2.7", "2001:db8::7"])
    return [one.url for one in found.addresses]


def test_only_addresses_that_work_are_told(tmp_path: Path) -> None:
    settings = gateway_settings(tmp_path, host="0.0.0.0", port=8000)
    by_address = ["http://192.0.2.7:8000", "http://[2001:db8::7]:8000"]
    assert urls(settings) == by_address
    assert urls(settings, "darkroom.local") == [*by_address, "http://darkroom.local:8000"]
    for name in ("darkroom.local", "darkroom-2.local"):
        assert name in settings.hosts
    chosen = gateway_settings(tmp_path, host="0.0.0.0", port=8000, allowed_hosts="192.0.2.7")
    assert urls(chosen) == ["http://192.0.2.7:8000"]
    behind = gateway_settings(tmp_path, host="0.0.0.0", public_url="https://pictures.example/")
    assert urls(behind) == ["https://pictures.example"]


def test_the_addresses_are_those_of_what_is_bound() -> None:
    assert own_addresses("127.0.0.1") == own_addresses("::1") == own_addresses("localhost") == []
    assert own_addresses("192.0.2.9") == ["192.0.2.9"]
    every = own_addresses("0.0.0.0")
    assert all("." in address and not address.startswith("127.") for address in every)
    assert all(":" in address and not address.startswith("fe80") for address in own_addresses("::"))


def test_the_announced_name_is_let_in_and_others_are_not(gateway_to: GatewayTo) -> None:
    gateway, _ = gateway_to(NOWHERE, host="0.0.0.0", announce_as="darkroom-under-test")
    for name, status in (("darkroom-under-test.local", 401), ("other.local", 421)):
        host = {"Host": f"{name}:{gateway.port}"}
        assert httpx2.get(f"{gateway.url}/v1/session", headers=host).status_code == status
