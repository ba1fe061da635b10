"""The gateway's own calls: keys, and the browser's session."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.access import CHALLENGE, STATE_KEY, Access, address_of
from gateway.keys import ALL_SCOPES, CODE_PREFIX, Caller, Keys
from gateway.repository import KeyRow
from gateway.settings import GatewaySettings
from shared.contracts.keys import Key, MadeKey, NewKey, Scope, Session, SignIn
from shared.contracts.pages import Page
from shared.database.types import now
from shared.errors import NotAuthenticated, Unprocessable


def caller_of(request: Request) -> Caller:
    """Who asks, as the entrance found out."""
    found: Caller = request.scope["state"][STATE_KEY]
    return found


Asking = Annotated[Caller, Depends(caller_of)]


def wire_key(row: KeyRow) -> Key:
    """A key as it is shown."""
    return Key(
        id=row.id,
        name=row.name,
        scopes=_scopes(row.scopes.split(",")),
        created=row.created,
        expires=row.expires,
        last_used=row.last_used,
        parent_id=row.parent_id,
    )


def wire_session(caller: Caller) -> Session:
    """A caller as it is shown to itself."""
    return Session(name=caller.name, scopes=_scopes(caller.scopes), expires=caller.expires)


def _scopes(given: list[str] | frozenset[str]) -> list[Scope]:
    return [scope for scope in ALL_SCOPES if scope in given]


def _not_good(shown: str) -> NotAuthenticated:
    if shown.startswith(CODE_PREFIX):
        return NotAuthenticated(
            "this sign-in code was used already, or is past its end: make another one",
            code="invalid_code",
            headers=CHALLENGE,
        )
    return NotAuthenticated("the key is not valid", code="invalid_key", headers=CHALLENGE)


def keys_router(keys: Keys) -> APIRouter:
    """`/v1/keys`, for admin keys alone."""
    router = APIRouter(prefix="/v1/keys", tags=["keys"])

    @router.get("", summary="The keys that are good")
    async def list_keys() -> Page[Key]:
        return Page(items=[wire_key(row) for row in await keys.listed()])

    @router.post("", status_code=201, summary="Make a key; it is shown this once")
    async def add_key(new: NewKey, response: Response) -> MadeKey:
        if new.expires is not None and new.expires <= now():
            raise Unprocessable("expires lies in the past", code="expires_in_past")
        row, secret = await keys.add(new.name, new.scopes, new.expires)
        response.headers["Cache-Control"] = "no-store"
        return MadeKey(**wire_key(row).model_dump(), key=secret)

    @router.delete("/{key_id}", status_code=204, summary="Revoke a key, and end its sessions")
    async def revoke_key(key_id: int) -> None:
        await keys.revoke(key_id)

    return router


def session_router(settings: GatewaySettings, keys: Keys, access: Access) -> APIRouter:
    """`/v1/session`: a key traded for a cookie that scripts cannot read."""
    router = APIRouter(prefix="/v1/session", tags=["session"])

    @router.post("", status_code=201, summary="Sign in: a key or a sign-in code for a cookie")
    async def sign_in(given: SignIn, request: Request, response: Response) -> Session:
        address = address_of(request.scope)
        access.sign_ins.take(address)
        found = await keys.sign_in(given.key)
        if found is None:
            raise _not_good(given.key)
        access.sign_ins.give_back(address)  # only attempts that fail count
        caller, token = found
        response.set_cookie(
            settings.cookie,
            token,
            expires=caller.expires,
            secure=settings.secure,
            httponly=True,
            samesite="strict",
        )
        response.headers["Cache-Control"] = "no-store"
        return wire_session(caller)

    @router.get("", summary="Who is signed in")
    async def who(caller: Asking, response: Response) -> Session:
        response.headers["Cache-Control"] = "no-store"
        return wire_session(caller)

    @router.delete("", status_code=204, summary="Sign out")
    async def sign_out(caller: Asking, response: Response) -> None:
        await keys.sign_out(caller.credential)
        response.delete_cookie(settings.cookie, secure=settings.secure, httponly=True, samesite="strict")

    return router
