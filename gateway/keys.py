"""Keys: how they are made, kept, found and taken away. What is kept is a digest, never the key.

A sign-in code lets another device in, once: it gets a key of its own, which nobody sees, without admin.
"""

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
from shared.errors import Conflict, Forbidden, NotFound

PREFIX = "dk_"
CODE_PREFIX = "dc_"
SECRET_BYTES = 32  # random, so one SHA-256 is enough: there is nothing to guess, unlike with passwords
CODE_BYTES = 16  # good once, for minutes: 128 bits are plenty, and make a QR code that phones read at once
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


def new_secret(prefix: str = PREFIX, size: int = SECRET_BYTES) -> str:
    """A new random secret of `size` bytes in URL-safe characters."""
    return prefix + secrets.token_urlsafe(size)


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def complete(scopes: Collection[Scope]) -> list[Scope]:
    """The scopes in their order; admin holds the others."""
    return [scope for scope in ALL_SCOPES if scope in scopes or "admin" in scopes]


class Keys:
    """The rules for keys and sessions, over the gateway's database."""

    def __init__(
        self, database: Database, *, session_days: float = 30.0, code_seconds: float = 120.0
    ) -> None:
        self._database = database
        self._code = timedelta(seconds=code_seconds)
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

    async def add_code(self, caller: Caller, scopes: Collection[Scope]) -> tuple[str, datetime]:
        """Make a sign-in code for another device of the caller's, and tell when it ends.

        Raises Forbidden for scopes that the caller has not.
        """
        missing = [scope for scope in scopes if scope not in caller.scopes]
        if missing:
            raise Forbidden("you cannot give what you have not", code="scope_required", scope=missing[0])
        secret, moment = new_secret(CODE_PREFIX, CODE_BYTES), now()
        expires = moment + self._code
        named = ",".join(complete(scopes))
        await self._database.write(
            lambda c: repository.add_code(c, digest(secret), caller.key_id, named, expires, moment)
        )
        return secret, expires

    async def sign_in(self, shown: str) -> tuple[Caller, str] | None:
        """Trade a key or a sign-in code for a session; None where it is not good."""
        if shown.startswith(CODE_PREFIX):
            return await self._sign_in_with_code(shown)
        caller = await self.find(digest(shown))
        if caller is None:
            return None
        token = new_secret(prefix="")
        started = now()
        expires = min(filter(None, (started + self._session, caller.expires)))
        await self._database.write(
            lambda c: repository.add_session(c, digest(token), caller.key_id, started, expires)
        )
        return Caller(caller.name, caller.scopes, caller.key_id, digest(token), expires), token

    async def _sign_in_with_code(self, code: str) -> tuple[Caller, str] | None:
        token, moment = new_secret(prefix=""), now()

        def trade(connection: repository.Connection) -> Caller | None:
            taken = repository.take_code(connection, digest(code), moment)
            if taken is None:
                return None
            parent = taken.key
            expires = min(filter(None, (moment + self._session, parent.expires)))
            row = repository.NewKeyRow(
                parent.name, digest(new_secret()), taken.scopes, moment, expires, parent.id
            )
            made = repository.add_key(connection, row)
            repository.add_session(connection, digest(token), made.id, moment, expires)
            return Caller(made.name, frozenset(made.scopes.split(",")), made.id, digest(token), expires)

        caller = await self._database.write(trade)
        return None if caller is None else (caller, token)

    async def sign_out(self, credential: bytes) -> None:
        """End a session; nothing happens where there is none."""
        await self._database.write(lambda c: repository.remove_session(c, credential, now()))
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
