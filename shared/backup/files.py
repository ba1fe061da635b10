"""Files of the data folder that come along: CSVs of datasets, and the secrets that rows are read with."""

import errno
import hashlib
import os
import shutil
import sys
from pathlib import Path

from shared.backup.box import Box, NewBox
from shared.backup.errors import BackupError
from shared.backup.holdings import KeptFile
from shared.backup.manifest import Manifest
from shared.backup.system import Part

BELOW = "files"
SECRET_MODE = 0o600
FILE_MODE = 0o644
PIECE = 1 << 20
NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS)  # containers are given their secrets in other places


def keep_file(box: NewBox, manifest: Manifest, kept: KeptFile) -> None:
    """Copy the file if it is below the data folder, and still what the row says; else it is made anew."""
    folder = Path(manifest.data_dir)
    if not kept.path.is_relative_to(folder):
        return
    name = str(kept.path.relative_to(folder))
    copy = box.path(f"{BELOW}/{name}")
    try:
        shutil.copyfile(kept.path, copy)
    except FileNotFoundError:
        return
    with copy.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != kept.digest or name in manifest.files:
        copy.unlink()
        return
    box.keep(f"{BELOW}/{name}")
    manifest.files.append(name)


def keep_secrets(box: NewBox, manifest: Manifest, parts: list[Part]) -> None:
    """Copy those that there are; others come from the environment."""
    for name in (name for part in parts for name in part.holdings.secrets):
        source = Path(manifest.data_dir) / name
        if source.is_file():
            copy = box.path(f"{BELOW}/{name}")
            shutil.copyfile(source, copy)
            copy.chmod(SECRET_MODE)
            box.keep(f"{BELOW}/{name}")
            manifest.secrets.append(name)


def need_absent(folder: Path, manifest: Manifest) -> None:
    """Raises BackupError where a file to be restored is there already."""
    for name in manifest.files + manifest.secrets:
        if (folder / name).exists():
            raise BackupError(f"{folder / name} is there: a backup is restored into an empty system only")


def restore_files(box: Box, folder: Path, manifest: Manifest) -> None:
    """Write them, whole or not at all."""
    for name in manifest.files:
        _restore(box, folder, name, FILE_MODE)
    for name in manifest.secrets:
        try:
            _restore(box, folder, name, SECRET_MODE)
        except OSError as error:
            if error.errno not in NOT_OURS:
                raise
            print(f"not restored, having its place elsewhere here: {name}", file=sys.stderr)


def _restore(box: Box, folder: Path, name: str, mode: int) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BackupError(f"the backup names a file outside of the data folder: {name}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.restored")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file, box.open(f"{BELOW}/{name}") as source:
        shutil.copyfileobj(source, file, PIECE)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
