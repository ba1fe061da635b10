"""POST /v1/process and GET /v1/operations over HTTP, rendering in real processes."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from services.processing.registry import OPERATIONS
from shared.imaging import probe
from tests.services.processing.pictures import cv2, grey_of, jpeg, photo, png, whole
from tests.services.processing.service import GATEWAY, MakeProcessing, Processing, start_processing
from tests.shared.imaging_samples import exif, saved
from tests.shared.imaging_samples import photo as sample


def test_an_image_goes_in_and_one_comes_out(at_once: Processing) -> None:
    picture = photo("astronaut")
    answer = at_once.process(png(picture), "edge_detection")
    assert answer.status_code == 200
    assert answer.content == png(cv2.Canny(grey_of(picture), 90, 180))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith('inline; filename="beach.png"')
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_large_uploads_and_small_ones_leave_nothing_behind(at_once: Processing) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1400, 1300, 3), np.uint8)
    content = png(noise)
    assert len(content) > 5 * 1024 * 1024
    answer = at_once.process(content, "flip")
    assert np.array_equal(whole(answer.content), noise[:, ::-1])
    assert at_once.process(content, ("flip", {"direction": "up"})).status_code == 422
    assert at_once.staged() == []


@pytest.mark.parametrize(
    ("fields", "accept", "media_type"),
    [
        ({"format": "webp"}, "image/png", "image/webp"),
        ({"format": "avif"}, None, "image/avif"),
        ({"format": "jpg"}, None, "image/jpeg"),
        ({}, "image/webp", "image/webp"),
        ({}, "image/avif,image/webp;q=0.5", "image/avif"),
        ({}, "image/jpeg;q=0.2, image/png;q=0.1", "image/jpeg"),
        ({}, "*/*", "image/png"),
        ({}, "application/json", "image/png"),
    ],
)
def test_the_format_goes_by_the_field_or_by_accept(
    at_once: Processing, fields: dict[str, str], accept: str | None, media_type: str
) -> None:
    headers = None if accept is None else {"Accept": accept}
    answer = at_once.process(png(photo("chelsea", (60, 40))), "flip", headers=headers, **fields)
    assert answer.headers["content-type"] == media_type
    assert probe(answer.content).media_type == media_type
    assert answer.headers["vary"] == "Accept"


def test_a_jpeg_stays_one_and_loses_its_metadata(at_once: Processing) -> None:
    content = saved(sample(), "JPEG", exif=exif(6, gps=True))
    answer = at_once.process(content, "grey", name="holiday/../x.jpeg", quality="80")
    assert answer.headers["content-type"] == "image/jpeg"
    assert b"Exif" not in answer.content
    assert 'filename="x.jpeg"' in answer.headers["content-disposition"]
    upright = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert answer.content == jpeg(grey_of(upright), 80)


def test_the_results_of_all_steps_come_as_a_zip(at_once: Processing) -> None:
    picture = photo()
    answer = at_once.process(
        png(picture), "grey", "flip", ("threshold", {"level": 9}), intermediates="true", format="png"
    )
    assert answer.headers["content-type"] == "application/zip"
    assert 'attachment; filename="beach.zip"' in answer.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.namelist() == ["01-grey.png", "02-flip.png", "03-threshold.png"]
    flipped = grey_of(picture)[:, ::-1]
    assert np.array_equal(whole(archive.read("02-flip.png")), flipped)
    assert np.array_equal(whole(archive.read("03-threshold.png")), np.where(flipped > 9, 255, 0))
    assert at_once.staged() == []


@pytest.mark.parametrize(
    ("content", "steps", "fields", "status", "code"),
    [
        (None, ["flip"], {}, 422, "no_files"),
        (b"no image", ["flip"], {}, 415, "unsupported_format"),
        (
            b"<svg/>",
            ["flip"],
            {"format": "png"},
            415,
            "unsupported_format",
        ),
        (png(photo())[:9000], ["flip"], {}, 422, "broken_image"),
        (png(np.zeros((1, 20_000), np.uint8)), ["flip"], {}, 422, "image_too_large"),
        (png(photo()), [], {}, 422, "invalid_pipeline"),
        (png(photo()), ["flip"], {"pipeline_name": "x"}, 422, "invalid_pipeline"),
        (png(photo()), [], {"pipeline_name": "never saved"}, 404, "pipeline_not_found"),
        (png(photo()), [], {"pipeline": "[" * 100_000}, 422, "invalid_pipeline"),
        (png(photo()), ["no_such"], {}, 422, "unknown_operation"),
        (png(photo()), ["flip"] * 11, {}, 422, "invalid_pipeline"),
        (png(photo()), ["flip"], {"format": "tiff"}, 422, "invalid_output"),
        (png(photo()), ["flip"], {"quality": "101"}, 422, "invalid_output"),
        (png(photo()), ["flip"], {"intermediates": "some"}, 422, "validation_failed"),
        (png(photo()), ["flip"], {"colour": "red"}, 422, "unknown_field"),
        (png(grey_of(photo())), ["white_balance"], {}, 422, "unsuitable_image"),
        (png(photo()), [("resize", {"scale": 90})], {}, 422, "output_too_large"),
    ],
)
def test_what_is_refused_and_how(
    at_once: Processing,
    content: bytes | None,
    steps: list[str],
    fields: dict[str, Any],
    status: int,
    code: str,
) -> None:
    answer = at_once.process(content, *steps, **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/" not in answer.json()["detail"].replace("GET /v1/operations", "")


def test_a_refusal_names_step_operation_and_parameter(at_once: Processing) -> None:
    problem = at_once.process(png(photo()), "flip", ("gaussian_blur", {"kernel": 4})).json()
    assert (problem["step"], problem["operation"], problem["parameter"]) == (2, "gaussian_blur", "kernel")


def test_bodies_have_limits(make_at_once: MakeProcessing) -> None:
    service = make_at_once(image_bytes=20_000, json_body_bytes=5_000)
    answer = service.process(png(photo()), "flip")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    small = png(photo(size=(30, 20)))
    assert service.process(small, "flip").status_code == 200
    assert service.process(small, pipeline=" " * 6_000 + "[]").status_code == 413
    assert service.post("/v1/process", content=b"x", headers=GATEWAY).status_code == 415
    assert service.staged() == []


def test_two_images_are_one_too_many(at_once: Processing) -> None:
    files = [("image", ("a.png", png(photo()))), ("image", ("b.png", png(photo())))]
    answer = at_once.post("/v1/process", files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_images")


def test_a_full_line_is_refused_and_the_others_are_served(make_at_once: MakeProcessing) -> None:
    service = make_at_once(process_threads=1, process_waiting=1)
    content = png(photo("astronaut", (220, 220)))
    slow = ("denoise", {"search": 35})
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(lambda _: service.process(content, slow), range(6)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert 1 <= statuses.count(200) <= 4
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too_much_work"
    assert refused.headers["retry-after"] == "1"
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert service.process(content, "flip").status_code == 200


def test_what_takes_too_long_is_ended_and_the_next_is_served(make_at_once: MakeProcessing) -> None:
    service = make_at_once(item_seconds=0.7, process_threads=1)
    content = png(photo("astronaut", (400, 400)))
    assert service.process(content, "flip").status_code == 200
    answer = service.process(content, ("denoise", {"search": 101, "template": 21}))
    assert (answer.status_code, answer.json()["code"]) == (504, "processing_timeout")
    for _ in range(20):  # the process that takes its place may need its first moment
        if service.process(content, "flip").status_code == 200:
            break
    assert service.process(content, "flip").status_code == 200


def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_served(
    make_at_once: MakeProcessing,
) -> None:
    service = make_at_once(process_threads=1, worker_memory_bytes=400 * 1024 * 1024)
    huge = png(np.zeros((7000, 7000, 3), np.uint8))
    answer = service.process(
        huge, ("resize", {"scale": 0.9, "method": "lanczos"}), "sharpen", "white_balance"
    )
    assert answer.status_code == 422
    assert answer.json()["code"] in {"operation_failed", "processing_crashed", "broken_image"}
    assert service.process(png(photo()), "flip").status_code == 200


def test_the_catalogue_tells_all_of_every_operation(at_once: Processing) -> None:
    items = at_once.get("/v1/operations").json()["items"]
    assert [item["name"] for item in items] == list(OPERATIONS)
    for item in items:
        Draft202012Validator.check_schema(item["parameters"])
        assert item["title"]
        assert item["description"]
    edges = next(item for item in items if item["name"] == "edge_detection")
    assert edges["family"] == "edges"
    assert edges["parameters"]["properties"]["low"]["default"] == 90
    assert edges["parameters"]["properties"]["high"]["default"] == 180


def test_the_catalogue_shows_the_limits_that_are_set(make_at_once: MakeProcessing) -> None:
    service = make_at_once(kernel_side=31, output_side=500)
    items = {item["name"]: item["parameters"] for item in service.get("/v1/operations").json()["items"]}
    assert items["median_blur"]["properties"]["kernel"]["maximum"] == 31
    assert items["resize"]["properties"]["width"]["anyOf"][0]["maximum"] == 500
    assert service.process(png(photo()), "flip").json()["code"] == "output_too_large"


def test_all_of_it_is_in_the_service(tmp_path: Path) -> None:
    with start_processing(tmp_path) as service:
        paths = service.get("/openapi.json").json()["paths"]
        assert {"/v1/operations", "/v1/process", "/v1/pipelines", "/v1/pipelines/{name}"} <= set(paths)
        service.put("/v1/pipelines/mirror", json={"pipeline": [{"operation": "flip"}]})
        answer = service.process(png(photo()), pipeline_name="mirror")
        assert np.array_equal(whole(answer.content), photo()[:, ::-1])
