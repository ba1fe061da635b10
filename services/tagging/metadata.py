"""The metadata CSV: a name for each tag's code."""

import csv
import io
from collections.abc import Iterable, Mapping

from services.tagging.csv_header import read_code
from services.tagging.csv_problem import Findings, InvalidCsv

_CODE_COLUMNS = ("code", "tag_code")
_NAME_COLUMNS = ("alias", "scenario")


def read_metadata(data: bytes, encoding: str = "utf-8") -> dict[int, str]:
    """The name of each code, as the file has it; codes without a name are left out.

    Raises InvalidCsv when the bytes are not text in this encoding, a column is missing, or a code is no
    number or comes twice with two names.
    """
    rows = _rows(data, encoding)
    if not rows:
        raise InvalidCsv("no_header", "the metadata file is empty")
    header = [name.strip() for name in rows[0]]
    code_at, name_at = _column(header, _CODE_COLUMNS), _column(header, _NAME_COLUMNS)
    findings = Findings({"bad_metadata": "a code is not a number, or has two different names"})
    names: dict[int, str] = {}
    for number, row in enumerate(rows[1:]):
        code = read_code(row[code_at]) if code_at < len(row) else None
        name = row[name_at].strip() if name_at < len(row) else ""
        if code is None or (name and names.get(code, name) != name):
            findings.add("bad_metadata", [number])
        elif name:
            names[code] = name
    findings.check()
    return names


def fallback_name(code: int) -> str:
    """What a code without a name is shown as."""
    return f"{code}_fallback"


def names_for(codes: Iterable[int], names: Mapping[int, str]) -> list[str]:
    """The name to show for each code, in their order."""
    return [names.get(code) or fallback_name(code) for code in codes]


def _rows(data: bytes, encoding: str) -> list[list[str]]:
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError:
        raise InvalidCsv("bad_encoding", f"the metadata file is not text in {encoding}") from None
    except LookupError:
        raise InvalidCsv("unknown_encoding", f"no encoding is called {encoding[:40]!r}") from None
    if "\0" in text:
        raise InvalidCsv("nul", "there is a NUL in the metadata file: is the encoding right?")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InvalidCsv("bad_metadata", f"the metadata file cannot be read: {error}") from None
    return [row for row in rows if any(cell.strip() for cell in row)]


def _column(header: list[str], names: tuple[str, str]) -> int:
    for name in names:
        if header.count(name) > 1:
            raise InvalidCsv("doubled_columns", f"the metadata file has more than one column {name}")
        if name in header:
            return header.index(name)
    raise InvalidCsv("bad_metadata", f"the metadata file has no column {' or '.join(names)}")
