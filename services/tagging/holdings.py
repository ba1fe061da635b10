"""What the tagging service's rows stand for: for backups."""

import json
from collections.abc import Iterator
from pathlib import Path

from services.tagging.shelf_keys import layout_key, source_key
from shared.backup.holdings import Blob, Holdings, KeptFile, Move, Row


def blobs_of(table: str, row: Row) -> Iterator[Blob]:
    """A dataset's CSV as it came, with its layout as soon as it is imported; contents not in use yet."""
    if table == "datasets":
        yield Blob(source_key(row["content_id"]))
        yield Blob(layout_key(row["content_id"]), needed=row["state"] == "ready")
    elif table == "contents":
        yield Blob(source_key(row["id"]), needed=False)
        yield Blob(layout_key(row["id"]), needed=False)


def files_of(table: str, row: Row) -> Iterator[KeptFile]:
    """The CSV of a dataset as its last save left it."""
    if table == "datasets" and row["file_stamp"] is not None:
        yield KeptFile(Path(row["csv_path"]), json.loads(row["file_stamp"])[3])


def moved(table: str, row: Row, move: Move) -> Row:
    """The row in another data folder. A CSV that did not come along is written again after the start."""
    if table != "datasets":
        return row
    path = move.path(row["csv_path"])
    changed = {"csv_path": path, "image_folder": move.path(row["image_folder"])}
    is_ours = row["csv_path"].startswith(f"{move.before}/")
    if is_ours and row["saved_at"] is not None and path not in move.files:
        changed["saved_revision"] = row["revision"] - 1
    return {**row, **changed}


HOLDINGS = Holdings(has_blobs=True, blobs=lambda: blobs_of, files=files_of, moved=moved)
