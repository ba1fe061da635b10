"""Files as durable as uploads are, without a server: `python -m bench.durable_files ...` tells its rate."""

import os
import sys
import threading
import time
from itertools import count
from pathlib import Path


def write_durably(folder: Path, name: str, content: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the folder."""
    temporary = folder / f".{name}"
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(folder / name)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_per_second(folder: Path, content: bytes, threads: int, seconds: float) -> float:
    """How many files, no two the same, that many threads write."""
    numbers = count()
    written: list[int] = []
    begin = time.perf_counter()

    def write() -> None:
        mine = 0
        while time.perf_counter() < begin + seconds:
            number = next(numbers)
            write_durably(folder, f"{number}.jpg", content + str(number).encode())
            mine += 1
        written.append(mine)

    workers = [threading.Thread(target=write) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(written) / (time.perf_counter() - begin)


def main() -> None:
    """Arguments: a folder, a file with the content, threads, seconds."""
    folder, content, threads, seconds = sys.argv[1:]
    print(files_per_second(Path(folder), Path(content).read_bytes(), int(threads), float(seconds)))


if __name__ == "__main__":
    main()
