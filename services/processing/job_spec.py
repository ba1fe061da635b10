"""What a job is to do, as it stands in its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from services.processing.render import Output
from shared.imaging import ImageFormat
from shared.jobs import Job


@dataclass(frozen=True, slots=True)
class JobSpec:
    """`pipeline` is JSON text for all items that have none of their own; `folder` is what
    the keys of its blobs begin with."""

    pipeline: str
    output: Output
    folder: str

    def parameters(self) -> dict[str, Any]:
        """As the job's row keeps it."""
        kind = self.output.format
        return {
            "pipeline": self.pipeline,
            "format": None if kind is None else kind.value,
            "quality": self.output.quality,
            "folder": self.folder,
        }

    def original_key(self, index: int) -> str:
        """Where an item's own bytes are."""
        return f"{self._place()}.{index}.original"

    def result_key(self, index: int, run: int) -> str:
        """Where a run's result goes: a late one of an earlier run overwrites nothing."""
        return f"{self._place()}.{index}.{run}.result"

    def keys(self, index: int, runs: int) -> list[str]:
        """Every key that an item may have bytes under, after so many runs."""
        return [self.original_key(index), *(self.result_key(index, run) for run in range(1, runs + 1))]

    def _place(self) -> str:
        # few folders for all jobs: one a job would stay behind, empty, for ever
        return f"jobs/{self.folder[:2]}/{self.folder}"


def folder_of(key: str) -> str:
    """The folder of the job that a key belongs to."""
    return key.rpartition("/")[2].partition(".")[0]


def spec_of(job: Job) -> JobSpec:
    """The specification of a job that was added."""
    return read_spec(job.parameters)


def read_spec(given: Mapping[str, Any]) -> JobSpec:
    """The specification that `parameters` gave."""
    kind = given["format"]
    output = Output(None if kind is None else ImageFormat(kind), given["quality"])
    return JobSpec(cast("str", given["pipeline"]), output, cast("str", given["folder"]))
