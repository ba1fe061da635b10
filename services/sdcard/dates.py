"""Dates of a card, as folders and callers write them. Pure."""

from datetime import date
from typing import overload

from shared.errors import Unprocessable

DATE_PATTERN = r"^\d{4}-\d{2}-\d{2}$"


@overload
def real_date(given: str) -> str: ...
@overload
def real_date(given: None) -> None: ...
def real_date(given: str | None) -> str | None:
    """The date, YYYY-MM-DD, once it is seen to be one. Raises Unprocessable `invalid_date`."""
    if given is None:
        return None
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise Unprocessable(f"{given} is no date", code="invalid_date") from None
