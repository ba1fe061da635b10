"""The benchmark's table, and what it says of figures that are met, missed, or limits."""

from bench.rows import Row
from bench.table import table


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_ratio_stands_beside_what_is_needed_of_it() -> None:
    printed = table([Row("uploads", 450.0, 1200.0, "1/s", 0.5, meets=False, note="by a script")])

    _headings, _rule, line = printed.splitlines()
    assert cells(line) == ["uploads", "450 1/s", "1,200 1/s", "0.38", "0.5", "NO", "by a script"]


def test_a_limit_is_no_reference_and_has_no_ratio() -> None:
    printed = table([Row("memory", 7.814, 32.0, "KiB", 1.0, meets=True)])

    assert cells(printed.splitlines()[2]) == ["memory", "7.81 KiB", "", "", "at most 32 KiB", "yes", ""]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [
        Row("short", 1.0, 2.0, "1/s", 0.5, meets=True),
        Row("a longer one", 1e6, 2.0, "1/s", 0.5, meets=True),
    ]

    assert len({len(line) for line in table(rows).splitlines()}) == 1
