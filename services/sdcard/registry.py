"""The rules of the registry: which cameras there are, and how each is reached. One transaction a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import SecretStr

from services.sdcard import camera_repository as repository
from services.sdcard import file_repository
from services.sdcard.camera import check_private_key
from services.sdcard.camera_repository import CameraRow
from services.sdcard.seed import CAMERA_ID, Seed, Seeds, fold
from services.sdcard.vault import Vault
from shared.contracts.sdcard import CameraChange, NewCamera
from shared.database import Connection, Database
from shared.database.types import now
from shared.errors import Conflict, NotFound, PreconditionFailed, Unprocessable
from shared.events import EventLog

CREDENTIALS = ("password", "private_key")
FALLBACK_USER = "root"


class CameraNotFound(NotFound):
    """No camera has that id, and there is no pattern for ids that are not listed."""

    code = "camera_not_found"
    title = "There is no camera of that id"


class CameraExists(Conflict):
    """A camera of that id is there already."""

    code = "camera_exists"
    title = "A camera of this id is there already"


class HostKeyNotOffered(Conflict):
    """The fingerprint to be accepted is not the one that the camera showed last."""

    code = "host_key_not_offered"
    title = "The camera did not show this key"


@dataclass(frozen=True, slots=True)
class DefaultCredentials:
    """What cameras are tried with that have no credentials of their own."""

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """Who comes in, and how; secrets in plain text, kept out of repr."""

    user: str
    password: str | None = field(repr=False)
    private_key: str | None = field(repr=False)


Precondition = Callable[[CameraRow], bool] | None


class Registry:
    """Cameras by id, which is the same in any case. Changes are for `by`, the name of the caller's key."""

    def __init__(
        self, database: Database, log: EventLog, vault: Vault, seeds: Seeds, defaults: DefaultCredentials
    ) -> None:
        self._database = database
        self._log = log
        self._vault = vault
        self._seeds = seeds
        self._defaults = defaults

    async def seed(self) -> None:
        """Bring rows to what the INI file says; rows that somebody edited or deleted stay. Idempotent."""
        await self._database.write(self._seed)

    def _seed(self, connection: Connection) -> None:
        for camera_id, seed in self._seeds.named.items():
            row = repository.find(connection, camera_id, lock=True)
            if row is None:
                repository.put_missing(connection, _row(seed, "ini"))
            elif row.source != "rest":
                seeded = _seeded(row, seed)
                if seeded != row:
                    moment = now()
                    repository.put(connection, replace(seeded, version=row.version + 1, updated_at=moment))

    async def get(self, camera_id: str) -> CameraRow:
        """The camera of that id; one that only the pattern implies has no row yet. Raises CameraNotFound."""
        return await self._database.read(lambda c: self._need(c, camera_id))

    def _need(self, connection: Connection, camera_id: str, *, lock: bool = False) -> CameraRow:
        row = repository.find(connection, fold(camera_id), lock=lock)
        if row is not None and row.deleted_at is None:
            return row
        implied = self._seeds.implied(camera_id) if row is None and CAMERA_ID.fullmatch(camera_id) else None
        if implied is None:
            raise CameraNotFound(f"there is no camera {camera_id[:63]!r}")
        return _row(implied, "pattern")

    async def ensure(self, row: CameraRow) -> None:
        """Make sure that the camera has a row: something is to be remembered of it."""
        if row.source == "pattern":
            await self._database.write(lambda c: repository.put_missing(c, row))

    async def page(self, after: str | None, limit: int) -> list[CameraRow]:
        """Cameras with rows, by id."""
        return await self._database.read(lambda c: repository.page(c, after, limit))

    async def add(self, new: NewCamera, by: str) -> CameraRow:
        """A camera by hand. Raises CameraExists, and Unprocessable where no host is known for it."""

        def work(connection: Connection) -> CameraRow:
            before = repository.find(connection, fold(new.id), lock=True)
            if before is not None and before.deleted_at is None:
                raise CameraExists(f"change camera {before.name!r} instead, with PATCH")
            seed = self._seeds.template(new.id, new.host) if new.host else self._seeds.implied(new.id)
            if seed is None:
                raise Unprocessable("host: without a pattern for hosts it is needed", code="host_needed")
            version = 1 if before is None else before.version + 1
            row = self._changed(
                _row(seed, "rest"), new.model_dump(exclude_unset=True, exclude={"id", "host"})
            )
            row = replace(row, version=version)
            if before is not None:
                repository.put(connection, row)
            elif not repository.put_missing(connection, row):  # another replica was faster
                raise CameraExists("somebody has just added it")
            self._tell(connection, "created", row, by)
            return row

        return await self._database.write(work)

    async def change(
        self, camera_id: str, wanted: CameraChange, matching: Precondition, by: str
    ) -> CameraRow:
        """Change what is given. Raises CameraNotFound, PreconditionFailed, InvalidPrivateKey."""

        def work(connection: Connection) -> CameraRow:
            row = self._need(connection, camera_id, lock=True)
            if matching is not None and not matching(row):
                raise PreconditionFailed("the camera has changed meanwhile")
            changed = self._changed(row, wanted.model_dump(exclude_unset=True))
            moved = (changed.host, changed.port) != (row.host, row.port)
            if moved:  # another machine: its key is not the one that was accepted
                changed = replace(changed, accepted_key=None, offered_key=None)
            changed = replace(changed, source="rest", version=row.version + 1, updated_at=now())
            repository.put(connection, changed)
            if moved or changed.card_path != row.card_path:
                _forget_card(connection, changed.id)
            self._tell(connection, "updated", changed, by)
            return changed

        return await self._database.write(work)

    async def delete(self, camera_id: str, matching: Precondition, by: str) -> None:
        """Forget a camera with its credentials, key and listing; a seed does not bring it back."""

        def work(connection: Connection) -> None:
            row = self._need(connection, camera_id, lock=True)
            if matching is not None and not matching(row):
                raise PreconditionFailed("the camera has changed meanwhile")
            moment = now()
            gone = replace(
                row, password=None, private_key=None, accepted_key=None, offered_key=None, source="rest",
                deleted_at=moment, updated_at=moment, version=row.version + 1,
            )  # fmt: skip
            repository.put(connection, gone)
            _forget_card(connection, row.id)
            self._tell(connection, "deleted", row, by)

        await self._database.write(work)

    async def offer_key(self, row: CameraRow, fingerprint: str) -> None:
        """Remember the key that a camera showed and nobody has accepted."""

        def work(connection: Connection) -> None:
            repository.put_missing(connection, row)
            repository.set_host_keys(connection, row.id, accepted=row.accepted_key, offered=fingerprint)

        await self._database.write(work)

    async def accept_key(self, camera_id: str, fingerprint: str, by: str) -> CameraRow:
        """Trust the key that the camera showed last. Raises HostKeyNotOffered."""

        def work(connection: Connection) -> CameraRow:
            row = self._need(connection, camera_id, lock=True)
            shown = row.offered_key or row.accepted_key
            if fingerprint != shown:
                raise HostKeyNotOffered(
                    f"it showed {shown}" if shown else "it has not been connected to yet", fingerprint=shown
                )
            repository.set_host_keys(connection, row.id, accepted=fingerprint, offered=None)
            row = replace(row, accepted_key=fingerprint, offered_key=None)
            self._tell(connection, "host_key_accepted", row, by, fingerprint=fingerprint)
            return row

        return await self._database.write(work)

    def login(self, row: CameraRow) -> Login:
        """How to come in. Raises CredentialsUnreadable."""
        key = None if row.private_key is None else self._vault.open(row.private_key)
        password = None if row.password is None else self._vault.open(row.password)
        if password is None and key is None:
            password = self._defaults.password or None
        return Login(self.user(row), password, key)

    def user(self, row: CameraRow) -> str:
        """The name to log in with."""
        return row.user or self._defaults.user or FALLBACK_USER

    def credential(self, row: CameraRow) -> str:
        """Which kind of credential the camera is tried with, and nothing more of it."""
        if row.private_key is not None:
            return "private_key"
        if row.password is not None:
            return "password"
        return "default" if self._defaults.password else "none"

    def _changed(self, row: CameraRow, given: Mapping[str, Any]) -> CameraRow:
        """The row with what is given; null gives a value back to its default."""
        values: dict[str, Any] = {}
        template = self._seeds.template(row.name, row.host)
        for name, value in given.items():
            if name in CREDENTIALS:
                secret = value.get_secret_value() if isinstance(value, SecretStr) else value
                if secret and name == "private_key":
                    check_private_key(secret)
                values[name] = self._vault.seal(secret) if secret else None
            elif value is None and name != "host":
                values[name] = None if name == "config_path" else getattr(template, name)
            elif value is not None:
                values[name] = value
        if "card_path" in values:
            values["card_path"] = values["card_path"].rstrip("/") or "/"
        return replace(row, **values)

    def _tell(self, connection: Connection, verb: str, row: CameraRow, by: str, **extra: Any) -> None:
        data = {"id": row.id, "name": row.name, "version": row.version, "by": by, **extra}
        self._log.append(connection, f"camera.{verb}", f"cameras/{row.id}", data)


def _row(seed: Seed, source: repository.Source) -> CameraRow:
    moment = now()
    return CameraRow(
        id=fold(seed.name),
        name=seed.name,
        host=seed.host,
        port=seed.port,
        user=seed.user,
        card_path=seed.card_path,
        config_path=seed.config_path,
        model=seed.model,
        source=source,
        created_at=moment,
        updated_at=moment,
    )


def _seeded(row: CameraRow, seed: Seed) -> CameraRow:
    """The row with the seed's values; a camera that has moved has to show its key again."""
    moved = (row.host, row.port) != (seed.host, seed.port)
    return replace(
        row,
        name=seed.name,
        host=seed.host,
        port=seed.port,
        user=seed.user,
        card_path=seed.card_path,
        config_path=seed.config_path,
        model=seed.model,
        source="ini",
        accepted_key=None if moved else row.accepted_key,
        offered_key=None if moved else row.offered_key,
    )


def _forget_card(connection: Connection, camera_id: str) -> None:
    file_repository.forget_card(connection, camera_id)
    empty = dict.fromkeys(("checked_at", "size", "used", "available", "recording_plan", "refreshed_at"), None)
    repository.set_card(connection, camera_id, {**empty, "state": "never_seen", "detail": ""})
