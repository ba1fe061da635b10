"""Ten photographs through the gateway: put in, found, seen small and large, packed."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.journeys.photos import Photo, photo, ten_photos
from tests.stack import Stack

Listing = list[dict[str, Any]]


@pytest.fixture(scope="module")
def stored(stack: Stack) -> dict[str, dict[str, Any]]:
    """Ten photographs in the store, half by a form and half by PUT: what was answered for each."""
    photos = ten_photos()
    answers: dict[str, dict[str, Any]] = {}
    with stack.images() as client:
        form = [("files", (f"walk-{one.name}", one.data, "image/whatever")) for one in photos[:5]]
        answer = client.post("/v1/images", files=form)
        assert answer.status_code == 201, answer.text
        for one, result in zip(photos, answer.json()["items"], strict=False):
            assert result["status"] == "created"
            answers[one.name] = result["image"]
        for one in photos[5:]:
            answer = client.put(f"/v1/images/walk-{one.name}", content=one.data)
            assert answer.status_code == 201, answer.text
            answers[one.name] = answer.json()
    assert list(answers) == [one.name for one in photos]
    return answers


def test_the_answer_tells_what_was_stored_and_where_it_is(
    stack: Stack, stored: dict[str, dict[str, Any]]
) -> None:
    with stack.images() as client:
        for one in ten_photos():
            told = stored[one.name]
            assert told["name"] == f"walk-{one.name}"
            assert (told["size"], told["digest"]) == (len(one.data), one.digest)
            assert (told["width"], told["height"], told["media_type"]) == (
                one.width,
                one.height,
                one.media_type,
            )
            assert told["url"].startswith(f"{stack.gateway_url}/api/imagestore/v1/images/walk-")
            answer = client.get(told["content_url"])
            assert answer.content == one.data
            assert answer.headers["content-type"] == one.media_type
            assert "immutable" in answer.headers["cache-control"]
            known = client.get(told["url"]).json()
            others = {"tags", "updated_at"}  # which another test may have changed
            assert {key: known[key] for key in told.keys() - others} == {
                key: told[key] for key in told.keys() - others
            }


def test_lists_go_page_by_page_in_the_order_asked_for(
    stack: Stack, stored: dict[str, dict[str, Any]]
) -> None:
    by_size = sorted(stored.values(), key=lambda told: -told["size"])
    seen: Listing = []
    cursor = None
    with stack.images() as client:
        for _ in range(4):
            query: dict[str, Any] = {"prefix": "walk-", "sort": "-size", "limit": 3}
            page = client.get("/v1/images", params=query | ({"cursor": cursor} if cursor else {})).json()
            seen += page["items"]
            cursor = page["next_cursor"]
    assert cursor is None
    assert [told["name"] for told in seen] == [told["name"] for told in by_size]


def test_labels_and_words_find_images(stack: Stack, stored: dict[str, dict[str, Any]]) -> None:
    with stack.images() as client:
        for name in ("walk-moon.png", "walk-hubble_deep_field.jpg"):
            changed = client.patch(f"/v1/images/{name}", json={"add_tags": ["outer space"]})
            assert changed.json()["tags"] == ["outer space"]

        def names(**query: str) -> list[str]:
            found = client.get("/v1/images", params={"prefix": "walk-", "sort": "name", **query})
            return [told["name"] for told in found.json()["items"]]

        assert names(tag="outer space") == ["walk-hubble_deep_field.jpg", "walk-moon.png"]
        assert names(q="OUTER") == ["walk-hubble_deep_field.jpg", "walk-moon.png"]
        assert names(q="motor") == ["walk-motorcycle_left.png"]
        assert names(tag="nothing") == []


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_renditions_are_smaller_pictures_of_the_same(
    stack: Stack, stored: dict[str, dict[str, Any]], kind: str
) -> None:
    with stack.images() as client:
        query = {"width": "160", "height": "160", "format": kind}
        answer = client.get("/v1/images/walk-coffee.png/rendition", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"image/{kind}"
    with Image.open(io.BytesIO(answer.content)) as small, Image.open(photo("coffee.png").path) as large:
        assert small.format == kind.upper()
        assert small.size == (160, 107)
        reference = large.convert("RGB").resize(small.size, Image.Resampling.BOX)
        assert mean_difference(small.convert("RGB"), reference) < 12


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Of two pictures' bytes: 0 for equal ones, about 60 for two that have nothing to do with each other."""
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (one.width * one.height * 3)


