"""Sets a checkout up: `python3 -m scripts.setup run` (or `dev`). Standard library only.

It does nothing, and says nothing, when all is as the lock files and sources want it.
"""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import python_environment
from scripts.progress import Progress, SetupError
from scripts.web_build import WebBuild

ROOT = Path(__file__).resolve().parent.parent


def prepare(root: Path, extra: str) -> None:
    """Make all that `extra` ("run" or "dev") needs. Raises SetupError."""
    state = root / ".setup"
    state.mkdir(exist_ok=True)
    with _alone(state / "lock"):
        log = state / "setup.log"
        log.write_bytes(b"")
        progress = Progress(log)
        web = WebBuild(root)
        web.check()
        python_environment.ensure(root, extra, progress)
        web.ensure(progress)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one set-up of a checkout work at a time; the next one then finds all done."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this checkout ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Set up for the extra named; 1 with one sentence when that cannot be done."""
    extra = arguments[0] if arguments else "run"
    try:
        prepare(ROOT, extra)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Cannot set up {ROOT}: {error.strerror}: {error.filename}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; `make run` goes on where this ended.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
