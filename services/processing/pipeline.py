"""Pipelines: up to ten operations, one after the other. Pure: arrays in, arrays out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.processing.limits import DEFAULT_LIMITS, PipelineLimits
from services.processing.operation import Operation, Parameters
from services.processing.picture import Picture, UnsuitableImage
from services.processing.registry import find
from shared.contracts.operations import PipelineStep
from shared.errors import Unprocessable
from shared.imaging.opencv import cv2

_WIRE = TypeAdapter(list[PipelineStep])
_MAX_FAULTS = 20


class InvalidPipeline(Unprocessable):
    """It is no list of steps, or one of them has parameters that its operation does not take."""

    code = "invalid_pipeline"
    title = "The pipeline is not valid"


class OutputTooLarge(Unprocessable):
    """A step would give a picture over the limits."""

    code = "output_too_large"
    title = "The result would be too large"


class OperationFailed(Unprocessable):
    """OpenCV refused the picture with these parameters."""

    code = "operation_failed"
    title = "The operation does not work on this image"


@dataclass(frozen=True, slots=True)
class Step:
    """An operation with its parameters, all of them."""

    operation: Operation[Any, Any]
    parameters: Parameters

    def on_wire(self) -> PipelineStep:
        """As it is asked for, with the defaults filled in."""
        return PipelineStep(operation=self.operation.name, parameters=self.parameters.model_dump(mode="json"))


Pipeline = tuple[Step, ...]


def read_pipeline(text: str | bytes, limits: PipelineLimits = DEFAULT_LIMITS) -> Pipeline:
    """The pipeline in a JSON text. Raises InvalidPipeline and UnknownOperation."""
    try:
        return parse(_WIRE.validate_json(text), limits)
    except ValidationError as error:
        raise _not_steps(error) from None


def parse_plain(steps: object, limits: PipelineLimits = DEFAULT_LIMITS) -> Pipeline:
    """The pipeline in a list of objects, as JSON has them. Raises InvalidPipeline and UnknownOperation."""
    try:
        return parse(_WIRE.validate_python(steps), limits)
    except ValidationError as error:
        raise _not_steps(error) from None


def parse(steps: Sequence[PipelineStep], limits: PipelineLimits = DEFAULT_LIMITS) -> Pipeline:
    """The steps with their operations; what is wrong names the step, from 1, and the parameter.

    Raises InvalidPipeline and UnknownOperation.
    """
    if not 1 <= len(steps) <= limits.steps:
        raise InvalidPipeline(f"a pipeline has 1 to {limits.steps} steps, and this one {len(steps)}")
    return tuple(_step(number, step, limits) for number, step in enumerate(steps, start=1))


def write_pipeline(pipeline: Pipeline) -> str:
    """The JSON text that `read_pipeline` makes the same pipeline of: how it is kept, and sent to workers."""
    return _WIRE.dump_json([step.on_wire() for step in pipeline]).decode()


def run(pipeline: Pipeline, picture: Picture, limits: PipelineLimits = DEFAULT_LIMITS) -> Iterator[Picture]:
    """The picture after each step, the last one being the result.

    Raises UnsuitableImage, OutputTooLarge and OperationFailed, each with `step` and `operation`.
    """
    for number, step in enumerate(pipeline, start=1):
        try:
            _check_growth(step, picture, limits)
            picture = step.operation.run(picture, step.parameters)
            _check_size(picture.shape[1], picture.shape[0], limits)
        except cv2.error as error:
            raise _at(OperationFailed(_said(error)), number, step.operation.name) from error
        except (UnsuitableImage, OutputTooLarge) as error:
            raise _at(error, number, step.operation.name) from None
        yield picture


def _step(number: int, step: PipelineStep, limits: PipelineLimits) -> Step:
    try:
        operation = find(step.operation)
        parameters = operation.parameters.model_validate(step.parameters, context={"limits": limits})
    except ValidationError as error:
        raise _wrong_parameters(number, step.operation, error) from None
    except Unprocessable as error:
        raise _at(error, number, step.operation[:100]) from None
    return Step(operation, parameters)


def _wrong_parameters(number: int, name: str, error: ValidationError) -> InvalidPipeline:
    faults = [
        {"parameter": ".".join(str(part) for part in fault["loc"][:1])[:100], "what": fault["msg"]}
        for fault in error.errors(include_url=False, include_input=False)[:_MAX_FAULTS]
    ]
    first = faults[0]
    return InvalidPipeline(
        f"step {number} ({name}), parameter {first['parameter']}: {first['what']}",
        step=number, operation=name, parameter=first["parameter"], errors=faults,
    )  # fmt: skip


def _not_steps(error: ValidationError) -> InvalidPipeline:
    first = error.errors(include_url=False, include_input=False)[0]
    where = [part + 1 if isinstance(part, int) else part for part in first["loc"]]
    place = f"step {', '.join(str(part) for part in where)}: " if where else ""
    extra: dict[str, Any] = {"step": where[0]} if where else {}
    return InvalidPipeline(
        f'{place}{first["msg"]}; a pipeline is a JSON list of {{"operation": "...", "parameters": {{...}}}}',
        **extra,
    )


def _check_growth(step: Step, picture: Picture, limits: PipelineLimits) -> None:
    if step.operation.size is not None:
        width, height = step.operation.size(step.parameters, picture.shape[1], picture.shape[0])
        _check_size(width, height, limits)


def _check_size(width: int, height: int, limits: PipelineLimits) -> None:
    if max(width, height) > limits.side or width * height > limits.image.max_pixels:
        raise OutputTooLarge(
            f"the result would have {width} x {height} pixels; allowed are {limits.side} a side and"
            f" {limits.image.max_pixels / 1e6:g} megapixels; resize or crop first",
            width=width,
            height=height,
        )


def _said(error: Exception) -> str:
    """OpenCV's reason, without the place in its sources."""
    reason = str(getattr(error, "err", "") or "").strip()
    return f"OpenCV refuses: {reason}" if reason else "OpenCV refuses the image with these parameters"


def _at(error: Unprocessable, number: int, name: str) -> Unprocessable:
    error.detail = f"step {number} ({name}): {error.detail}"
    error.args = (error.detail,)
    error.extra = {**error.extra, "step": number, "operation": name}
    return error
