"""The image store's settings: DARKROOM_IMAGESTORE_*."""

import os

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from shared.settings import MIB, Port, ServiceSettings


class ImageStoreSettings(ServiceSettings):
    """Every figure of limits.md that is the image store's."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_IMAGESTORE_", frozen=True, extra="ignore")

    port: Port = 8002
    image_bytes: PositiveInt = 64 * MIB
    batch_bytes: PositiveInt = 1024 * MIB
    image_pixels: PositiveInt = 50_000_000
    image_side: PositiveInt = 16_384
    render_threads: PositiveInt = Field(default_factory=lambda: max(os.cpu_count() or 1, 1))
    render_waiting: PositiveInt = 512
    rendition_cache_bytes: PositiveInt = 1024 * MIB
    hot_bytes: PositiveInt = 64 * MIB
    trash_days: PositiveFloat = 7.0
    link_days: PositiveFloat = 7.0
    link_attempts_per_minute: PositiveInt = 5
    sweep_seconds: PositiveFloat = 600.0
    orphan_hours: PositiveFloat = 24.0
