"""What a signed-in person needs to go on at another device."""

from fastapi import APIRouter, Response

from gateway.announcement import Announcement
from gateway.keys import Keys
from gateway.reach import tell_reach
from gateway.routes import Asking
from gateway.settings import GatewaySettings
from shared.contracts.devices import NewSignInCode, Reach, SignInCode
from shared.errors import Conflict


def devices_router(settings: GatewaySettings, keys: Keys, announcement: Announcement) -> APIRouter:
    """`/v1/addresses` and `/v1/sign-in-codes`, for anybody who is signed in."""
    router = APIRouter(prefix="/v1", tags=["session"])

    @router.get("/addresses", summary="Where other devices reach this gateway")
    async def addresses(response: Response) -> Reach:
        response.headers["Cache-Control"] = "no-store"
        return tell_reach(settings, announcement.name)

    @router.post("/sign-in-codes", status_code=201, summary="Make a code that signs another device in, once")
    async def add_code(wanted: NewSignInCode, caller: Asking, response: Response) -> SignInCode:
        if settings.auth == "off":
            raise Conflict("keys are off here: nobody has to sign in", code="keys_off")
        code, expires = await keys.add_code(caller, wanted.scopes)
        response.headers["Cache-Control"] = "no-store"
        return SignInCode(code=code, scopes=sorted(set(wanted.scopes)), expires=expires)

    return router
