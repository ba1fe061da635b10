"""Errors on the wire: RFC 9457 problem details, with a stable code."""

from pydantic import BaseModel, ConfigDict, Field

PROBLEM_JSON = "application/problem+json"


class Problem(BaseModel):
    """What every answer of 400 and above holds; particular codes add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", examples=["urn:darkroom:problem:invalid_name"])
    title: str = Field(examples=["What was sent is not valid"])
    status: int = Field(examples=[422])
    detail: str = Field("", examples=["a name has at most 255 bytes"])
    code: str = Field(examples=["invalid_name"])
    request_id: str = Field("", examples=["5c1bb1b9e0f24b0a"])
