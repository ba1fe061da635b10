"""Keys: how they are made, kept, found and taken away. What is kept is a digest, never the key."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway import repository
from gateway.cache import BriefCache
from shared.contracts.keys import Scope
from shared.database import Database
from shared.database.types import now
from shared.errors import Conflict, NotFound

PREFIX = "dk_"
SECRET_BYTES = 32  # random, so one SHA-256 is enough: there is nothing to guess, unlike with passwords
ALL_SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
VALIDITY_SECONDS = 0.9  # how long a look-up is believed: a key revoked by another process ends within 1 s


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: a valid key, or a session that stands on one."""

    name: str
    scopes: frozenset[str]
    key_id: int
    credential: bytes  # digest of what was shown, by which it can be looked up again
    expires: datetime | None = None


def new_secret(prefix: str = PREFIX) -> str:
    """A new random secret in URL-safe characters."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def complete(scopes: Collection[Scope]) -> list[Scope]:
    """The scopes in their order; admin holds the others."""
    return [scope for scope in ALL_SCOPES if scope in scopes or "admin" in scopes]


class Keys:
    """The rules for keys and sessions, over the gateway's database."""

    def __init__(self, database: Database, *, session_days: float = 30.0) -> None:
        self._database = database
        self._session = timedelta(days=session_days)
        self._callers = BriefCache(self._look_up, VALIDITY_SECONDS)
        self._used: dict[int, datetime] = {}

    async def find(self, credential: bytes) -> Caller | None:
        """Who shows this credential (the digest of a key or a session); None for nobody."""
        caller = await self._callers.get(credential)
        if caller is not None and caller.expires is not None and caller.expires <= now():
            return None
        if caller is not None:
            self._used[caller.key_id] = now()
        return caller

    async def still_valid(self, credentials: Collection[bytes]) -> set[bytes]:
        """Those of the credentials that are still good."""
        wanted = list(credentials)
        return await self._database.read(lambda c: set(repository.find_callers(c, wanted, now())))

    async def add(
        self, name: str, scopes: Collection[Scope], expires: datetime | None = None
    ) -> tuple[repository.KeyRow, str]:
        """Make a key; its secret is returned here and nowhere else."""
        secret = new_secret()
        row = repository.NewKeyRow(name, digest(secret), ",".join(complete(scopes)), now(), expires)
        return await self._database.write(lambda c: repository.add_key(c, row)), secret

    async def listed(self) -> list[repository.KeyRow]:
        """The keys that are good, or will be again; revoked and ended ones are not listed."""
        return await self._database.read(lambda c: repository.list_keys(c, now()))

    async def revoke(self, key_id: int) -> None:
        """End a key and its sessions. Raises NotFound, or Conflict for the last admin key."""
        await self._database.write(lambda c: _revoke(c, key_id))
        self._callers.clear()

    async def sign_in(self, key: str) -> tuple[Caller, str] | None:
        """Trade a key for a session; None where the key is not good."""
        caller = await self.find(digest(key))
        if caller is None:
            return None
        token = new_secret(prefix="")
        started = now()
        expires = min(filter(None, (started + self._session, caller.expires)))
        await self._database.write(
            lambda c: repository.add_session(c, digest(token), caller.key_id, started, expires)
        )
        return Caller(caller.name, caller.scopes, caller.key_id, digest(token), expires), token

    async def sign_out(self, credential: bytes) -> None:
        """End a session; nothing happens where there is none."""
        await self._database.write(lambda c: repository.remove_session(c, credential))
        self._callers.clear()

    async def flush_uses(self) -> None:
        """Write down when keys were last used, and forget sessions that have ended."""
        used, self._used = self._used, {}
        await self._database.write(lambda c: repository.note_uses(c, used, now()))

    async def _look_up(self, credential: bytes) -> Caller | None:
        found = await self._database.read(lambda c: repository.find_callers(c, [credential], now()))
        row = found.get(credential)
        if row is None:
            return None
        return Caller(row.name, frozenset(row.scopes.split(",")), row.key_id, credential, row.expires)


def _revoke(connection: repository.Connection, key_id: int) -> None:
    row = repository.get_key(connection, key_id, now())
    if row is None:
        raise NotFound("there is no such key", code="key_not_found")
    if "admin" in row.scopes and repository.count_admins(connection, now()) == 1:
        raise Conflict("this is the last admin key: make another one first", code="last_admin_key")
    repository.revoke_key(connection, key_id, now())
