"""Every refusal of Darkroom as an exception: plain data, turned into an answer by shared.web.problems alone.

DarkroomError
  BadRequest 400                  the request cannot be read
  NotAuthenticated 401            no valid key
  Forbidden 403                   a valid key that may not do this
  NotFound 404                    nothing under this name
  Conflict 409                    the present state forbids it
  PreconditionFailed 412          If-Match or If-None-Match did not hold
  TooLarge 413                    a body over its limit
  UnsupportedMedia 415            bytes or a media type that nothing here reads
  RangeNotSatisfiable 416         a Range outside the content
  Unprocessable 422               readable, but wrong
  TooManyRequests 429             a rate or a queue is full
  Unavailable 503                 a part that is needed is away; comes back by itself
  UpstreamTimeout 504             a part that is needed did not answer in time
  InsufficientStorage 507         the disk is full
"""

from collections.abc import Callable, Mapping
from typing import Any


class DarkroomError(Exception):
    """The base: `code` is stable and for programs, `detail` says what was wrong and what is allowed."""

    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.headers = dict(headers or {})
        self.extra = extra


class BadRequest(DarkroomError):
    """The request cannot be read."""

    status = 400
    code = "bad_request"
    title = "The request cannot be read"


class NotAuthenticated(DarkroomError):
    """No key, or one that is not valid."""

    status = 401
    code = "not_authenticated"
    title = "A valid key is needed"


class Forbidden(DarkroomError):
    """The caller is known, but may not do this."""

    status = 403
    code = "forbidden"
    title = "This is not allowed"


class NotFound(DarkroomError):
    """Nothing stands under this name."""

    status = 404
    code = "not_found"
    title = "There is nothing here"


class Conflict(DarkroomError):
    """The present state forbids it."""

    status = 409
    code = "conflict"
    title = "The present state does not allow this"


class PreconditionFailed(DarkroomError):
    """If-Match or If-None-Match did not hold."""

    status = 412
    code = "precondition_failed"
    title = "The precondition does not hold"


class TooLarge(DarkroomError):
    """A body is over its limit."""

    status = 413
    code = "body_too_large"
    title = "The body is too large"


class UnsupportedMedia(DarkroomError):
    """Bytes, or a media type, that nothing here reads."""

    status = 415
    code = "unsupported_media_type"
    title = "This type of content is not supported"


class RangeNotSatisfiable(DarkroomError):
    """The Range asked for lies outside the content."""

    status = 416
    code = "range_not_satisfiable"
    title = "The range lies outside the content"


class Unprocessable(DarkroomError):
    """The request can be read, but what it says is wrong."""

    status = 422
    code = "unprocessable"
    title = "What was sent is not valid"


class TooManyRequests(DarkroomError):
    """A rate or a queue is full; Retry-After says when to come back."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class Unavailable(DarkroomError):
    """A part that is needed is away; it comes back by itself."""

    status = 503
    code = "unavailable"
    title = "Not available at the moment"


class UpstreamTimeout(DarkroomError):
    """A part that is needed did not answer in time."""

    status = 504
    code = "upstream_timeout"
    title = "No answer in time"


class InsufficientStorage(DarkroomError):
    """There is no room left on the disk."""

    status = 507
    code = "insufficient_storage"
    title = "There is no room left"


Translation = Callable[[Any], DarkroomError | None]
TRANSLATIONS: dict[type[Exception], Translation] = {}
"""What exceptions of libraries stand for, told by the packages that use them; None is a crash. For apps
without a database nothing of SQLAlchemy need be loaded."""
