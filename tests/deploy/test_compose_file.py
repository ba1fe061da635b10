"""The compose file by itself: each service gets its settings and no other's, and nothing is left open."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy import healthy, secret_files
from gateway.legacy.settings import LegacySettings
from gateway.settings import PORTS, GatewaySettings
from services.imagestore.settings import ImageStoreSettings
from services.processing.settings import ProcessingSettings
from services.sdcard.settings import SdcardSettings
from services.tagging.settings import TaggingSettings
from shared.settings import DeployableSettings, setting_names

ROOT = Path(__file__).parents[2]
AWS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
TRACES = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"}
BLOBS = AWS | {"DARKROOM_BLOBS_URL"}
SETTINGS: dict[str, type[DeployableSettings]] = {
    "gateway": GatewaySettings,
    "legacy": LegacySettings,
    "tagging": TaggingSettings,
    "imagestore": ImageStoreSettings,
    "processing": ProcessingSettings,
    "sdcard": SdcardSettings,
}
# What a container has of its own: where its data is, and where it listens. Keys cannot be turned off in one.
OWN = {"DARKROOM_DATA_DIR", "DARKROOM_AUTH"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return loaded


def given_to(service: dict[str, Any]) -> set[str]:
    """The variables that a service's container gets."""
    names = set((ROOT / service["env_file"]).read_text().split())
    assert not any("=" in name for name in names)
    return names | set(service["environment"])


@pytest.mark.parametrize("name", SETTINGS)
def test_a_service_gets_all_of_its_settings_and_no_other_s(services: dict[str, Any], name: str) -> None:
    own = {setting for setting in setting_names(SETTINGS[name]) if not setting.endswith(("_PORT", "_URLS"))}
    allowed = own | TRACES | {f"DARKROOM_{each.upper()}_URL" for each in PORTS}
    if name not in {"gateway", "legacy"}:
        allowed |= AWS
    if name == "sdcard":
        allowed |= {"CAMUSERID", "CAMPASSWORD"}
    wanted = own - OWN - {"DARKROOM_SERVICE_TOKEN"}  # which is in a file
    wanted -= {"DARKROOM_BLOBS_URL"} if name == "gateway" else set()
    assert not (missing := wanted - given_to(services[name])), f"deploy/settings/{name}.env: {missing}"
    assert not (foreign := given_to(services[name]) - allowed), foreign


def test_a_worker_gets_what_opens_the_blobs_alone(services: dict[str, Any]) -> None:
    assert set((ROOT / services["worker"]["env_file"]).read_text().split()) == AWS


def test_backups_are_told_where_everything_is(services: dict[str, Any]) -> None:
    named = set((ROOT / services["backup"]["env_file"]).read_text().split())
    databases = {f"DARKROOM_{name.upper()}_DATABASE_URL" for name in SETTINGS if name != "legacy"}
    assert named == databases | BLOBS | {"DARKROOM_DATABASES_URL", "DARKROOM_SERVICES"}
    mounted = {place.split(":")[0] for place in services["backup"]["volumes"]}
    assert set(SETTINGS) - {"legacy"} <= mounted


def test_no_container_may_do_more_than_it_must(services: dict[str, Any]) -> None:
    ours = {name: service for name, service in services.items() if "build" in service}
    assert len(ours) == len(SETTINGS) + 4  # secrets, backup, scheduler, worker
    for name, service in ours.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["user"] == "${DARKROOM_USER:-10001:10001}", name
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"], name
        assert all(port.startswith("${") and ":-127.0.0.1}" in port for port in service.get("ports", ()))
    assert {name for name, service in services.items() if service.get("ports")} == {
        "gateway", "legacy", "prometheus",
    }  # fmt: skip


def test_no_password_is_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name, default in re.findall(r"\$\{([A-Z_]*(?:PASSWORD|TOKEN|KEY)[A-Z_]*)(:-[^}]*)?\}", text):
        assert default == ":-", name


def test_health_is_asked_at_each_service_s_own_port(services: dict[str, Any]) -> None:
    assert {name: kind.model_fields["port"].default for name, kind in SETTINGS.items()} == healthy.PORTS
    assert not healthy.answers(1, "/readyz")


def test_secrets_are_made_once_and_what_is_given_goes_before(tmp_path: Path) -> None:
    path = tmp_path / "token"
    made = secret_files.keep(path, "")
    assert len(made) == 43  # 32 random bytes
    assert secret_files.keep(path, "") == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret_files.keep(path, "given") == "given"
    assert path.read_text() == "given\n"
    assert list(tmp_path.iterdir()) == [path]
