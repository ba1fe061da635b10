"""Libraries that are loaded when they are first used: most processes need them late, or never."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class LateModule(ModuleType):
    """Stands for a module, which is imported when something of it is first asked for."""

    def __init__(self, name: str, prepare: Callable[[ModuleType], None] | None = None) -> None:
        super().__init__(name)
        self.__dict__["_prepare"] = prepare

    def __getattr__(self, name: str) -> Any:
        """Only asked for what is not here yet: afterwards everything is."""
        module = importlib.import_module(self.__name__)
        prepare = self.__dict__.get("_prepare")
        if prepare is not None:
            prepare(module)
        self.__dict__.update(module.__dict__)
        return getattr(module, name)


@contextmanager
def not_importable(*names: str) -> Iterator[None]:
    """Within, the libraries look as if they were not installed, unless they are loaded already.

    For those that others import where they find them, for output that is not made here.
    """
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
