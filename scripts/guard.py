"""Ends the services of a runner that was killed. Standard library only, and started without site packages.

The runner and, for its first moment, each service hold the writing end of this program's standard input.
A service writes `+<its process group>` before it becomes what it runs; the runner writes `-<group>` when
it has ended. The end of the input says that the runner is gone, however it went: unlike Linux's
PR_SET_PDEATHSIG this works on every Unix, and reaches the processes that a service started.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

# limits.md: what is in flight has 20 s to finish.
GRACE_SECONDS = 24.0


def main(seconds: float) -> None:
    """Read groups until the input ends, then end those that are left, which get `seconds` to finish."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        number = int(line[1:])
        if line[0] == "+":
            groups.add(number)
        else:
            groups.discard(number)
    end_groups(groups, seconds)


def end_groups(groups: set[int], seconds: float) -> None:
    """SIGTERM to the first process of each group, time to finish, then SIGKILL to all of each group."""
    for group in groups:
        _send(os.kill, group, signal.SIGTERM)
    end = time.monotonic() + seconds
    left = set(groups)
    while left and time.monotonic() < end:
        for group in [group for group in left if not lives(group)]:
            _send(os.killpg, group, signal.SIGKILL)
            left.discard(group)
        time.sleep(0.05)
    for group in left:
        _send(os.killpg, group, signal.SIGKILL)


def lives(process: int) -> bool:
    """True while the process runs; one that has ended and that nobody has asked after does not count."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"


def _send(how: Callable[[int, int], None], number: int, what: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(number, what)


if __name__ == "__main__":
    main(float(sys.argv[1]))
