"""Declaring an operation: a pure function, its parameters beside it, one decorator."""

import copy
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from services.processing.limits import DEFAULT_LIMITS, PipelineLimits
from services.processing.picture import Picture, Takes, adapt

MIN_SIDE = 1
LIMIT = "x-limit"  # in a schema: the maximum is a setting, the one of this name in PipelineLimits


class Parameters(BaseModel):
    """The base of all parameters: no unknown ones, no text for numbers, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


P = TypeVar("P", bound=Parameters)
S = TypeVar("S", bound=Any)


@dataclass(frozen=True, slots=True)
class Operation(Generic[P, S]):
    """An operation as it is known by its name. `module` is where it is declared, `family` that module's name.

    `size` tells width and height of the result before it is made; None where they do not grow.
    """

    name: str
    title: str
    description: str
    family: str
    module: str
    takes: Takes
    parameters: type[P]
    function: Callable[[S, P], Picture]
    size: Callable[[P, int, int], tuple[int, int]] | None = None

    def run(self, picture: Picture, parameters: P) -> Picture:
        """The picture after it; the one given stays as it is. Raises UnsuitableImage."""
        return adapt(self.takes, picture, lambda taken: self.function(typing.cast("S", taken), parameters))

    def schema(self, limits: PipelineLimits = DEFAULT_LIMITS) -> dict[str, Any]:
        """The parameters as JSON Schema, with the maxima that these limits set."""
        schema = copy.deepcopy(self.parameters.model_json_schema())
        for described in _properties(schema):
            limit = described.pop(LIMIT, None)
            if limit is not None:
                described["maximum"] = getattr(limits, limit)
        return schema


def operation(
    name: str,
    *,
    title: str,
    takes: Takes,
    size: Callable[[P, int, int], tuple[int, int]] | None = None,
) -> Callable[[Callable[[S, P], Picture]], Operation[P, S]]:
    """Declare the function below as an operation; its docstring is the description people read.

    Its second argument's type is its parameters. Raises TypeError for one without parameters or docstring.
    """

    def declare(function: Callable[[S, P], Picture]) -> Operation[P, S]:
        hints = typing.get_type_hints(function)
        _, *others = inspect.signature(function).parameters
        parameters = hints.get(others[0]) if len(others) == 1 else None
        if not isinstance(parameters, type) or not issubclass(parameters, Parameters):
            raise TypeError(f"{name}: the function takes a picture and a kind of Parameters")
        if not function.__doc__:
            raise TypeError(f"{name}: the function's docstring is what people read, and it has none")
        family = function.__module__.rpartition(".")[2]
        description = " ".join(function.__doc__.split())
        return Operation(
            name, title, description, family, function.__module__, takes,
            typing.cast("type[P]", parameters), function, size,
        )  # fmt: skip

    return declare


def _properties(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Each property's schema, and the branches of those that may be null."""
    found = list(schema.get("properties", {}).values())
    return found + [branch for one in found for branch in one.get("anyOf", ())]


def _limits(info: ValidationInfo) -> PipelineLimits:
    given = (info.context or {}).get("limits")
    return given if isinstance(given, PipelineLimits) else DEFAULT_LIMITS


def _kernel(value: int, info: ValidationInfo) -> int:
    most = _limits(info).kernel
    if value > most:
        raise ValueError(f"a kernel has at most {most} pixels a side")
    return value


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("a kernel with a middle has an odd number of pixels a side")
    return value


def _side(value: int, info: ValidationInfo) -> int:
    most = _limits(info).side
    if value > most:
        raise ValueError(f"a side has at most {most} pixels")
    return value


_PIXELS = {"unit": "pixels"}
_KERNEL = {**_PIXELS, LIMIT: "kernel"}

Kernel = Annotated[int, Field(ge=1, json_schema_extra={**_KERNEL}), AfterValidator(_kernel)]
"""The side of a kernel in pixels, of any parity."""

Aperture = Annotated[
    int,
    Field(ge=1, le=31, json_schema_extra={**_PIXELS, "not": {"multipleOf": 2}}),
    AfterValidator(_odd),
]
"""The side of a kernel that takes derivatives; OpenCV knows none over 31."""

OddKernel = Annotated[
    int,
    Field(ge=1, json_schema_extra={**_KERNEL, "not": {"multipleOf": 2}}),
    AfterValidator(_kernel),
    AfterValidator(_odd),
]
"""The side of a kernel that has a middle."""

Side = Annotated[int, Field(ge=MIN_SIDE, json_schema_extra={**_PIXELS, LIMIT: "side"}), AfterValidator(_side)]
"""The width or height of a result."""
