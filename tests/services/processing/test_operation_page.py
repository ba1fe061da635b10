"""docs/processing.md lists every operation with every parameter, as they are."""

import pytest

from services.processing.operation_page import BEGIN, END, PAGE, operation_list, with_list
from services.processing.registry import OPERATIONS


def test_the_page_has_the_list_of_today() -> None:
    assert PAGE.read_text() == with_list(PAGE.read_text()), "python -m services.processing.operation_page"


def test_every_operation_and_parameter_is_in_it() -> None:
    lines = PAGE.read_text().split("\n")
    for one in OPERATIONS.values():
        (line,) = [line for line in lines if line.startswith(f"| `{one.name}` |")]
        for parameter in one.schema().get("properties", {}):
            assert f"`{parameter}`" in line


def test_what_stands_between_the_marks_is_replaced_and_nothing_else() -> None:
    assert (
        with_list(f"before\n{BEGIN}old\n{END}after\n") == f"before\n{BEGIN}\n{operation_list()}\n{END}after\n"
    )
    with pytest.raises(ValueError, match="marks"):
        with_list("no marks")
