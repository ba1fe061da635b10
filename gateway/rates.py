"""How often someone may come: a token bucket each, in memory."""

import time
from collections.abc import Callable, Hashable
from math import ceil

from shared.errors import TooManyRequests

FORGET_AT = 10_000  # buckets; those that are full again by then are dropped


class Rate:
    """`per_second` on average and `burst` at once, for each key apart. Zero per second: no limit."""

    def __init__(
        self, per_second: float, burst: int, *, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._what = what
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}  # what was left, and when

    def take(self, key: Hashable) -> None:
        """Take one. Raises TooManyRequests, with Retry-After, when there is none."""
        if not self._per_second:
            return
        moment = self._clock()
        left, since = self._buckets.get(key, (self._burst, moment))
        left = min(self._burst, left + (moment - since) * self._per_second)
        if left < 1:
            wait = (1 - left) / self._per_second
            raise TooManyRequests(
                f"{self._what}: at most {self._burst:.0f} at once and {self._told_rate()}",
                code="rate_exceeded",
                headers={"Retry-After": str(ceil(wait))},
            )
        if len(self._buckets) >= FORGET_AT:
            self._drop_full(moment)
        self._buckets[key] = (left - 1, moment)

    def give_back(self, key: Hashable) -> None:
        """What was taken does not count after all."""
        if key in self._buckets:
            left, since = self._buckets[key]
            self._buckets[key] = (left + 1, since)

    def _told_rate(self) -> str:
        if self._per_second >= 1:
            return f"{self._per_second:g} a second"
        return f"{self._per_second * 60:g} a minute"

    def _drop_full(self, moment: float) -> None:
        self._buckets = {
            key: (left, since)
            for key, (left, since) in self._buckets.items()
            if left + (moment - since) * self._per_second < self._burst
        }
