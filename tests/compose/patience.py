"""Waiting for containers, on a machine that may be busy: nothing is measured here."""

import time
from collections.abc import Callable

SECONDS = 180.0
LOOK_SECONDS = 0.1


def wait_until(true: Callable[[], bool], what: Callable[[], str] = lambda: "") -> None:
    """Wait until `true()`; AssertionError with `what()` when it never is."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, f"never came true: {what()}"
        time.sleep(LOOK_SECONDS)
