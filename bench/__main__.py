"""`python -m bench [NAME...]`: measures, all or what is named, and prints one table.

It reports and does not judge: the exit code is 0 also when a figure is missed.
"""

import argparse
import importlib
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import Row
from bench.stack import Stack, running_stack
from bench.table import table

# Each with the programs that it needs beside Darkroom. WebSockets come first: the gateway's memory is
# measured before anything else has grown it.
MODULES: dict[str, tuple[str, ...]] = {
    "websockets": (),
    "gateway": ("wrk", "nginx"),
    "imagestore": ("wrk",),
    "thumbnails": ("node", "npm"),
    "tagging": ("wrk",),
    "page": ("chromium",),
    "processing": (),
    "cards": (),
    "sdcard": ("sshd", "sftp"),
    "legacy": (),
    "deployment": ("wrk",),
    "costs": (),
    "backups": (),
    "compose": ("docker",),
}
# Debian keeps servers where only root looks for them.
ELSEWHERE = "/usr/sbin:/usr/local/sbin"


def main(arguments: Sequence[str]) -> int:
    """Run the modules one after the other against one stack, and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MODULES)}")
    names = parser.parse_args(arguments).names or list(MODULES)
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        parser.error(f"{', '.join(unknown)}: there is {', '.join(MODULES)}")
    rows: list[Row] = []
    left_out: list[str] = []
    with running_stack() as stack:
        for name in names:
            missing = [program for program in MODULES[name] if not _is_there(program)]
            if missing:
                left_out.append(f"{name}: needs {', '.join(missing)}")
                continue
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            try:
                rows += _measure(name, stack)
            except (OSError, RuntimeError, ValueError) as error:
                left_out.append(f"{name}: {error}")
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}\n")
    print(table(rows))
    for line in left_out:
        print(f"\nnot measured: {line}")
    return 0


def _measure(name: str, stack: Stack) -> list[Row]:
    found: list[Row] = importlib.import_module(f"bench.{name}").run(stack)
    return found


def _is_there(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(program, path=ELSEWHERE))


def _machine() -> str:
    models = []
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
