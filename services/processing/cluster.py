"""`python -m services.processing.cluster`: the embedded engine, a Dask LocalCluster in a process of its own.

All that it says on stdout is the scheduler's address. It ends, with its workers, when its stdin is closed:
so nothing of it outlives the service, however that ends.
"""

import asyncio
import logging as standard_logging
import os
import signal
import sys
from typing import TextIO

import dask
from distributed import LocalCluster

from shared import logging

LOOPBACK = "127.0.0.1"  # the scheduler's port accepts code
CONFIG = {
    # A worker's end is told at once: which of its items are tried again is for the rows to say.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.admin.tick.limit": "30s",
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.profile.enabled": False,  # it looks at every thread a hundred times a second
    # Dask has the C library give memory back at once: a picture's pages would be made anew for every step.
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.tick.interval": "1s",
}


async def _run(workers: int, memory: int, told: TextIO) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=memory,
        host=LOOPBACK,
        dashboard_address=f"{LOOPBACK}:0",  # without an address it is port 8787, on every interface
        silence_logs=standard_logging.ERROR,
        asynchronous=True,
    ) as cluster:
        with told:
            told.write(f"{cluster.scheduler_address}\n")
        ends = {asyncio.create_task(reader.read()), asyncio.create_task(stop.wait())}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        os._exit(0)  # the workers see their pipe to us close, and end at once


def main() -> None:
    """Run until stdin ends. Arguments: how many workers, and the bytes of memory each may use."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the service, which ends us when it is done
    logging.configure("workers", "error")
    with dask.config.set(CONFIG):
        asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), _own_stdout()))


def _own_stdout() -> TextIO:
    """Where the address goes, not inherited by workers: it ends when that is said. What they print is log."""
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return told


if __name__ == "__main__":
    main()
