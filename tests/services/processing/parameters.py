"""Parameters made from an operation's own schema: any that it must take, and some that it must not."""

from typing import Any

from hypothesis import strategies as st

from services.processing.operation import Operation


def valid(operation: Operation[Any, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters within every limit, each left out now and then."""
    properties = operation.schema()["properties"] if operation.schema().get("properties") else {}
    return st.fixed_dictionaries({}, optional={name: _values(one) for name, one in properties.items()})


def _values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        return st.one_of([_values(branch) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "integer":
        numbers = st.integers(schema["minimum"], schema["maximum"])
        return numbers.filter(lambda value: value % 2 == 1) if "not" in schema else numbers
    if kind == "number":
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        return st.floats(low, schema["maximum"], exclude_min="exclusiveMinimum" in schema)
    return {"boolean": st.booleans(), "null": st.none()}[kind]


def outside(schema: dict[str, Any]) -> list[Any]:
    """Values that the property must refuse."""
    if "anyOf" in schema:
        return [value for value in outside(schema["anyOf"][0]) if value is not None]
    wrong: list[Any] = [[], {}, "1", "no such", None, float("nan"), float("inf")]
    if schema.get("type") == "boolean" or "enum" in schema:
        return [*wrong, -1]
    wrong.append(schema["maximum"] + 1)
    wrong.append(schema.get("minimum", schema.get("exclusiveMinimum", 0)) - 1)
    if schema.get("type") == "integer":
        wrong += [1.5, True]
    if "not" in schema:
        wrong.append(4)
    return wrong
