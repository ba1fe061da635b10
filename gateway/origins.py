"""Which names we answer to, and whose pages may use a signed-in browser. Pure rules over headers."""

import ipaddress
import re

from gateway.settings import GatewaySettings, is_unspecified
from shared.errors import DarkroomError, Forbidden

HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
FRIENDLY_SITES = frozenset({"same-origin", "none"})  # Sec-Fetch-Site: our own page, or the user's own doing


class HostNotAllowed(DarkroomError):
    """The Host header holds a name that is not ours: a page that rebinds its own name to us, or a mistake."""

    status = 421
    code = "host_not_allowed"
    title = "This is not the host you asked for"


class Origins:
    """The Host allow-list and the same-origin rule."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._hosts = settings.hosts
        self._origins = settings.origins
        self._any_address = is_unspecified(settings.host) and not settings.allowed_hosts
        self._scheme = "https" if settings.secure else "http"
        self._known: set[str] = set()

    def check_host(self, host: str) -> None:
        """Raises HostNotAllowed unless the Host header's name is one of ours."""
        if host in self._known:
            return
        match = HOST.fullmatch(host)
        if match is None or not self.is_ours(match["name"].lower()):
            raise HostNotAllowed(
                "the Host header names another host; DARKROOM_ALLOWED_HOSTS lists those that are allowed"
            )
        if len(self._known) < 1000:
            self._known.add(host)

    def is_ours(self, name: str) -> bool:
        """Whether a Host header may hold the name, in lower case and without port."""
        if name in self._hosts or "*" in self._hosts:
            return True
        return self._any_address and _is_address(name)

    def check_cookie_use(self, host: str, origin: str | None, site: str | None, *, safe: bool) -> None:
        """Raises Forbidden for a request that another site's page makes with our cookie.

        `site` is Sec-Fetch-Site; a browser sends it, or an Origin, with everything that is not safe.
        """
        if origin is not None:
            self.check_origin(host, origin)
        elif site is not None and site not in FRIENDLY_SITES and not safe:
            raise _foreign()

    def check_origin(self, host: str, origin: str) -> None:
        """Raises Forbidden unless the Origin is our own, or one that is allowed."""
        if origin.lower() != f"{self._scheme}://{host}".lower() and origin not in self._origins:
            raise _foreign()


def _foreign() -> Forbidden:
    return Forbidden("pages of another origin may not do this", code="origin_not_allowed")


def _is_address(name: str) -> bool:
    """Rebinding needs a name: whoever asks for a plain address means this machine."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
