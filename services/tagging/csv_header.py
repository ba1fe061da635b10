"""The header of a data CSV: which column is what."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.tagging.csv_layout import Tag
from services.tagging.csv_problem import InvalidCsv

MOST_COLUMNS = 16_384  # what a spreadsheet can hold
_TAG_COLUMN = re.compile(r"tag_code_([0-9]{1,18})")
_CODE = re.compile(r"([0-9]{1,18})(?:\.0*)?")  # a program that read the file may have made a float of it
_CODE_COLUMNS = ("tag_code", "tag_codes")


@dataclass(frozen=True, slots=True)
class Header:
    """Numbers of the columns (from 0); None where the file has no such column."""

    names: tuple[str, ...]
    path: int
    clip: int | None
    camera: int | None
    tags: tuple[Tag, ...]  # form A; empty in form B until the first row has told the code
    tag_columns: tuple[int, ...]  # the columns with True and False, in both forms
    code: int | None  # form B: the column with the tag's number


def read_header(names: Sequence[str]) -> Header:
    """Find the columns by their names, spaces around them ignored; raises InvalidCsv."""
    if len(names) > MOST_COLUMNS:
        raise InvalidCsv("too_many_columns", f"{len(names)} columns; at most {MOST_COLUMNS} are read")
    clean = tuple(name.strip() for name in names)
    doubled = _doubled(name for name in clean if name)
    if doubled:
        raise InvalidCsv("doubled_columns", f"more than one column is called {', '.join(doubled)}")
    at = {name: column for column, name in enumerate(clean) if name}
    if "file_path" not in at:
        raise InvalidCsv("no_file_path", "there is no column called file_path")
    marked = [(column, match) for column, name in enumerate(clean) if (match := _TAG_COLUMN.fullmatch(name))]
    tags = tuple(Tag(int(match[1]), clean[column]) for column, match in marked)
    code = _code_column(at)
    if tags and code is not None:
        detail = "the tags come as columns tag_code_<number> or as tag_code with label, never both"
        raise InvalidCsv("two_forms", detail)
    if not tags and code is None:
        raise InvalidCsv(
            "no_tags", "there is no column tag_code_<number>, and not tag_code with label either"
        )
    twice = _doubled(str(tag.code) for tag in tags)
    if twice:
        raise InvalidCsv("doubled_tags", f"more than one column is for the tag {', '.join(twice)}")
    columns = tuple(column for column, _ in marked) if tags else (at["label"],)
    return Header(clean, at["file_path"], at.get("clip_id"), at.get("modality"), tags, columns, code)


def read_code(cell: str) -> int | None:
    """The number in a cell of form B's code column, None when it is none."""
    match = _CODE.fullmatch(cell.strip())
    return int(match[1]) if match else None


def _code_column(at: dict[str, int]) -> int | None:
    present = [at[name] for name in _CODE_COLUMNS if name in at]
    if "label" not in at or not present:
        return None
    if len(present) > 1:
        raise InvalidCsv("doubled_columns", "tag_code and tag_codes are two names of one column")
    return present[0]


def _doubled(names: Iterable[str]) -> list[str]:
    return [name[:40] for name, count in Counter(names).items() if count > 1][:5]
