"""The tagging service's settings: DARKROOM_TAGGING_*."""

import os
from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from shared.settings import MIB, ImageStoreUser, Port, ServiceSettings


class TaggingSettings(ServiceSettings, ImageStoreUser):
    """Every figure of limits.md that is the tagging service's."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_TAGGING_", frozen=True, extra="ignore")

    port: Port = 8001
    roots: str = ""
    csv_bytes: PositiveInt = 256 * MIB
    meta_bytes: PositiveInt = 4 * MIB
    import_at_once_bytes: PositiveInt = 8 * MIB
    image_bytes: PositiveInt = 64 * MIB
    image_pixels: PositiveInt = 50_000_000
    image_side: PositiveInt = 16_384
    column_cache_bytes: PositiveInt = 512 * MIB
    hot_bytes: PositiveInt = 64 * MIB
    rendition_cache_bytes: PositiveInt = 1024 * MIB
    render_threads: PositiveInt = Field(default_factory=lambda: max(os.cpu_count() or 1, 1))
    render_waiting: PositiveInt = 512
    ready_ahead: PositiveInt = 4
    history_days: PositiveFloat = 90.0
    job_hours: PositiveFloat = 24.0
    sweep_seconds: PositiveFloat = 600.0

    @property
    def root_folders(self) -> list[Path]:
        """The folders of `roots`, which stand with a colon between them, as in PATH."""
        return [Path(each).expanduser() for each in self.roots.split(os.pathsep) if each]
