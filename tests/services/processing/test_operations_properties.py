"""Any valid parameters on any small picture: a result within limits or a clear refusal, and never a crash."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from services.processing.limits import PipelineLimits
from services.processing.operation import Parameters, operation
from services.processing.picture import Picture, Takes, UnsuitableImage
from services.processing.pipeline import InvalidPipeline, OperationFailed, OutputTooLarge, parse_plain, run
from services.processing.registry import OPERATIONS, discover
from services.processing.render_process import perform
from services.processing.render_task import RenderTask
from shared.errors import Unprocessable
from shared.imaging import ImageLimits
from tests.services.processing.parameters import outside, valid
from tests.services.processing.pictures import photo, png

LIMITS = PipelineLimits(side=600, image=ImageLimits(max_pixels=200_000))
SLOW = {"background_removal", "denoise", "bilateral_blur"}
REFUSALS = (UnsuitableImage, OutputTooLarge, OperationFailed)
FIXTURES = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@st.composite
def pictures(draw: st.DrawFn, most: int) -> Picture:
    """A part of a photograph, grey, colour or with alpha, of 8 or 16 bits."""
    width, height = draw(st.integers(1, most)), draw(st.integers(1, most))
    picture = photo("coffee")[200 : 200 + height, 250 : 250 + width]
    channels = draw(st.sampled_from([1, 3, 4]))
    picture = np.dstack([picture, picture[:, :, 1]])[:, :, :channels]
    if channels == 1:
        picture = picture[:, :, 0]
    return np.ascontiguousarray(picture.astype(np.uint16) * 257 if draw(st.booleans()) else picture)


@pytest.mark.parametrize("name", OPERATIONS)
def test_any_valid_parameters_give_a_picture_or_a_refusal(name: str) -> None:
    few = name in SLOW

    @settings(max_examples=8 if few else 30, deadline=None, suppress_health_check=FIXTURES, derandomize=True)
    @given(picture=pictures(most=24 if few else 64), parameters=valid(OPERATIONS[name]))
    def check(picture: Picture, parameters: dict[str, Any]) -> None:
        before = picture.copy()
        steps = [{"operation": name, "parameters": parameters}]
        try:
            (result,) = run(parse_plain(steps, LIMITS), picture, LIMITS)
        except (InvalidPipeline, *REFUSALS) as error:
            refusal: Unprocessable | None = error
        else:
            refusal = None
        if isinstance(refusal, InvalidPipeline):  # a maximum that is lower here than in the schema
            assert refusal.extra["parameter"] in {"width", "height"}
        if refusal is not None:
            assert refusal.extra["operation"] == name
            return
        assert result.dtype in (np.uint8, np.uint16)
        assert result.ndim == 2 or result.shape[2] in (3, 4)
        assert 1 <= max(result.shape[:2]) <= LIMITS.side
        assert np.array_equal(picture, before)

    check()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_result_is_the_same_however_many_threads_make_it(name: str) -> None:
    picture = photo("coffee")[:64, :96] if name in SLOW else photo("coffee")
    task = RenderTask(png(picture), json.dumps([{"operation": name}]))
    try:
        results = [perform(replace(task, threads=threads)) for threads in (1, 2, 3)]
    finally:
        cv2.setNumThreads(1)
    assert results[1:] == results[:1] * 2


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_the_schema_says_is_a_schema_and_is_so(name: str) -> None:
    schema = OPERATIONS[name].schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert schema["additionalProperties"] is False
    for parameter, described in schema.get("properties", {}).items():
        assert described["description"], parameter
        assert "default" in described, parameter
        validator.validate({parameter: described["default"]})
        parse_plain([{"operation": name, "parameters": {parameter: described["default"]}}])
        for wrong in outside(described):
            with pytest.raises(InvalidPipeline) as refused:
                parse_plain([{"operation": name, "parameters": {parameter: wrong}}])
            assert refused.value.extra["parameter"] == parameter, wrong
            assert f"step 1 ({name}), parameter {parameter}:" in refused.value.detail


@pytest.mark.parametrize("name", OPERATIONS)
def test_parameters_survive_the_wire(name: str) -> None:
    (step,) = parse_plain([{"operation": name}])
    again = parse_plain(json.loads(json.dumps([step.on_wire().model_dump()])))
    assert again == (step,)


def test_numbers_all_have_limits_and_kernels_those_of_the_settings() -> None:
    for one in OPERATIONS.values():
        for parameter, described in (
            one.schema(PipelineLimits(kernel=31, side=99)).get("properties", {}).items()
        ):
            for branch in described.get("anyOf", [described]):
                if branch["type"] in ("integer", "number") and "enum" not in branch:
                    assert "maximum" in branch, (one.name, parameter)
    assert (
        OPERATIONS["median_blur"].schema(PipelineLimits(kernel=31))["properties"]["kernel"]["maximum"] == 31
    )


def test_a_file_in_the_folder_is_an_operation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plugged_operations"
    folder.mkdir()
    (folder / "__init__.py").touch()
    text = (
        "from services.processing.operation import Parameters, operation\n"
        "from services.processing.picture import Takes\n"
        "class None_(Parameters):\n    pass\n"
        '@operation("{name}", title="Same", takes=Takes.ANYTHING)\n'
        'def same(picture, parameters: None_):\n    """Nothing."""\n    return picture\n'
    )
    (folder / "first.py").write_text(text.format(name="same"))
    monkeypatch.syspath_prepend(str(tmp_path))
    found = discover("plugged_operations", [str(folder)])
    assert [(one.name, one.family, one.description) for one in found.values()] == [
        ("same", "first", "Nothing.")
    ]
    (folder / "second.py").write_text(text.format(name="same"))
    importlib.invalidate_caches()
    with pytest.raises(ValueError, match="both have same"):
        discover("plugged_operations", [str(folder)])
    for module in [name for name in sys.modules if name.startswith("plugged_operations")]:
        del sys.modules[module]


def test_a_function_without_parameters_or_words_is_no_operation() -> None:
    def bare(picture: Picture) -> Picture:
        """Something."""
        return picture

    def mute(picture: Picture, parameters: Parameters) -> Picture:
        return picture

    for function, reason in ((bare, "takes a picture"), (mute, "docstring")):
        with pytest.raises(TypeError, match=reason):
            operation("wrong", title="Wrong", takes=Takes.ANYTHING)(function)  # type: ignore[arg-type]
