"""Other devices of a signed-in person on the wire: where they reach the gateway, and how they sign in."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

DeviceScope = Literal["read", "write"]  # never admin: what lets a phone in makes no keys


class ReachableAt(BaseModel):
    """One address to open."""

    kind: Literal["public", "name", "address"] = Field(
        description="the one that was set, the name announced on the network, or an address of this machine"
    )
    url: str = Field(examples=["http://darkroom.local:8000"])


class Reach(BaseModel):
    """Where other devices reach this gateway."""

    listens: Literal["loopback", "network"] = Field(description="loopback: this machine alone reaches it")
    addresses: list[ReachableAt] = Field(description="the best one first; empty where there is none")
    sign_in: bool = Field(description="whether a device has to sign in: false where keys are off")


class NewSignInCode(BaseModel):
    """What a sign-in code is to open."""

    scopes: list[DeviceScope] = Field(min_length=1, examples=[["read", "write"]])


class SignInCode(BaseModel):
    """A code just made: good once, and not for long."""

    code: str = Field(examples=["dc_1pZ..."])
    scopes: list[DeviceScope]
    expires: AwareDatetime
