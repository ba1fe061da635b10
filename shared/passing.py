"""What goes on from a request to those that are made for it: its id, and its place in a trace."""

from collections.abc import Mapping
from contextvars import ContextVar

REQUEST_ID = "X-Request-ID"
TRACE = "traceparent"  # W3C Trace Context
_NOTHING: Mapping[str, str] = {}
_passed: ContextVar[Mapping[str, str]] = ContextVar("passed", default=_NOTHING)


def passed_on() -> Mapping[str, str]:
    """Headers for calls to other parts; none outside of a request."""
    return _passed.get()


def pass_on(headers: Mapping[str, str]) -> None:
    """Let calls of this task, and of those that it starts, carry the headers."""
    _passed.set(headers)
