"""Who may come in: host, credential, origin, rate and scope, in this order."""

import hmac

from starlette.types import Scope

from gateway.credentials import Head, read_head
from gateway.keys import ALL_SCOPES, Caller, Keys, digest
from gateway.origins import Origins
from gateway.rates import Rate
from gateway.settings import GatewaySettings
from shared.contracts.access import SAFE_METHODS
from shared.errors import Forbidden, NotAuthenticated
from shared.web.middleware import shown_token

EVERYBODY = Caller("anonymous", frozenset(ALL_SCOPES), 0, b"")
STATE_KEY = "darkroom_caller"  # where the caller is left in the scope's state
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="darkroom"'}


class Access:
    """Decides about one request at a time; raises the refusal."""

    def __init__(self, settings: GatewaySettings, keys: Keys) -> None:
        self._keys = keys
        self._origins = Origins(settings)
        self._open = settings.auth == "off"
        self._cookie = settings.cookie
        self._token = settings.service_token.get_secret_value().encode()
        self._requests = Rate(settings.requests_per_second, settings.request_burst, what="requests")
        self.sign_ins = Rate(settings.sign_ins_per_minute / 60, settings.sign_ins_per_minute, what="sign-ins")

    def check_host(self, scope: Scope) -> Head:
        """What the request's head says. Raises HostNotAllowed."""
        head = read_head(scope["headers"], self._cookie)
        self._origins.check_host(head.host)
        return head

    async def admit(self, scope: Scope, head: Head, needed: str | None) -> Caller:
        """The caller of an HTTP request, who has the scope needed (None: any).

        Raises NotAuthenticated, Forbidden and TooManyRequests.
        """
        caller = await self.identify(head)
        self.check_site(scope, head)
        self._requests.take(caller.key_id)
        if needed is not None and needed not in caller.scopes:
            raise Forbidden(f"this needs a key with the scope {needed}", code="scope_required", scope=needed)
        return caller

    def check_site(self, scope: Scope, head: Head) -> None:
        """Raises Forbidden for what a foreign page makes a browser send: all but requests with a key."""
        if not head.key:
            safe = scope["method"] in SAFE_METHODS
            self._origins.check_cookie_use(head.host, head.origin, head.site, safe=safe)

    async def admit_socket(self, scope: Scope) -> tuple[Caller, Head]:
        """The caller of a WebSocket handshake: as for a GET, with the origin of every browser checked."""
        head = self.check_host(scope)
        caller = await self.identify(head)
        if head.origin is not None:
            self._origins.check_origin(head.host, head.origin)
        elif head.session and not head.key:
            raise Forbidden("a browser's WebSocket must name its origin", code="origin_not_allowed")
        self._requests.take(caller.key_id)
        if "read" not in caller.scopes:
            raise Forbidden("this needs a key with the scope read", code="scope_required", scope="read")
        return caller, head

    async def identify(self, head: Head) -> Caller:
        """Who shows the key or cookie. Raises NotAuthenticated."""
        if self._open:
            return EVERYBODY
        shown = head.key or head.session
        if not shown:
            raise NotAuthenticated(
                "send a key as Authorization: Bearer KEY, or sign in at /v1/session",
                code="key_required",
                headers=CHALLENGE,
            )
        caller = await self._keys.find(digest(shown))
        if caller is None:
            raise NotAuthenticated(
                "the key is not valid: it is wrong, revoked or past its end",
                code="invalid_key",
                headers=CHALLENGE,
            )
        return caller

    def has_service_token(self, scope: Scope) -> bool:
        """Whether one of our own parts is asking."""
        return bool(self._token) and hmac.compare_digest(shown_token(scope), self._token)

    def take_for_address(self, scope: Scope) -> None:
        """Count a request that needs no key against its sender's address. Raises TooManyRequests."""
        self._requests.take(address_of(scope))


def address_of(scope: Scope) -> str:
    """The sender's address."""
    client = scope.get("client")
    return client[0] if client else ""
