"""Memory of a running stack, process by process, from Linux's smaps_rollup."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1024
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in MiB: what is resident, and the same with shared pages divided by their users."""

    name: str
    rss: float
    pss: float


def at_rest(data_dir: Path) -> list[Memory]:
    """Of the runner that `make run` is, for this data folder, and of all that it has started."""
    found = []
    for pid in _with_children(_runner(data_dir)):
        with suppress(OSError):  # it has ended
            found.append(memory_of(pid))
    return found


def memory_of(pid: int) -> Memory:
    """Of one process. Raises OSError when it has ended."""
    told = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    sizes = dict(line.partition(":")[::2] for line in told)
    rss, pss = (int(sizes[kind].split()[0]) / MIB for kind in ("Rss", "Pss"))
    return Memory(_name(pid), rss, pss)


def _runner(data_dir: Path) -> int:
    place = f"DARKROOM_DATA_DIR={data_dir}".encode()
    for each in PROC.glob("[0-9]*"):
        with suppress(OSError):
            words = (each / "cmdline").read_bytes().split(b"\0")
            if b"scripts.run" in words and place in (each / "environ").read_bytes().split(b"\0"):
                return int(each.name)
    raise RuntimeError(f"no stack runs in {data_dir}")


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    for thread in (PROC / str(pid) / "task").glob("[0-9]*"):
        for child in (thread / "children").read_text().split():
            yield from _with_children(int(child))


def _name(pid: int) -> str:
    """What tells it apart: the service's name, or else the program's."""
    words = (PROC / str(pid) / "cmdline").read_text().split("\0")[:-1]
    if "-m" not in words:
        return next((Path(word).stem for word in words[1:] if word.endswith(".py")), "child")
    module = words[words.index("-m") + 1]
    return words[-1] if module == "shared.web.serve" else module
