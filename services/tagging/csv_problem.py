"""What can be wrong with a CSV file: one exception, with a stable reason and the rows to look at."""

from collections.abc import Mapping, Sequence

from shared.errors import Unprocessable

SHOWN_ROWS = 20  # limits.md: the first 20 row numbers


class InvalidCsv(Unprocessable):
    """A CSV file that cannot be imported, and nothing of it is.

    `extra` has `reason` (for programs), `rows` (the first 20 that are wrong: data rows counted from 1,
    the header and blank lines not counted) and `row_count` (how many are wrong in all, 0 when the
    trouble is not in rows).
    """

    code = "invalid_csv"
    title = "The CSV file cannot be used"

    def __init__(
        self, reason: str, detail: str, *, rows: Sequence[int] = (), row_count: int | None = None
    ) -> None:
        count = len(rows) if row_count is None else row_count
        super().__init__(detail, reason=reason, rows=list(rows[:SHOWN_ROWS]), row_count=count)
        self.reason = reason


class Findings:
    """Wrong rows by reason, gathered over a whole file so that all of one kind are told at once."""

    def __init__(self, details: Mapping[str, str]) -> None:
        """`details`: what to say for each reason, the most telling reason first."""
        self._details = details
        self._rows: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def add(self, reason: str, rows: Sequence[int], before: int = 0) -> None:
        """Note rows (0-based, after `before` others) that are wrong for this reason."""
        shown = self._rows.setdefault(reason, [])
        shown.extend(before + int(row) + 1 for row in rows[: SHOWN_ROWS - len(shown)])
        self._counts[reason] = self._counts.get(reason, 0) + len(rows)

    def check(self) -> None:
        """Raise InvalidCsv for the first reason that any row was noted for."""
        for reason, detail in self._details.items():
            if self._counts.get(reason):
                raise InvalidCsv(reason, detail, rows=self._rows[reason], row_count=self._counts[reason])
