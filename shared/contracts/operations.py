"""Wire models of the processing service: operations, and pipelines of them."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class OperationView(BaseModel):
    """An operation, and its parameters as JSON Schema with defaults, limits, units and descriptions."""

    name: str = Field(examples=["edge_detection"])
    title: str = Field(examples=["Edge detection"])
    description: str
    family: str = Field(description="operations of a kind are shown together", examples=["edges"])
    takes: str = Field(description="what the image is brought to first", examples=["grey"])
    parameters: dict[str, Any] = Field(description="JSON Schema (draft 2020-12) of an object")


class OperationList(BaseModel):
    """Every operation there is."""

    items: list[OperationView]


class PipelineStep(BaseModel):
    """One operation of a pipeline; parameters left out have their defaults."""

    model_config = ConfigDict(extra="forbid")

    operation: str = Field(max_length=100, examples=["gaussian_blur"])
    parameters: dict[str, Any] = Field(default={}, examples=[{"kernel": 9}])


class PipelineChange(BaseModel):
    """What a name is to stand for."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field("", max_length=1000)
    pipeline: list[PipelineStep] = Field(min_length=1, description="at most 10, in their order")


class SavedPipeline(BaseModel):
    """A pipeline under a name, which `pipeline_name` of POST /v1/process and of jobs can use."""

    name: str = Field(examples=["Old film"])
    description: str
    pipeline: list[PipelineStep]
    revision: int = Field(description="grows with each change", examples=[1])
    created_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
