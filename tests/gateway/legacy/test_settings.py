"""Settings of the old clients' door: what it refuses to start with, and who may enter."""

from pathlib import Path

import pytest

from gateway.legacy.server import may_enter
from gateway.legacy.settings import LegacySettings
from gateway.legacy.surroundings import host_address


def test_another_address_than_loopback_needs_networks() -> None:
    with pytest.raises(ValueError, match="DARKROOM_LEGACY_NETWORKS"):
        LegacySettings(host="0.0.0.0")
    assert LegacySettings(host="0.0.0.0", networks="10.0.0.0/8, fd00::/8").allowed
    assert LegacySettings(host="::1").allowed == ()
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8 has host bits set"):
        LegacySettings(host="0.0.0.0", networks="10.0.0.1/8")


def test_certificates_come_whole() -> None:
    with pytest.raises(ValueError, match="go together"):
        LegacySettings(tls_certificate=Path("server.crt"))
    with pytest.raises(ValueError, match="DARKROOM_LEGACY_TLS_CERTIFICATE"):
        LegacySettings(tls_client_authority=Path("authority.crt"))


@pytest.mark.parametrize(
    ("address", "enters"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("::ffff:11.1.2.3", False),
        ("fd00::5", True),
        ("fe80::1%eth0", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_who_may_enter(address: str, enters: bool) -> None:
    networks = LegacySettings(networks="10.0.0.0/8 fd00::/8").allowed
    assert may_enter(address, networks) is enters


ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth1\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t00000000\t010013AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""


def test_the_host_of_a_container_is_its_default_route(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(ROUTES)
    assert str(host_address(tmp_path / "route")) == "172.19.0.1"
    (tmp_path / "route").write_text(ROUTES.rpartition("eth0")[0])
    with pytest.raises(ValueError, match="no default route"):
        host_address(tmp_path / "route")
