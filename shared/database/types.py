"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment: microseconds since 1970 in UTC, an integer that sorts and compares everywhere alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Aware datetimes only: a naive one raises TypeError here, not a wrong hour later."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Back to an aware datetime in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def microseconds(moment: datetime) -> int:
    """The moment as an Instant column holds it."""
    return (moment - EPOCH) // MICROSECOND
