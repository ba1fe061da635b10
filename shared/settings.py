"""Settings from the environment: one frozen object a deployable, handed to its create_app."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SECRETS = Path("/run/secrets")  # where Docker, Podman and Kubernetes mount them
Port = Annotated[int, Field(ge=1, le=65535)]
MIB = 1024 * 1024


def everywhere(name: str, *others: str) -> AliasChoices:
    """The alias of a setting of every deployable: DARKROOM_<NAME>, and names that others gave it."""
    return AliasChoices(f"darkroom_{name}", *others, name)


class DeployableSettings(BaseSettings):
    """What every deployable has; a subclass adds its own below DARKROOM_<SERVICE>_."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True, secrets_dir=SECRETS
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then a file of the setting's name below /run/secrets, where one is mounted."""
        assert isinstance(file_secret_settings, SecretsSettingsSource)
        files = (file_secret_settings,) if Path(str(file_secret_settings.secrets_dir)).is_dir() else ()
        return (init_settings, env_settings, dotenv_settings, *files)

    data_dir: Path = Field(Path("data"), validation_alias=everywhere("data_dir"))
    service_token: SecretStr = Field(SecretStr(""), validation_alias=everywhere("service_token"))
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias=everywhere("log_level")
    )
    access_log: bool = Field(default=True, validation_alias=everywhere("access_log"))
    otlp_endpoint: str = Field(
        "", validation_alias=everywhere("otlp_endpoint", "otel_exporter_otlp_endpoint")
    )

    host: str = "127.0.0.1"
    port: Port = 8000
    max_connections: PositiveInt = 2048
    header_seconds: PositiveFloat = 10.0
    body_idle_seconds: PositiveFloat = 15.0
    keep_alive_seconds: PositiveFloat = 75.0
    drain_seconds: PositiveFloat = 20.0
    json_body_bytes: PositiveInt = MIB

    @property
    def name(self) -> str:
        """The deployable's name, from its prefix: DARKROOM_IMAGESTORE_ is imagestore."""
        prefix = str(type(self).model_config.get("env_prefix", "DARKROOM_"))
        return prefix.removeprefix("DARKROOM_").rstrip("_").lower()

    @property
    def home(self) -> Path:
        """The deployable's own folder below the data folder."""
        return self.data_dir / self.name


class ServiceSettings(DeployableSettings):
    """What a deployable with rows has besides."""

    database_url: str = ""
    databases_url: str = Field("", validation_alias=everywhere("databases_url"))
    blobs_url: str = Field("", validation_alias=everywhere("blobs_url"))
    event_retention_days: PositiveFloat = 7.0
    event_poll_seconds: PositiveFloat = 0.25
    busy_timeout_seconds: PositiveFloat = 5.0
    waiting_writes: PositiveInt = 10_000

    @property
    def effective_database_url(self) -> str:
        """The database's URL: its own, one of its name on the common server, or a SQLite file of ours."""
        if self.database_url:
            return self.database_url
        if self.databases_url:
            parts = urlsplit(self.databases_url)
            if not parts.scheme.startswith("postgresql"):
                raise ValueError("DARKROOM_DATABASES_URL names a PostgreSQL server: postgresql://user@host")
            return urlunsplit(parts._replace(path=f"/{self.name}"))
        return f"sqlite:///{quote(str((self.home / f'{self.name}.db').absolute()))}"

    @property
    def effective_blobs_url(self) -> str:
        """Where the deployable's blobs live: in its own folder, or below its own name in a common store."""
        if not self.blobs_url:
            return (self.home / "blobs").absolute().as_uri()
        parts = urlsplit(self.blobs_url)
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{self.name}"))


class ImageStoreUser(DeployableSettings):
    """What a deployable has that calls the image store."""

    imagestore_url: str = Field("", validation_alias=everywhere("imagestore_url"))
    imagestore_port: Port = Field(8002, validation_alias=everywhere("imagestore_port"))

    @property
    def effective_imagestore_url(self) -> str:
        """Where the image store is: on this machine, unless told otherwise."""
        return (self.imagestore_url or f"http://127.0.0.1:{self.imagestore_port}").rstrip("/")


def setting_names(settings: type[BaseSettings]) -> list[str]:
    """Names of the environment variables that a settings class reads, in upper case."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    names = []
    for field, info in settings.model_fields.items():
        alias = info.validation_alias
        first = alias.choices[0] if isinstance(alias, AliasChoices) else f"{prefix}{field}"
        names.append(str(first).upper())
    return sorted(names)
