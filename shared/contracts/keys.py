"""Keys and sign-in on the wire."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

Scope = Literal["read", "write", "admin"]


class NewKey(BaseModel):
    """What a key is to be called and to be good for."""

    name: str = Field(min_length=1, max_length=100, examples=["upload script"])
    scopes: list[Scope] = Field(min_length=1, examples=[["read", "write"]])
    expires: AwareDatetime | None = Field(None, description="null: it does not end by itself")


class Key(BaseModel):
    """A key as it is listed: never the secret itself."""

    id: int
    name: str
    scopes: list[Scope]
    created: AwareDatetime
    expires: AwareDatetime | None = None
    last_used: AwareDatetime | None = Field(None, description="to within a minute")
    parent_id: int | None = Field(
        None, description="of another device that a sign-in code let in: the key that made the code"
    )


class MadeKey(Key):
    """A key just made: the only time that its secret is shown."""

    key: str = Field(examples=["dk_Jx3..."])


class SignIn(BaseModel):
    """A key, or a sign-in code, to be traded for a session cookie."""

    key: str = Field(min_length=1, max_length=200, description="a key, or a sign-in code")


class Session(BaseModel):
    """Who is signed in."""

    name: str = Field(description="the key's name")
    scopes: list[Scope]
    expires: AwareDatetime | None = Field(None, description="when the session ends, where there is one")
