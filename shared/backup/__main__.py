"""`python -m shared.backup create|verify|restore`: copies of the whole system, and back."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from shared.backup.creating import Wishes, create
from shared.backup.errors import BackupError, told_by
from shared.backup.manifest import Manifest
from shared.backup.progress import Progress
from shared.backup.restoring import restore, verify
from shared.backup.system import BackupSettings
from shared.errors import DarkroomError

INCOMPLETE = 3
GB = 1_000_000_000


def main(arguments: Sequence[str]) -> int:
    """0 when all is done, 1 with one sentence when not, 3 for a backup without what was lost before."""
    options = _parser().parse_args(arguments)
    try:
        manifest = _run(options, Progress())
    except (BackupError, DarkroomError) as error:
        return _refuse(str(error))
    except ValidationError as error:
        first = error.errors()[0]
        return _refuse(f"{'.'.join(map(str, first['loc'])).upper()}: {first['msg']}")
    except ValueError as error:
        return _refuse(told_by(error))
    except OSError as error:
        return _refuse(f"{error.strerror}: {error.filename}" if error.filename else str(error))
    except KeyboardInterrupt:
        return 130
    _report(options.command, manifest)
    return INCOMPLETE if options.command == "create" and manifest.left_out else 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    """A container that is stopped leaves as little behind as Ctrl+C."""
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, progress: Progress) -> Manifest:
    if options.command == "create":
        wishes = Wishes(secrets=options.secrets, keep_going=options.keep_going)
        return create(BackupSettings(), options.place, wishes, progress)
    if options.command == "verify":
        return verify(options.place, progress)
    return restore(BackupSettings(), options.place, progress)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("create", help="copy the system, which may run")
    making.add_argument("place", type=Path, metavar="TARGET", help="a new folder, or a new file named .tar")
    making.add_argument(
        "--without-secrets", dest="secrets", action="store_false", help="leave the admin key and its like out"
    )
    making.add_argument(
        "--keep-going", action="store_true", help="go on without blobs that are lost in the system itself"
    )
    for name, told in (
        ("verify", "check that a backup is whole"),
        ("restore", "fill an empty system, which does not run"),
    ):
        commands.add_parser(name, help=told).add_argument("place", type=Path, metavar="SOURCE")
    return parser


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _report(command: str, manifest: Manifest) -> None:
    rows = sum(sum(part.rows.values()) for part in manifest.parts)
    blobs = sum(part.blobs for part in manifest.parts)
    size = sum(part.blob_bytes for part in manifest.parts)
    done = {"create": "Copied", "verify": "Whole", "restore": "Restored"}[command]
    names = ", ".join(part.name for part in manifest.parts)
    print(f"{done}: {rows:,} rows and {blobs:,} blobs ({size / GB:.2f} GB) of {names}", file=sys.stderr)
    for key in manifest.left_out:
        print(f"left out, being lost before: {key}", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
