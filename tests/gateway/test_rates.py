"""The token bucket, with a clock that the test turns."""

import pytest

from gateway.rates import FORGET_AT, Rate
from shared.errors import TooManyRequests


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(rate: Rate, key: str, tries: int) -> int:
    """How many of the tries were let through."""
    passed = 0
    for _ in range(tries):
        try:
            rate.take(key)
        except TooManyRequests:
            continue
        passed += 1
    return passed


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    rate = Rate(100, 200, what="requests", clock=clock)
    assert taken(rate, "a", 300) == 200
    clock.now += 0.5
    assert taken(rate, "a", 300) == 50
    clock.now += 60
    assert taken(rate, "a", 300) == 200  # never more than the burst
    assert taken(rate, "b", 300) == 200  # each for itself


def test_the_refusal_says_when_to_come_back() -> None:
    clock = Clock()
    rate = Rate(5 / 60, 5, what="sign-ins", clock=clock)
    taken(rate, "a", 5)
    with pytest.raises(TooManyRequests) as refusal:
        rate.take("a")
    assert refusal.value.headers == {"Retry-After": "12"}
    assert refusal.value.code == "rate_exceeded"
    assert refusal.value.detail == "sign-ins: at most 5 at once and 5 a minute"
    clock.now += 12
    rate.take("a")


def test_what_is_given_back_does_not_count() -> None:
    rate = Rate(1, 2, what="sign-ins", clock=Clock())
    for _ in range(10):
        rate.take("a")
        rate.give_back("a")
    assert taken(rate, "a", 5) == 2


def test_no_limit() -> None:
    assert taken(Rate(0, 1, what="requests", clock=Clock()), "a", 1000) == 1000


def test_those_who_have_rested_are_forgotten() -> None:
    clock = Clock()
    rate = Rate(1, 2, what="requests", clock=clock)
    for number in range(FORGET_AT):
        rate.take(number)
    clock.now += 10
    rate.take("one more")
    assert len(rate._buckets) == 1
