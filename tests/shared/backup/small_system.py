"""A gateway and an image store as their databases and blobs, without processes."""

import hashlib
from pathlib import Path

from sqlalchemy import insert, select

from gateway.tables import keys
from services.imagestore.blob_keys import blob_key
from services.imagestore.tables import blobs, events, images
from shared.backup.progress import Progress
from shared.backup.system import BackupSettings, Part, part_of
from shared.database import Connection, make_engine, migrate
from shared.database.types import now
from shared.events import EventLog

LOG = EventLog("imagestore", events)


class SmallSystem:
    """A data folder; other engines come from the environment, as everywhere."""

    def __init__(self, data: Path) -> None:
        self.settings = BackupSettings(data_dir=data, services="imagestore")
        self.data = data

    def part(self, name: str) -> Part:
        """A deployable's database and blobs."""
        return part_of(name, self.settings)

    def start_once(self) -> None:
        """Make what the first start makes. Raises DatabaseTooNew and RestoreUnfinished, as a start does."""
        for name in ("gateway", "imagestore"):
            part = self.part(name)
            engine = make_engine(part.settings.effective_database_url)
            try:
                migrate(engine, part.migrations)
            finally:
                engine.dispose()

    def add_image(self, name: str, data: bytes) -> str:
        """Bytes, then rows, and an event; returns the digest."""
        digest, moment = hashlib.sha256(data).hexdigest(), now()
        content = {"digest": digest, "size": len(data), "media_type": "image/jpeg", "width": 1, "height": 1}
        times = dict.fromkeys(("shown_at", "created_at", "updated_at"), moment)
        row = {"name": name, "folded_name": name, "version": 1, **content, **times}
        store = self.part("imagestore").blobs
        assert store is not None
        store.put(blob_key(digest), data)
        with self.part("imagestore").engine() as engine, engine.begin() as connection:
            connection.execute(
                insert(blobs).values(digest=digest, size=len(data), created_at=moment, doomed_at=None)
            )
            connection.execute(insert(images).values(row))
            LOG.append(connection, "image.created", f"images/{name}", {"name": name})
        return digest

    def add_key(self, name: str) -> int:
        """A row of the gateway's."""
        digest = hashlib.sha256(name.encode()).digest()
        with self.part("gateway").engine() as engine, engine.begin() as connection:
            row = {"name": name, "digest": digest, "scopes": "read", "created": now()}
            return int(connection.execute(insert(keys).values(row).returning(keys.c.id)).scalar_one())

    def contents(self) -> dict[str, bytes]:
        """The bytes of every image, by name."""
        part = self.part("imagestore")
        assert part.blobs is not None
        with part.engine() as engine, engine.connect() as connection:
            rows = connection.execute(select(images.c.name, images.c.digest)).all()
        return {name: part.blobs.read(blob_key(digest)) for name, digest in rows}

    def sweep(self, name: str) -> None:
        """Remove an image as the sweeper does: its rows, then its bytes."""
        part = self.part("imagestore")
        assert part.blobs is not None

        def forget(connection: Connection) -> str:
            digest: str = connection.execute(
                select(images.c.digest).where(images.c.name == name)
            ).scalar_one()
            connection.execute(images.delete().where(images.c.name == name))
            connection.execute(blobs.delete().where(blobs.c.digest == digest))
            return digest

        with part.engine() as engine, engine.begin() as connection:
            digest = forget(connection)
        part.blobs.delete(blob_key(digest))


class At(Progress):
    """Progress that does something when a step begins: what a moment's bad luck would do."""

    def __init__(self, step: str, act: "type[BaseException] | object") -> None:
        super().__init__()
        self._at, self._act = step, act

    def step(self, name: str) -> None:
        """See Progress."""
        if name == self._at:
            self._at = ""
            if isinstance(self._act, type):
                raise self._act
            assert callable(self._act)
            self._act()
        super().step(name)
