"""The rules of share links: who may look through one, until when, and at what."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import deque
from datetime import timedelta
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection

from services.imagestore import link_repository, repository
from services.imagestore.link_repository import LinkRow, SharedRow
from services.imagestore.service import ImageNotFound
from services.imagestore.tables import events
from shared.contracts.imagestore import NewLink
from shared.database import Database
from shared.database.types import now
from shared.errors import NotAuthenticated, NotFound, TooManyRequests, Unprocessable
from shared.events import EventLog

LinkState = Literal["open", "expired", "revoked"]
TOKEN_BYTES = 18  # 144 bits in 24 characters: beyond guessing
MAX_DAYS = 3650


class LinkNotFound(NotFound):
    """No open link has that token: never made, ended, or revoked; strangers are not told which."""

    code = "link_not_found"
    title = "This link does not exist, or has ended"


class PasswordNeeded(NotAuthenticated):
    """The link asks for its password."""

    code = "password_required"
    title = "This link asks for a password"


def state_of(link: LinkRow) -> LinkState:
    """Whether the link can be used at the moment."""
    if link.revoked_at is not None:
        return "revoked"
    return "expired" if link.expires_at <= now() else "open"


class Links:
    """Makes, shows and ends links, and lets in who has the token and, where set, the password."""

    def __init__(self, database: Database, days: float, attempts_per_minute: int) -> None:
        self._database = database
        self._days = days
        self._attempts = attempts_per_minute
        self._failures: dict[str, deque[float]] = {}
        self._hasher = PasswordHasher()
        self._log = EventLog("imagestore", events)

    async def make(self, wanted: NewLink, by: str) -> LinkRow:
        """A link to the images. Raises ImageNotFound, and Unprocessable for an end in the past."""
        moment = now()
        expires_at = wanted.expires_at or moment + timedelta(days=self._days)
        if not moment < expires_at <= moment + timedelta(days=MAX_DAYS):
            raise Unprocessable("a link ends in the future, within ten years", code="invalid_expiry")
        hashed = await asyncio.to_thread(self._hasher.hash, wanted.password) if wanted.password else None
        values = {
            "token": secrets.token_urlsafe(TOKEN_BYTES),
            "title": wanted.title,
            "password_hash": hashed,
            "created_at": moment,
            "expires_at": expires_at,
        }
        names = list(dict.fromkeys(wanted.names))

        def work(connection: Connection) -> LinkRow:
            found = repository.find_many(connection, names)
            missing = [name for name in names if name not in found]
            if missing:
                raise ImageNotFound(f"no image is named {missing[0]}", names=missing[:20])
            link_id = link_repository.add(connection, values, [found[name].id for name in names])
            self._tell(connection, "created", link_id, by)
            return _need(link_repository.find_by_id(connection, link_id))

        return await self._database.write(work)

    async def page(self, before_id: int | None, limit: int) -> list[LinkRow]:
        """Links, newest first."""
        return await self._database.read(lambda c: link_repository.page(c, before_id, limit))

    async def revoke(self, link_id: int, by: str) -> None:
        """End a link now; doing so twice is fine. Raises LinkNotFound."""

        def work(connection: Connection) -> None:
            link = _need(link_repository.find_by_id(connection, link_id))
            if link.revoked_at is None:
                link_repository.revoke(connection, link_id, now())
                self._tell(connection, "revoked", link_id, by)

        await self._database.write(work)

    async def open(self, token: str, password: str | None, pass_word: str | None) -> LinkRow:
        """The link, for someone who brings the password or the pass that an earlier one earned.

        Raises LinkNotFound, PasswordNeeded, and TooManyRequests after too many wrong passwords.
        """
        link = _need(await self._database.read(lambda c: link_repository.find(c, token)))
        if state_of(link) != "open":
            raise LinkNotFound
        if link.password_hash is None or _has_pass(link, pass_word):
            return link
        if password is None:
            raise PasswordNeeded("give it as the password of HTTP Basic authentication, or in the page")
        await self._check_password(link, link.password_hash, password)
        return link

    async def _check_password(self, link: LinkRow, hashed: str, password: str) -> None:
        recent = self._failures.setdefault(link.token, deque())
        while recent and recent[0] < time.monotonic() - 60:
            recent.popleft()
        if len(recent) >= self._attempts:
            raise TooManyRequests(
                "too many wrong passwords", code="too_many_attempts", headers={"Retry-After": "60"}
            )
        recent.append(time.monotonic())  # counted before the check: attempts at the same time count too
        try:
            await asyncio.to_thread(self._hasher.verify, hashed, password)
        except VerifyMismatchError:
            raise PasswordNeeded("the password is not right", code="wrong_password") from None
        self._failures.pop(link.token, None)

    def _tell(self, connection: Connection, verb: str, link_id: int, by: str) -> None:
        self._log.append(connection, f"link.{verb}", f"links/{link_id}", {"id": link_id, "by": by})


def earned_pass(link: LinkRow) -> str:
    """What a browser keeps once the password was right; worthless when the link gets another password."""
    return hmac.new((link.password_hash or "").encode(), link.token.encode(), hashlib.sha256).hexdigest()


def _has_pass(link: LinkRow, given: str | None) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), earned_pass(link).encode())


def shared_image(link: LinkRow, position: int) -> SharedRow:
    """The link's image at the position, from 1. Raises LinkNotFound: nothing else can be reached."""
    for image in link.images:
        if image.position == position:
            return image
    raise LinkNotFound


def _need(link: LinkRow | None) -> LinkRow:
    if link is None:
        raise LinkNotFound
    return link
