"""Pipelines: what is refused, and that it is said which step and which parameter."""

from typing import Any

import numpy as np
import pytest

from services.processing.limits import PipelineLimits
from services.processing.picture import UnsuitableImage
from services.processing.pipeline import (
    InvalidPipeline,
    OperationFailed,
    OutputTooLarge,
    parse_plain,
    read_pipeline,
    run,
    write_pipeline,
)
from services.processing.registry import UnknownOperation
from services.processing.render import InvalidOutput, Output, read_output, render, render_steps
from shared.imaging import BrokenImage, ImageFormat, ImageLimits, ImageTooLarge, UnsupportedFormat
from tests.services.processing.pictures import grey_of, photo, png, whole

FLIP = {"operation": "flip"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Invalid JSON"),
        ("{}", "valid array"),
        ("[]", "1 to 10 steps, and this one 0"),
        ('["flip"]', "step 1:"),
        ('[{"operation": "flip"}, {"parameters": {}}]', "step 2, operation: Field required"),
        ('[{"operation": "flip", "options": {}}]', "step 1, options: Extra inputs"),
        ('[{"operation": "flip", "parameters": {"direction": "up"}}]', "step 1 (flip), parameter direction:"),
        ('[{"operation": "flip"}, {"operation": "gaussian_blur", "parameters": {"kernel": 4}}]',
         "step 2 (gaussian_blur), parameter kernel: Value error, a kernel with a middle"),
        ('[{"operation": "gaussian_blur", "parameters": {"kernel": 103}}]', "at most 101 pixels"),
        ('[{"operation": "resize", "parameters": {"width": 8193}}]', "at most 8192 pixels"),
        ('[{"operation": "flip", "parameters": {"angle": 4}}]', "parameter angle: Extra inputs"),
    ],
)  # fmt: skip
def test_what_is_no_pipeline_is_told_where(text: str, words: str) -> None:
    with pytest.raises(InvalidPipeline) as refused:
        read_pipeline(text)
    assert words in refused.value.detail
    assert (refused.value.status, refused.value.code) == (422, "invalid_pipeline")


def test_ten_steps_are_enough() -> None:
    assert len(parse_plain([FLIP] * 10)) == 10
    with pytest.raises(InvalidPipeline, match="1 to 10 steps, and this one 11"):
        parse_plain([FLIP] * 11)
    with pytest.raises(InvalidPipeline, match="1 to 2 steps"):
        parse_plain([FLIP] * 3, PipelineLimits(steps=2))


def test_an_unknown_operation_is_named_with_its_neighbours() -> None:
    with pytest.raises(UnknownOperation) as refused:
        parse_plain([FLIP, {"operation": "edge_detecton"}])
    assert refused.value.extra == {"step": 2, "operation": "edge_detecton"}
    assert "did you mean edge_detection" in refused.value.detail


def test_limits_are_settings() -> None:
    narrow = PipelineLimits(kernel=5, side=50)
    with pytest.raises(InvalidPipeline, match="at most 5 pixels"):
        parse_plain([{"operation": "median_blur", "parameters": {"kernel": 7}}], narrow)
    wide = PipelineLimits(kernel=301)
    assert parse_plain([{"operation": "median_blur", "parameters": {"kernel": 301}}], wide)


@pytest.mark.parametrize(
    ("step", "size"),
    [
        ({"operation": "resize", "parameters": {"scale": 100.0}}, "60000 x 40000"),
        ({"operation": "resize", "parameters": {"width": 8192, "height": 8192}}, "8192 x 8192"),
        ({"operation": "resize", "parameters": {"height": 8192}}, "12288 x 8192"),
    ],
)
def test_a_result_over_the_limits_is_refused_before_it_is_made(step: dict[str, Any], size: str) -> None:
    with pytest.raises(OutputTooLarge) as refused:
        render(png(photo()), parse_plain([FLIP, step]))
    assert f"step 2 (resize): the result would have {size} pixels" in refused.value.detail
    assert refused.value.extra["step"] == 2


def test_a_turned_picture_may_grow_over_the_limits_too() -> None:
    limits = PipelineLimits(side=650)
    with pytest.raises(OutputTooLarge):
        render(
            png(photo()), parse_plain([{"operation": "rotate", "parameters": {"angle": 45}}]), None, limits
        )


def test_a_picture_wider_than_results_may_be_has_to_become_smaller() -> None:
    strip = png(np.zeros((4, 9000, 3), np.uint8))
    with pytest.raises(OutputTooLarge):
        render(strip, parse_plain([FLIP]))
    small = [{"operation": "resize", "parameters": {"width": 900, "height": 4}}, FLIP]
    assert render(strip, parse_plain(small)).width == 900


def test_a_rectangle_outside_is_refused() -> None:
    with pytest.raises(UnsuitableImage, match="600 x 400"):
        render(png(photo()), parse_plain([{"operation": "crop", "parameters": {"left": 600}}]))


def test_what_opencv_refuses_is_a_refusal_without_paths() -> None:
    picture = np.zeros((3, 3), np.int32)
    with pytest.raises(OperationFailed) as refused:
        list(run(parse_plain([{"operation": "median_blur"}]), picture))  # type: ignore[arg-type]
    assert refused.value.extra == {"step": 1, "operation": "median_blur"}
    assert ".cpp" not in refused.value.detail
    assert "/" not in refused.value.detail


def test_the_text_of_a_pipeline_gives_it_again() -> None:
    pipeline = parse_plain([{"operation": "sharpen", "parameters": {"amount": 2}}, FLIP])
    assert read_pipeline(write_pipeline(pipeline)) == pipeline
    assert '"sigma":1' in write_pipeline(pipeline)


def test_every_step_can_be_had() -> None:
    picture = photo()
    results = list(render_steps(png(picture), parse_plain([FLIP, {"operation": "grey"}])))
    assert [(one.format, one.width, one.height) for one in results] == [(ImageFormat.PNG, 600, 400)] * 2
    assert np.array_equal(whole(results[0].content), picture[:, ::-1])
    assert np.array_equal(whole(results[1].content), grey_of(picture)[:, ::-1])


def test_hostile_files_are_refused() -> None:
    good = png(photo())
    pipeline = parse_plain([FLIP])
    with pytest.raises(UnsupportedFormat):
        render(b"<svg xmlns='http://www.w3.org/2000/svg'/>", pipeline)
    with pytest.raises(UnsupportedFormat):
        render(b"", pipeline)
    with pytest.raises(BrokenImage):
        render(good[:5000], pipeline)
    with pytest.raises(BrokenImage):
        render(good[:20], pipeline)
    with pytest.raises(ImageTooLarge):
        render(png(np.zeros((1, 16_385), np.uint8)), pipeline)
    with pytest.raises(ImageTooLarge):
        render(good, pipeline, None, PipelineLimits(image=ImageLimits(max_pixels=1000)))


@pytest.mark.parametrize(
    "given", [("bmp", None), ("svg", None), (None, "0"), (None, "101"), (None, "x"), ("png", "1.5")]
)
def test_an_output_that_cannot_be_is_refused(given: tuple[str | None, str | None]) -> None:
    with pytest.raises(InvalidOutput):
        read_output(*given)


def test_an_output_in_words() -> None:
    assert read_output("jpg", "70") == Output(ImageFormat.JPEG, 70)
    assert read_output(None) == Output(None, 95)
