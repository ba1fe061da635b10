"""Settings: which source goes before which, and where rows are by default."""

from pathlib import Path

import pytest

from services.tagging.settings import TaggingSettings
from shared.settings import ServiceSettings


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secrets as it is mounted into a container."""
    for name in ("DARKROOM_SERVICE_TOKEN", "DARKROOM_TAGGING_DATABASE_URL", "DARKROOM_DATABASES_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "darkroom_service_token").write_text("of a file\n")
    (tmp_path / "darkroom_tagging_database_url").write_text("postgresql://of-a-file/rows")
    return tmp_path


def test_a_secret_of_a_setting_s_name_sets_it(secrets: Path) -> None:
    settings = TaggingSettings(_secrets_dir=secrets)
    assert settings.service_token.get_secret_value() == "of a file"
    assert settings.effective_database_url == "postgresql://of-a-file/rows"


def test_the_environment_goes_before_it_unless_it_is_empty(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_SERVICE_TOKEN", "of the environment")
    monkeypatch.setenv("DARKROOM_TAGGING_DATABASE_URL", "")
    settings = TaggingSettings(_secrets_dir=secrets)
    assert settings.service_token.get_secret_value() == "of the environment"
    assert settings.database_url == "postgresql://of-a-file/rows"


def test_where_no_secrets_are_mounted_none_are_read(tmp_path: Path) -> None:
    assert TaggingSettings(_secrets_dir=tmp_path / "none").port == 8001


def test_a_common_server_has_a_database_for_each_service(tmp_path: Path) -> None:
    common = "postgresql://darkroom@postgres?passfile=/run/secrets/pgpass"
    settings = TaggingSettings(databases_url=common, data_dir=tmp_path)
    assert settings.effective_database_url == (
        "postgresql://darkroom@postgres/tagging?passfile=/run/secrets/pgpass"
    )
    own = TaggingSettings(databases_url=common, database_url="postgresql://other/rows")
    assert own.effective_database_url == "postgresql://other/rows"
    with pytest.raises(ValueError, match="PostgreSQL server"):
        _ = ServiceSettings(databases_url="sqlite:///rows.db").effective_database_url
