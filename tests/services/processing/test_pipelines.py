"""Saved pipelines over HTTP, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.postgres import Postgres
from tests.services.processing.pictures import grey_of, photo, png, whole
from tests.services.processing.service import Processing, start_at_once

GREY = {"pipeline": [{"operation": "grey"}]}
BLUR = {"description": "soft", "pipeline": [{"operation": "gaussian_blur", "parameters": {"kernel": 9}}]}


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processing]:
    """A service on each kind of database."""
    given = {}
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        given["database_url"] = server.new_database()
    with start_at_once(tmp_path_factory.mktemp("pipelines"), **given) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(service: Processing) -> None:
    for item in service.get("/v1/pipelines").json()["items"]:
        assert service.delete(f"/v1/pipelines/{item['name']}").status_code == 204


def test_a_pipeline_is_saved_fetched_replaced_and_forgotten(service: Processing) -> None:
    made = service.put("/v1/pipelines/Old film", json=BLUR)
    assert made.status_code == 201
    assert made.headers["location"] == "https://photos.example/api/processing/v1/pipelines/Old%20film"
    assert made.json()["pipeline"] == [
        {"operation": "gaussian_blur", "parameters": {"kernel": 9, "sigma": 0}}
    ]
    assert (made.json()["revision"], made.json()["created_by"]) == (1, "ada")
    fetched = service.get("/v1/pipelines/Old film")
    assert fetched.json() == made.json()
    assert fetched.headers["etag"] == made.headers["etag"]
    replaced = service.put("/v1/pipelines/Old film", json=GREY)
    assert (replaced.status_code, replaced.json()["revision"]) == (200, 2)
    assert replaced.json()["created_at"] == made.json()["created_at"]
    assert service.delete("/v1/pipelines/Old film").status_code == 204
    gone = service.get("/v1/pipelines/Old film")
    assert (gone.status_code, gone.json()["code"]) == (404, "pipeline_not_found")


def test_the_same_again_changes_nothing(service: Processing) -> None:
    first = service.put("/v1/pipelines/same", json=GREY)
    events = len(service.events())
    again = service.put("/v1/pipelines/same", json=GREY)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert len(service.events()) == events


def test_conditions_hold(service: Processing) -> None:
    url = "/v1/pipelines/guarded"
    assert service.put(url, json=GREY, headers={"If-Match": "*"}).status_code == 412
    old = service.put(url, json=GREY, headers={"If-None-Match": "*"}).headers["etag"]
    assert service.put(url, json=BLUR, headers={"If-None-Match": "*"}).status_code == 412
    new = service.put(url, json=BLUR, headers={"If-Match": old}).headers["etag"]
    refused = service.put(url, json=GREY, headers={"If-Match": old})
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert service.get(url).json()["description"] == "soft"
    assert service.get(url, headers={"If-None-Match": new}).status_code == 304
    assert service.delete(url, headers={"If-Match": old}).status_code == 412
    assert service.delete(url, headers={"If-Match": new}).status_code == 204
    assert service.put(url, json=GREY).headers["etag"] != old


def test_pages_are_by_name(service: Processing) -> None:
    names = ["Zebra", "alpha", "beta", "Äpfel", "10 steps"]
    for name in names:
        assert service.put(f"/v1/pipelines/{name}", json=GREY).status_code == 201
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = service.get("/v1/pipelines", params=query).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(names)


@pytest.mark.parametrize("name", ["a.b", " x", "x ", "-x", "_x", "a%09b", "x" * 101, "a%00b", "ünï💡"])
def test_names_that_topics_and_people_cannot_use_are_refused(service: Processing, name: str) -> None:
    answer = service.put(f"/v1/pipelines/{name}", json=GREY)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_name")
    assert service.get(f"/v1/pipelines/{name}").status_code == 404


def test_a_name_is_the_same_however_its_letters_are_put_together(service: Processing) -> None:
    assert service.put("/v1/pipelines/u\u0308ber", json=GREY).json()["name"] == "\u00fcber"
    assert service.get("/v1/pipelines/\u00fcber").status_code == 200
    assert service.get("/v1/pipelines/u\u0308ber").status_code == 200


def test_only_what_could_run_is_saved(service: Processing) -> None:
    for pipeline, code in (
        ([], "validation_failed"),
        ([{"operation": "no_such"}], "unknown_operation"),
        ([{"operation": "flip", "parameters": {"direction": "up"}}], "invalid_pipeline"),
        ([{"operation": "flip"}] * 11, "invalid_pipeline"),
    ):
        answer = service.put("/v1/pipelines/wrong", json={"pipeline": pipeline})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert service.get("/v1/pipelines/wrong").status_code == 404


def test_a_saved_pipeline_runs_by_its_name(service: Processing) -> None:
    picture = photo("chelsea")
    service.put("/v1/pipelines/plain grey", json=GREY)
    answer = service.process(png(picture), pipeline_name="plain grey")
    assert np.array_equal(whole(answer.content), grey_of(picture))


def test_changes_are_told(service: Processing) -> None:
    service.put("/v1/pipelines/told", json=GREY)
    service.put("/v1/pipelines/told", json=BLUR)
    service.delete("/v1/pipelines/told")
    events = service.events()[-3:]
    assert [event["type"] for event in events] == [
        "processing.pipeline.created",
        "processing.pipeline.updated",
        "processing.pipeline.deleted",
    ]
    assert {event["subject"] for event in events} == {"pipelines/told"}
    assert (events[1]["data"]["description"], events[1]["data"]["by"]) == ("soft", "ada")


def test_pipelines_outlive_the_service(tmp_path: Path) -> None:
    with start_at_once(tmp_path) as first:
        made = first.put("/v1/pipelines/kept", json=BLUR).json()
    with start_at_once(tmp_path) as second:
        assert second.get("/v1/pipelines/kept").json() == made
