"""What is said on the WebSocket, beside the events themselves."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Topic = Annotated[str, Field(examples=["imagestore.image.*"])]
Sequence = Annotated[int, Field(ge=0, strict=True)]


class ClientMessage(BaseModel):
    """From the client: topics it wants, with what it has seen of each service, or wants no more."""

    model_config = ConfigDict(extra="forbid")

    subscribe: list[Topic] | None = None
    after: dict[str, Sequence] = Field(default_factory=dict, examples=[{"imagestore": 118}])
    unsubscribe: list[Topic] | None = None


class Subscribed(BaseModel):
    """The answer: from where on events of each service follow."""

    subscribed: list[Topic]
    cursor: dict[str, int]


class Reset(BaseModel):
    """Events have been missed that are no longer kept: ask REST for the present; what follows is new."""

    reset: list[str]
    cursor: dict[str, int]


class SocketError(BaseModel):
    """Why a message was not understood; the socket stays open."""

    code: str
    detail: str
