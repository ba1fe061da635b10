"""The system that is backed up or restored into: its deployables, by the environment's settings."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from sqlalchemy import Engine, make_url

from shared.backup.errors import BackupError
from shared.backup.holdings import Holdings, holdings_of, package_of
from shared.blobs import BlobStore, open_blobs
from shared.database import make_engine
from shared.settings import DeployableSettings, ServiceSettings, everywhere

LAST = "imagestore"  # others name its images: what they name is in a snapshot that is taken after theirs


class BackupSettings(DeployableSettings):
    """Which services there are, and where their data is."""

    model_config = SettingsConfigDict(env_prefix="DARKROOM_")

    services: str = Field("tagging,imagestore,processing,sdcard", validation_alias=everywhere("services"))

    @property
    def names(self) -> list[str]:
        """The gateway and the services, in the order of their snapshots."""
        services = self.services.replace(",", " ").split()
        return ["gateway", *sorted(services, key=lambda name: name == LAST)]

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self.data_dir.absolute()


@dataclass(frozen=True)
class Part:
    """A deployable with rows, and perhaps blobs."""

    name: str
    settings: ServiceSettings
    holdings: Holdings

    @property
    def migrations(self) -> Path:
        """The folder of its migrations."""
        found = importlib.util.find_spec(package_of(self.name))
        assert found is not None
        assert found.submodule_search_locations
        return Path(next(iter(found.submodule_search_locations))) / "migrations"

    @cached_property
    def file(self) -> Path | None:
        """The database's file; None on PostgreSQL."""
        url = make_url(self.settings.effective_database_url)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Its database, for as long as it is needed."""
        engine = make_engine(self.settings.effective_database_url, busy_timeout=30, pool_size=2)
        try:
            yield engine
        finally:
            engine.dispose()

    @cached_property
    def blobs(self) -> BlobStore | None:
        """Its blob store, where it has one."""
        if not self.holdings.has_blobs:
            return None
        url = self.settings.effective_blobs_url
        if url.startswith("memory:"):
            raise BackupError(f"{self.name} keeps its blobs in memory, which no other program can read")
        return open_blobs(url, self.settings.home / "staging")


def part_of(name: str, settings: BackupSettings) -> Part:
    """A deployable by its name. Raises BackupError where its code is not here."""
    if not name.isidentifier():
        raise BackupError(f"{name!r} is not a name of a service")
    kind = type(
        f"{name.title()}Rows",
        (ServiceSettings,),
        {"__module__": __name__, "model_config": SettingsConfigDict(env_prefix=f"DARKROOM_{name.upper()}_")},
    )
    try:
        return Part(name, kind(data_dir=settings.data_dir), holdings_of(name))
    except ModuleNotFoundError as error:
        raise BackupError(f"the code of {name} is not here ({error})") from None
