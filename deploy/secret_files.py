"""Makes the secrets of a compose stack at its first start: files in volumes that only their readers mount.

`python deploy/secret_files.py`: what is there stays; what the environment gives goes before it.
"""

import os
import secrets
import sys
from pathlib import Path

# Settings are read from files of their own name below /run/secrets: see shared/settings.py.
SERVICES = Path("/run/secrets")
POSTGRES = Path("/handed/postgres")
PROMETHEUS = Path("/handed/prometheus")
TOKEN = "darkroom_service_token"  # noqa: S105 - a file's name
RANDOM_BYTES = 32


def keep(path: Path, given: str) -> str:
    """The secret in the file: the given one, else what is there, else a new one. For its owner alone."""
    there = path.read_text().strip() if path.is_file() else ""
    secret = given or there or secrets.token_urlsafe(RANDOM_BYTES)
    if secret != there:
        write(path, secret, 0o600)
    return secret


def write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all, and never readable by others than `mode` says."""
    fresh = path.with_name(f".{path.name}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, mode)
        file.write(f"{text}\n")
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def main() -> int:
    """Make what is missing. PostgreSQL and Prometheus run as users of their own: their copies are open to all
    who mount them, which nobody else does."""
    token = keep(SERVICES / TOKEN, os.environ.get("DARKROOM_SERVICE_TOKEN", ""))
    password = keep(SERVICES / "postgres_password", os.environ.get("DARKROOM_POSTGRES_PASSWORD", ""))
    write(SERVICES / "pgpass", f"*:*:*:darkroom:{password}", 0o600)
    write(POSTGRES / "password", password, 0o444)
    write(PROMETHEUS / "token", token, 0o444)
    return 0


if __name__ == "__main__":
    sys.exit(main())
