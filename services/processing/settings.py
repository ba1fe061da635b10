"""The processing service's settings: DARKROOM_PROCESSING_*, and those it shares with others."""

import os
from pathlib import Path

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from services.processing.limits import PipelineLimits
from shared.imaging import ImageLimits
from shared.settings import MIB, Port, ServiceSettings, everywhere


def _cores() -> int:
    return max(os.cpu_count() or 1, 1)


class ProcessingSettings(ServiceSettings):
    """Every figure of limits.md that is the processing service's."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_PROCESSING_", frozen=True, extra="ignore")

    port: Port = 8003
    image_bytes: PositiveInt = 64 * MIB
    batch_bytes: PositiveInt = 1024 * MIB
    image_pixels: PositiveInt = 50_000_000
    image_side: PositiveInt = 16_384

    pipeline_steps: PositiveInt = 10
    kernel_side: PositiveInt = 101
    output_side: PositiveInt = 8_192

    process_threads: PositiveInt = Field(default_factory=_cores)
    process_waiting: PositiveInt = 64

    job_items: PositiveInt = 10_000
    waiting_jobs: PositiveInt = 1_000
    running_jobs: PositiveInt = 8
    item_attempts: PositiveInt = 3
    item_seconds: PositiveFloat = 300.0
    kept_hours: PositiveFloat = 24.0
    sweep_seconds: PositiveFloat = 600.0
    lease_seconds: PositiveFloat = 15.0

    workers: PositiveInt = Field(default_factory=_cores)
    worker_memory_bytes: PositiveInt = 2048 * MIB
    idle_seconds: NonNegativeFloat = 600.0
    dask_scheduler: str = Field("", validation_alias=everywhere("dask_scheduler"))
    dask_tls_ca: Path | None = Field(None, validation_alias=everywhere("dask_tls_ca"))
    dask_tls_cert: Path | None = Field(None, validation_alias=everywhere("dask_tls_cert"))
    dask_tls_key: Path | None = Field(None, validation_alias=everywhere("dask_tls_key"))

    imagestore_url: str = Field("", validation_alias=everywhere("imagestore_url"))
    imagestore_port: Port = Field(8002, validation_alias=everywhere("imagestore_port"))

    @property
    def limits(self) -> PipelineLimits:
        """How much an image and a pipeline may ask for."""
        image = ImageLimits(self.image_pixels, self.image_side)
        return PipelineLimits(self.pipeline_steps, self.kernel_side, self.output_side, image)

    @property
    def effective_imagestore_url(self) -> str:
        """Where the image store is reached; on this machine, unless its address is given."""
        return self.imagestore_url.rstrip("/") or f"http://127.0.0.1:{self.imagestore_port}"
