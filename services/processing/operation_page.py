"""`python -m services.processing.operation_page`: writes the operations into docs/processing.md anew."""

import itertools
import re
from pathlib import Path
from typing import Any

from services.processing.operation import Operation
from services.processing.registry import OPERATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "processing.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end of operations -->\n"
TAKES = {
    "anything": "grey, colour, alpha, 8 or 16 bits stay as they are",
    "colours": "grey or colour, 8 or 16 bits; alpha is put back",
    "colours_of_8_bits": "grey or colour, 8 bits; alpha is put back",
    "bgr": "colour of 8 bits without alpha, as cv2.imread gives it",
    "grey": "made grey, 8 bits",
    "coloured": "colour of 8 bits; alpha is put back; grey is refused",
}


def operation_list() -> str:
    """All operations as Markdown, a table a family."""
    families = itertools.groupby(OPERATIONS.values(), key=lambda one: one.family)
    return "\n".join(_family(family, list(members)) for family, members in families)


def with_list(page: str) -> str:
    """The page with the list of today between its marks. Raises ValueError where they are missing."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has lost its marks")
    return f"{head}{begin}\n{operation_list()}\n{end}{tail}"


def _family(name: str, members: list[Operation[Any, Any]]) -> str:
    rows = [
        f"| `{one.name}` | {one.description} | {TAKES[one.takes]} | {_parameters(one)} |" for one in members
    ]
    title = name.replace("_", " ").capitalize()
    return "\n".join(
        [
            f"### {title}",
            "",
            "| operation | does | takes | parameters |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _parameters(one: Operation[Any, Any]) -> str:
    told = [_parameter(name, schema) for name, schema in one.schema().get("properties", {}).items()]
    return "<br>".join(told) or "none"


def _parameter(name: str, schema: dict[str, Any]) -> str:
    facts = schema.get("anyOf", [schema])[0]
    default = schema["default"]
    shown = "" if default is None else f" {str(default).lower() if isinstance(default, bool) else default}"
    return f"`{name}`{shown}{_range(facts)}: {re.sub(r'[|]', '/', schema['description'])}"


def _range(facts: dict[str, Any]) -> str:
    if "enum" in facts:
        return f" ({', '.join(str(value) for value in facts['enum'])})"
    if facts["type"] == "boolean":
        return ""
    above = "over " if "exclusiveMinimum" in facts else ""
    low = facts.get("exclusiveMinimum", facts.get("minimum"))
    odd = ", odd" if "not" in facts else ""
    unit = f" {facts['unit']}" if "unit" in facts else ""
    return f" ({above}{low:g} to {facts['maximum']:g}{unit}{odd})"


if __name__ == "__main__":
    PAGE.write_text(with_list(PAGE.read_text()))
