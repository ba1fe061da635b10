"""Events on the wire: CloudEvents 1.0 in JSON, and where a stream of them stands."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field


class CloudEvent(BaseModel):
    """Something that has happened: committed, and in the order of its sequence."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(examples=["imagestore:118"], description="<service>:<sequence>")
    source: str = Field(examples=["/imagestore"])
    type: str = Field(examples=["imagestore.image.created"])
    subject: str = Field(examples=["images/sunset.jpg"])
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any] = Field(default_factory=dict)


class StreamPosition(BaseModel):
    """The sequences that a service still keeps; both 0 where nothing has happened yet."""

    oldest: int
    newest: int
