"""All operations, found by walking through `services.processing.operations`."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from services.processing import operations
from services.processing.operation import Operation
from shared.errors import Unprocessable


class UnknownOperation(Unprocessable):
    """No operation has that name."""

    code = "unknown_operation"
    title = "There is no such operation"


def discover(package: str, path: Iterable[str]) -> Mapping[str, Operation[Any, Any]]:
    """Name -> operation of every module in a package's folders, by family, each in the order of its module.

    Raises ValueError when two have the same name, and whatever a module raises on import.
    """
    found: dict[str, Operation[Any, Any]] = {}
    for module in sorted(pkgutil.iter_modules(path), key=lambda one: one.name):
        for one in vars(importlib.import_module(f"{package}.{module.name}")).values():
            if not isinstance(one, Operation) or one.module != f"{package}.{module.name}":
                continue
            if one.name in found:
                raise ValueError(f"{found[one.name].module} and {one.module} both have {one.name}")
            found[one.name] = one
    return MappingProxyType(found)


OPERATIONS = discover(operations.__name__, operations.__path__)


def find(name: str) -> Operation[Any, Any]:
    """The operation of that name. Raises UnknownOperation, which names the nearest ones."""
    found = OPERATIONS.get(name)
    if found is None:
        near = difflib.get_close_matches(name[:100], OPERATIONS, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "GET /v1/operations lists them"
        raise UnknownOperation(f"no operation is named {name[:100]!r}; {hint}")
    return found
