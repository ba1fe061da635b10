"""The SD-card browser's settings: DARKROOM_SDCARD_*, and the names that cameras have always had."""

from pathlib import Path

from pydantic import AliasChoices, Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import MIB, Port, ServiceSettings, everywhere


def _also(own: str, name: str) -> AliasChoices:
    """DARKROOM_SDCARD_<own>, or the short name that the field has used so far."""
    return AliasChoices(f"darkroom_sdcard_{own}", name)


class SdcardSettings(ServiceSettings):
    """Every figure of limits.md that is the SD-card browser's."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_SDCARD_", frozen=True, extra="ignore")

    port: Port = 8004
    config_ini: Path | None = Field(None, validation_alias=_also("config_ini", "config_ini"))
    camera_user: str = Field("", validation_alias=_also("camera_user", "camuserid"))
    camera_password: SecretStr = Field(
        SecretStr(""), validation_alias=_also("camera_password", "campassword")
    )
    credentials_key: SecretStr = SecretStr("")
    camera_networks: str = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
    sessions: PositiveInt = 2
    operations: PositiveInt = 16
    connects_per_minute: PositiveInt = 6
    connect_seconds: PositiveFloat = 5.0
    banner_seconds: PositiveFloat = 10.0
    auth_seconds: PositiveFloat = 10.0
    channel_seconds: PositiveFloat = 10.0
    bytes_per_second: PositiveInt = 16 * 1024
    ssh_keep_alive_seconds: PositiveFloat = 15.0
    idle_seconds: PositiveFloat = 120.0
    backoff_seconds: PositiveFloat = 30.0
    listing_entries: PositiveInt = 10_000
    window_bytes: PositiveInt = 2 * MIB
    camera_threads: PositiveInt = 8
    camera_waiting: PositiveInt = 64
    stale_seconds: PositiveFloat = 10.0
    scan_connections: PositiveInt = 4
    thumbnail_side: PositiveInt = 320
    preview_side: PositiveInt = 320
    preview_frames: PositiveInt = 8
    picture_cache_bytes: PositiveInt = 1024 * MIB
    jobs_at_once: PositiveInt = 4
    jobs_waiting: PositiveInt = 1000
    job_hours: PositiveFloat = 24.0
    sweep_seconds: PositiveFloat = 600.0
    imagestore_url: str = Field("", validation_alias=everywhere("imagestore_url"))
    imagestore_port: Port = Field(8002, validation_alias=everywhere("imagestore_port"))

    @property
    def effective_imagestore_url(self) -> str:
        """Where the image store listens: on this machine unless set."""
        return self.imagestore_url or f"http://127.0.0.1:{self.imagestore_port}"
