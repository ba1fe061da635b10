"""Cursors: where a page ended, as one opaque word."""

import base64
import binascii
import json

from shared.errors import BadRequest

MAX_INTEGER = 2**63 - 1  # of both databases


def encode_cursor(*place: str | int | None) -> str:
    """The word for a place, given as the sort keys of the last item."""
    text = json.dumps(place, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[str | int | None]:
    """The place that `encode_cursor` was given. Raises BadRequest `invalid_cursor` for any other word."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.urlsafe_b64decode(padded.encode("ascii", "strict")))
    except (binascii.Error, ValueError, RecursionError):
        place = None
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or not all(_is(value, kind) for value, kind in zip(place or (), kinds, strict=False)):
        raise BadRequest("the cursor is not one of ours; begin without one", code="invalid_cursor")
    return list(place or ())


def _is(value: object, kind: type) -> bool:
    """Whether the value is of that kind, and one that a database can be asked for."""
    if type(value) is not kind:
        return False
    return abs(value) <= MAX_INTEGER if isinstance(value, int) else True
