"""Staging: a start leaves what others may be at, and takes what nobody can be at."""

import asyncio
import os
import threading
import time
from pathlib import Path, PosixPath

import pytest

from shared import staging
from shared.caches import FileCache
from shared.web.bodies import Staging


def test_a_start_takes_nothing_that_another_replica_is_being_sent(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"linked from a file of 2001")
    os.utime(old, (1e9, 1e9))
    staging.clear_staging(tmp_path, alone=False)
    assert old.read_bytes() == b"linked from a file of 2001"
    staging.clear_staging(tmp_path, alone=True)
    assert list(tmp_path.iterdir()) == []


def test_who_is_alone_takes_all_also_where_the_clock_was_set_back(tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"half")
    staging.clear_staging(tmp_path, alone=True, moment=1e9)
    assert list(tmp_path.iterdir()) == []


def test_what_has_stood_for_an_hour_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"half")
    in_an_hour = time.time() + staging.STAGED_SECONDS + 1
    staging.clear_staging(tmp_path, alone=False, moment=in_an_hour)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("alone", [True, False])
def test_a_file_with_two_names_goes_with_both(tmp_path: Path, alone: bool) -> None:
    """As a kill leaves it between the link and the rename of a large upload."""
    (tmp_path / "sent").write_bytes(b"whole")
    (tmp_path / "stored").hardlink_to(tmp_path / "sent")
    in_an_hour = (tmp_path / "sent").stat().st_ctime + staging.STAGED_SECONDS
    staging.clear_staging(tmp_path, alone=alone, moment=in_an_hour)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_starts_leaves_what_another_one_writes(tmp_path: Path) -> None:
    FileCache(tmp_path, 100).put("aa/kept", b"12345")
    writing = tmp_path / ".staging" / "half"
    writing.write_bytes(b"half")
    assert FileCache(tmp_path, 100).get("aa/kept") == b"12345"
    assert writing.read_bytes() == b"half"


class SlowFolder(PosixPath):
    """Takes its time to be made."""

    begun = threading.Event()
    free = threading.Event()

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """As any folder, once it is free."""
        self.begun.set()
        self.free.wait()
        super().mkdir(mode, parents, exist_ok)


def test_who_is_cut_off_while_a_thread_makes_the_file_leaves_none(tmp_path: Path) -> None:
    folder = SlowFolder(tmp_path)

    async def stage() -> None:
        with Staging(folder, in_memory=10) as body:
            await body.add(b"more than that")

    async def work() -> None:
        staged = asyncio.create_task(stage())
        await asyncio.to_thread(folder.begun.wait)
        threading.Timer(0.05, folder.free.set).start()
        staged.cancel()
        await asyncio.wait({staged})
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(work())
    assert list(tmp_path.iterdir()) == []
