"""Share links: opened by people and programs without a key, and by nobody once they have ended."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.journeys.photos import photo
from tests.stack import Stack

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def names(stack: Stack) -> list[str]:
    """Three images to share, and one that stays private."""
    with stack.images() as client:
        for name in ("rocket.jpg", "chelsea.png", "coffee.png", "camera.png"):
            client.put(f"/v1/images/shared-{name}", content=photo(name).data).raise_for_status()
    return ["shared-rocket.jpg", "shared-chelsea.png", "shared-coffee.png"]


def share(stack: Stack, names: list[str], **wanted: Any) -> dict[str, Any]:
    """Make a link: what was answered."""
    with stack.images() as client:
        answer = client.post("/v1/links", json={"names": names, **wanted})
    assert answer.status_code == 201, answer.text
    link: dict[str, Any] = answer.json()
    assert link["url"].startswith(f"{stack.gateway_url}/s/")
    assert (link["names"], link["state"]) == (names, "open")
    return link


def open_link(url: str, **options: Any) -> httpx2.Response:
    """GET as a stranger."""
    return httpx2.get(url, trust_env=False, **options)


def test_a_program_gets_the_bytes_of_one_image_and_the_list_of_many(stack: Stack, names: list[str]) -> None:
    one = share(stack, names[:1])
    answer = open_link(one["url"])
    assert answer.content == photo("rocket.jpg").data
    assert answer.headers["content-type"] == "image/jpeg"
    many = share(stack, names, title="Three")
    told = open_link(many["url"]).json()
    assert told["title"] == "Three"
    assert [item["name"] for item in told["items"]] == names
    contents = [open_link(item["content_url"]).content for item in told["items"]]
    assert contents == [photo(name.removeprefix("shared-")).data for name in names]
    small = open_link(f"{told['items'][1]['rendition_url']}?width=90&format=png")
    with Image.open(io.BytesIO(small.content)) as picture:
        assert picture.size == (90, 60)
    with zipfile.ZipFile(io.BytesIO(open_link(f"{many['url']}/images.zip").content)) as archive:
        assert archive.namelist() == names
        assert archive.read(names[2]) == photo("coffee.png").data


def test_a_person_gets_a_page_that_runs_no_script(stack: Stack, names: list[str]) -> None:
    link = share(stack, names, title="For <you> & me")
    page = open_link(link["url"], headers=PAGE)
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "For &lt;you&gt; &amp; me" in page.text
    assert "<script" not in page.text
    assert all(name in page.text for name in names)
    assert "shared-camera.png" not in page.text


def test_nothing_else_is_reached_through_a_link(stack: Stack, names: list[str]) -> None:
    url = share(stack, names[:1])["url"]
    digest = photo("camera.png").digest
    for beyond in ("2", "0", "2/rendition", "shared-camera.png", "../v1/images", "%2e%2e/v1/images"):
        assert open_link(f"{url}/{beyond}").status_code in {400, 401, 404, 422}, beyond
    same = open_link(f"{url}/1?digest={digest}")
    assert same.content in {photo("rocket.jpg").data, b""}  # the parameter means nothing here
    assert httpx2.put(f"{url}/1", content=b"x", trust_env=False).status_code == 405
    assert httpx2.delete(url, trust_env=False).status_code == 405


def test_a_password_is_asked_for_and_keeps_guessers_out(stack: Stack, names: list[str]) -> None:
    link = share(stack, names, password="open sesame")
    assert link["has_password"] is True
    url = link["url"]
    for place in (url, f"{url}/1", f"{url}/1/rendition?width=40", f"{url}/images.zip"):
        refused = open_link(place)
        assert (refused.status_code, refused.json()["code"]) == (401, "password_required"), place
    asked = open_link(url, headers=PAGE)
    assert asked.status_code == 401
    assert 'type="password"' in asked.text
    assert not any(name in asked.text for name in names)
    assert open_link(url, auth=("", "open sesame")).json()["items"][0]["name"] == names[0]
    with httpx2.Client(trust_env=False, headers=PAGE, follow_redirects=True) as browser:
        assert browser.post(url, data={"password": "wrong one"}).status_code == 401
        inside = browser.post(url, data={"password": "open sesame"})
        assert inside.status_code == 200
        assert names[1] in inside.text
        assert browser.get(f"{url}/2").content == photo("chelsea.png").data  # the cookie remembers
    for _ in range(5):
        assert open_link(url, auth=("", "guess")).status_code == 401
    shut = open_link(url, auth=("", "open sesame"))
    assert (shut.status_code, shut.json()["code"]) == (429, "too_many_attempts")


def test_a_revoked_link_is_gone_for_every_image_of_it(stack: Stack, names: list[str]) -> None:
    link = share(stack, names)
    url = link["url"]
    assert open_link(f"{url}/1").status_code == 200
    with stack.images() as client:
        assert client.delete(f"/v1/links/{link['id']}").status_code == 204
        listed = client.get("/v1/links").json()["items"]
        assert next(one["state"] for one in listed if one["id"] == link["id"]) == "revoked"
    for place in (url, f"{url}/1", f"{url}/1/rendition?width=40", f"{url}/images.zip"):
        gone = open_link(place)
        assert (gone.status_code, gone.json()["code"]) == (404, "link_not_found"), place
    page = open_link(url, headers=PAGE)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


def test_a_link_ends_after_seven_days_unless_told_otherwise(stack: Stack, names: list[str]) -> None:
    link = share(stack, names)
    made, ends = (datetime.fromisoformat(link[one]) for one in ("created_at", "expires_at"))
    assert ends - made == timedelta(days=7)
    with stack.images() as client:
        past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        refused = client.post("/v1/links", json={"names": names, "expires_at": past})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_expiry")


def test_an_image_that_is_deleted_leaves_its_links(stack: Stack) -> None:
    with stack.images() as client:
        client.put("/v1/images/leaving.png", content=photo("moon.png").data).raise_for_status()
        link = share(stack, ["leaving.png"])
        assert open_link(link["url"]).content == photo("moon.png").data
        client.delete("/v1/images/leaving.png").raise_for_status()
    assert photo("moon.png").data not in open_link(link["url"]).content
    assert open_link(f"{link['url']}/1").status_code == 404
