"""Other processes, as /proc tells of them. Any may end while it is read: then there is nothing to tell."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """The process's children that live, whichever of its threads started them."""
    words = [word for file in Path("/proc").glob(f"{pid}/task/*/children") for word in _read(file).split()]
    return [int(word) for word in words if lives(int(word))]


def descendants(pid: int) -> list[int]:
    """The process's children, and theirs."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def arguments(pid: int) -> list[str]:
    """What the process was started as, word by word."""
    return _read(Path(f"/proc/{pid}/cmdline")).rstrip("\0").split("\0")


def command_line(pid: int) -> str:
    """The same as a line."""
    return " ".join(arguments(pid))


def threads(pid: int) -> int:
    """How many threads the process has; 0 where it has ended."""
    return len(list(Path(f"/proc/{pid}/task").glob("*")))


def lives(pid: int) -> bool:
    """True while a process of this number runs (one that only waits to be asked after has ended)."""
    state = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return bool(state) and state[0] != "Z"


def _read(file: Path) -> str:
    # The file is gone with its process, or the process ends between opening and reading.
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
