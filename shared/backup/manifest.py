"""Manifest: what a backup says of itself."""

from datetime import datetime

from pydantic import BaseModel, ValidationError

from shared.backup.box import Box
from shared.backup.errors import BackupError

NAME = "manifest.json"
FORMAT = 1


class PartManifest(BaseModel):
    """One deployable: its database's revision, rows and highest ids by table, its packs of blobs."""

    name: str
    revision: str
    rows: dict[str, int]
    sequences: dict[str, int]
    packs: list[str] = []
    blobs: int = 0
    blob_bytes: int = 0

    def rows_file(self, table: str) -> str:
        """Where the table's rows are."""
        return f"{self.name}/rows/{table}.jsonl.gz"


class Manifest(BaseModel):
    """The whole. `files` and `secrets` stand below `files/` under their paths in the data folder."""

    format: int = FORMAT
    id: str
    darkroom: str
    begun: datetime
    data_dir: str
    parts: list[PartManifest]
    files: list[str] = []
    secrets: list[str] = []
    left_out: list[str] = []  # blobs that were gone or damaged in the system itself, as part/key


def read_manifest(box: Box) -> Manifest:
    """Raises BackupError for what this version cannot read."""
    with box.open(NAME) as file:
        text = file.read()
    try:
        found = Manifest.model_validate_json(text)
    except ValidationError:
        raise BackupError("the backup's manifest cannot be read: a newer Darkroom wrote it") from None
    if found.format != FORMAT:
        raise BackupError(f"the backup is of format {found.format}, and this Darkroom reads {FORMAT}")
    return found
