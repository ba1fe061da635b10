"""The benchmark's table as Markdown: readable as it is printed, and in the documentation."""

from collections.abc import Sequence

from bench.rows import Row

HEADINGS = ("work", "ours", "reference", "ratio", "needed", "met", "note")


def table(rows: Sequence[Row]) -> str:
    """One line a row, in columns."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    printed = [_line(line, widths) for line in lines]
    printed.insert(1, "|".join(["", *("-" * (width + 2) for width in widths), ""]))
    return "\n".join(printed)


def _cells(row: Row) -> tuple[str, ...]:
    alone = row.at_most or not row.reference
    ratio = 0.0 if alone else row.ours / row.reference
    needed = f"at most {_figure(row.reference)} {row.unit}" if row.at_most else f"{row.needed:g}"
    return (
        row.work,
        f"{_figure(row.ours)} {row.unit}",
        "" if alone else f"{_figure(row.reference)} {row.unit}",
        "" if alone else f"{ratio:.2f}",
        needed if row.needed else "",
        ("yes" if row.meets else "NO") if row.needed else "",
        row.note,
    )


def _figure(value: float) -> str:
    """Three digits that count, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    last = len(cells) - 1
    padded = [
        cell.rjust(width) if 0 < column < last - 1 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