def test_parts_and_conditions_save_bytes(stack: Stack, stored: dict[str, dict[str, Any]]) -> None:
    one = photo("retina.jpg")
    with stack.images() as client:
        url = "/v1/images/walk-retina.jpg/content"
        part = client.get(url, headers={"Range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, one.data[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(one.data)}"
        again = client.get(url, headers={"If-None-Match": part.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head(url)
        assert (head.headers["content-length"], head.content) == (str(len(one.data)), b"")


def test_a_zip_holds_every_photograph_as_it_was(stack: Stack, stored: dict[str, dict[str, Any]]) -> None:
    photos = ten_photos()
    names = [f"walk-{one.name}" for one in photos]
    with stack.images() as client:
        answer = client.post("/v1/archives", json={"names": [*names, "walk-none.jpg"], "filename": "w.zip"})
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="w.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*names, "ERRORS.txt"]
        assert [archive.read(name) for name in names] == [one.data for one in photos]
        assert "walk-none.jpg" in archive.read("ERRORS.txt").decode()


def test_a_name_keeps_its_earlier_contents_and_comes_back_from_the_trash(stack: Stack) -> None:
    first, second = photo("camera.png"), photo("moon.png")
    with stack.images() as client:
        assert client.put("/v1/images/twice.png", content=first.data).status_code == 201
        assert client.put("/v1/images/twice.png", content=second.data).json()["version"] == 2
        refused = client.put("/v1/images/twice.png", content=first.data, headers={"If-None-Match": "*"})
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        versions = client.get("/v1/images/twice.png/versions").json()["items"]
        contents = [client.get(version["content_url"]).content for version in versions]
        assert contents == [second.data, first.data]
        assert client.delete("/v1/images/twice.png").status_code == 204
        assert client.get("/v1/images/twice.png/content").status_code == 404
        trashed = next(
            told for told in client.get("/v1/trash").json()["items"] if told["name"] == "twice.png"
        )
        client.post(f"/v1/trash/{trashed['id']}/restore").raise_for_status()
        assert client.get("/v1/images/twice.png/content").content == second.data


def test_without_a_key_nothing_is_told(stack: Stack, stored: dict[str, dict[str, Any]]) -> None:
    for told in list(stored.values())[:2]:
        for url in (told["url"], told["content_url"], told["rendition_url"]):
            answer = httpx2.get(url, trust_env=False)
            assert (answer.status_code, answer.json()["code"]) == (401, "key_required")
    direct = httpx2.get(f"{stack.imagestore_url}/v1/images", trust_env=False)
    assert (direct.status_code, direct.json()["code"]) == (401, "service_token_required")


def test_every_blob_stands_under_its_digest(stack: Stack, stored: dict[str, dict[str, Any]]) -> None:
    blobs = stack.data_dir / "imagestore" / "blobs" / "blobs"
    for one in ten_photos():
        digest = one.digest.removeprefix("sha256:")
        assert (blobs / digest[:2] / digest).read_bytes() == one.data


def test_the_key_lies_in_a_file_for_its_owner_alone(stack: Stack) -> None:
    for path, said in (
        (stack.data_dir / "admin.key", stack.key),
        (stack.data_dir / "service.token", stack.service_token),
    ):
        assert path.read_text().strip() == said
        assert path.stat().st_mode & 0o777 == 0o600
    assert not any(
        secret in log for log in logs(stack.data_dir) for secret in (stack.key, stack.service_token)
    )


def logs(data: Path) -> list[str]:
    """What the services have logged so far."""
    return [path.read_text() for path in (data / "logs").glob("*.log")]


def test_a_batch_tells_of_each_file_by_itself(stack: Stack) -> None:
    good: Photo = photo("rocket.jpg")
    form = [
        ("files", ("batch good.jpg", good.data)),
        ("files", ("batch-bad.jpg", b"these are only words")),
        ("files", ("batch-cut.png", b"\x89PNG\r\n\x1a\n")),
    ]
    with stack.images() as client:
        answer = client.post("/v1/images", files=form)
        assert answer.status_code == 207
        results = answer.json()["items"]
        assert [one["status"] for one in results] == ["created", "failed", "failed"]
        assert results[0]["image"]["name"] == "batch_good.jpg"
        assert results[1]["problem"]["code"] == "unsupported_format"
        assert results[2]["problem"]["status"] == 422
        found = client.get("/v1/images", params={"prefix": "batch"}).json()["items"]
        assert [one["name"] for one in found] == ["batch_good.jpg"]
