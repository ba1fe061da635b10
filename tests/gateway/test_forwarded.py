"""Whose address counts: the one that a trusted proxy names, and no other."""

from typing import Any

import httpx2
import pytest

from gateway.forwarded import TrustedProxies
from gateway.settings import GatewaySettings
from tests.gateway.serving import GatewayTo

PROXIES = TrustedProxies(GatewaySettings(trusted_proxies="127.0.0.1, 10.0.0.0/8 ::1").proxies)


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        ("127.0.0.1", [b"203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", [b"1.2.3.4, 203.0.113.9"], "203.0.113.9"),  # the left one anybody can have written
        ("127.0.0.1", [b"1.2.3.4", b"203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        ("::1", [b"2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.2", [b"203.0.113.9"], "203.0.113.9"),
        ("198.51.100.1", [b"203.0.113.9"], "198.51.100.1"),  # not ours: a claim
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [b"unknown"], "127.0.0.1"),
        ("127.0.0.1", [b"203.0.113.9, garbage"], "127.0.0.1"),
        ("127.0.0.1", [b"10.2.2.2, 10.1.1.1"], "10.2.2.2"),
    ],
)
def test_the_header_is_believed_as_far_as_our_proxies_wrote_it(
    peer: str, named: list[bytes], client: str
) -> None:
    scope: dict[str, Any] = {
        "client": (peer, 5000),
        "headers": [(b"x-forwarded-for", value) for value in named],
    }
    PROXIES.resolve(scope)
    assert scope["client"][0] == client


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    scope: dict[str, Any] = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    TrustedProxies([]).resolve(scope)
    assert scope["client"] == ("127.0.0.1", 1)


def test_what_is_no_network_ends_the_start() -> None:
    with pytest.raises(ValueError, match="300"):
        GatewaySettings(trusted_proxies="10.0.0.300")


@pytest.mark.parametrize(("trusted", "second"), [("127.0.0.1", 401), ("", 429)])
def test_sign_ins_are_counted_by_the_client_behind_the_proxy(
    gateway_to: GatewayTo, trusted: str, second: int
) -> None:
    gateway, _ = gateway_to("http://127.0.0.1:9", trusted_proxies=trusted, sign_ins_per_minute=1)

    def sign_in(address: str) -> int:
        headers = {"X-Forwarded-For": address, "Origin": gateway.url}
        with httpx2.Client(base_url=gateway.url, headers=headers, trust_env=False) as client:
            return client.post("/v1/session", json={"key": "dk_wrong"}).status_code

    assert sign_in("203.0.113.1") == 401
    assert sign_in("203.0.113.1") == 429
    assert sign_in("203.0.113.2") == second
