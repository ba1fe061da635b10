"""Moments in cursors: microseconds as an Instant column holds them."""

from datetime import datetime

from shared.database.types import EPOCH, MICROSECOND
from shared.errors import BadRequest


def moment_of(microseconds: int) -> datetime:
    """The moment that a cursor names. Raises BadRequest `invalid_cursor`."""
    try:
        return EPOCH + microseconds * MICROSECOND
    except OverflowError:
        raise BadRequest("the cursor is not one of ours; begin without one", code="invalid_cursor") from None
