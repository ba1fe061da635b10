"""Staging at a start: what others may be at stays, what nobody can be at goes."""

import os
import time
from pathlib import Path

from shared import staging
from shared.caches import FileCache


def test_a_start_takes_nothing_that_another_replica_is_being_sent(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"linked from a file of 2001")
    os.utime(old, (1e9, 1e9))
    staging.clear_staging(tmp_path, alone=False)
    assert old.read_bytes() == b"linked from a file of 2001"
    staging.clear_staging(tmp_path, alone=True)
    assert list(tmp_path.iterdir()) == []


def test_what_has_stood_for_an_hour_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"half")
    in_an_hour = time.time() + staging.STAGED_SECONDS + 1
    staging.clear_staging(tmp_path, alone=False, moment=in_an_hour)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_starts_leaves_what_another_one_writes(tmp_path: Path) -> None:
    FileCache(tmp_path, 100).put("aa/kept", b"12345")
    writing = tmp_path / ".staging" / "half"
    writing.write_bytes(b"half")
    assert FileCache(tmp_path, 100).get("aa/kept") == b"12345"
    assert writing.read_bytes() == b"half"
