"""Share links: what a stranger with the link sees, and what nobody sees."""

import io
import zipfile
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from services.imagestore.share_page import POLICY
from tests.services.imagestore.store import GATEWAY, TOKEN, MakeStore, Store, picture, problem
from tests.shared.imaging_samples import opened

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def filled(store: Store) -> Store:
    """Three images; none is shared yet."""
    store.upload(("a.png", picture(1)), ("b & <b>.png", picture(2)), ("secret.png", picture(3)))
    return store


def share(store: Store, *names: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """The path and the answer of a new link."""
    answer = store.post("/v1/links", json={"names": list(names), **more})
    assert answer.status_code == 201, answer.text
    link = answer.json()
    assert link["url"].startswith("https://photos.example/s/")
    return link["url"].removeprefix("https://photos.example"), link


def basic(password: str) -> dict[str, str]:
    """HTTP Basic authentication, with a user's name that does not matter."""
    return {"Authorization": "Basic " + b64encode(f"anyone:{password}".encode()).decode()}


def expire(store: Store, link_id: int) -> None:
    """Let the link's time be over."""
    engine = create_engine(f"sqlite:///{store.folder / 'imagestore/imagestore.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE links SET expires_at = 1 WHERE id = :id"), {"id": link_id})
    engine.dispose()


def test_a_link_of_one_image_is_its_bytes_for_a_program(filled: Store) -> None:
    path, link = share(filled, "a.png", title="For you")
    assert (link["state"], link["names"], link["title"], link["has_password"]) == (
        "open",
        ["a.png"],
        "For you",
        False,
    )
    ends = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert ends == timedelta(days=7)
    assert filled.get(path).content == picture(1)
    assert filled.get(path).headers["content-type"] == "image/png"
    small = filled.get(f"{path}/1/rendition?width=6&format=png")
    assert opened(small.content).size == (6, 4)
    saved = filled.get(f"{path}/1?download=1")
    assert saved.content == picture(1)
    assert saved.headers["content-disposition"].startswith("attachment;")


def test_a_link_of_many_is_a_list_a_page_and_a_zip(filled: Store) -> None:
    path, _ = share(filled, "b_&_<b>.png", "a.png", title="<Summer>")
    listed = filled.get(path).json()
    assert listed["title"] == "<Summer>"
    assert [item["name"] for item in listed["items"]] == ["b_&_<b>.png", "a.png"]
    for item, seed in zip(listed["items"], (2, 1), strict=True):
        url = item["content_url"].removeprefix("https://photos.example")
        assert filled.get(url).content == picture(seed)
        assert filled.get(f"{url}/rendition?width=5").status_code == 200
    page = filled.get(path, headers=PAGE)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert "&lt;Summer&gt;" in page.text
    assert "<Summer>" not in page.text
    assert "b_&amp;_&lt;b&gt;.png" in page.text
    assert "<b>.png" not in page.text
    assert f"{path}/1/rendition" in page.text
    archive = filled.get(f"{path}/images.zip")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as found:
        assert {name: found.read(name) for name in found.namelist()} == {
            "b_&_<b>.png": picture(2), "a.png": picture(1),
        }  # fmt: skip


def test_nothing_else_can_be_reached_through_it(filled: Store) -> None:
    path, _ = share(filled, "a.png")
    for more in ("/2", "/99999999999999999999", "/2/rendition"):
        assert problem(filled.get(path + more)) == (404, "link_not_found")
    assert filled.get(f"{path}/0").status_code == 422
    assert filled.get(f"{path}/secret.png").status_code == 422
    other = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert problem(filled.get(other)) == (404, "link_not_found")
    stranger = TestClient(filled.app, headers={})
    assert stranger.get(path).status_code == 401  # the service itself speaks to the gateway alone


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_link_that_has_ended_is_like_one_that_never_was(filled: Store, end: str) -> None:
    path, link = share(filled, "a.png", password="open sesame")
    if end == "revoked":
        assert filled.delete(f"/v1/links/{link['id']}").status_code == 204
        assert filled.delete(f"/v1/links/{link['id']}").status_code == 204
    else:
        expire(filled, link["id"])
    never = filled.get("/s/AAAAAAAAAAAAAAAAAAAAAAAA", headers=PAGE)
    for more in ("", "/1", "/1/rendition", "/images.zip"):
        assert problem(filled.get(path + more, headers=basic("open sesame"))) == (404, "link_not_found")
    page = filled.get(path, headers=PAGE)
    assert (page.status_code, page.text) == (404, never.text)
    assert filled.get("/v1/links").json()["items"][0]["state"] == end


def test_a_password_is_asked_for_everywhere(filled: Store) -> None:
    path, link = share(filled, "a.png", password="grüße")
    assert link["has_password"] is True
    for more in ("", "/1", "/1/rendition", "/images.zip"):
        assert problem(filled.get(path + more)) == (401, "password_required")
        assert filled.get(path + more, headers=basic("grüße")).status_code == 200
    for wrong in ("grüsse", "", "Grüße"):
        assert problem(filled.get(path, headers=basic(wrong))) == (401, "wrong_password")
    for broken in (
        "Basic !!!",
        "Basic " + b64encode(b"\xff:\xff").decode(),
        "Bearer grüße".encode("latin-1").decode("latin-1"),
    ):
        headers = {"Authorization": broken.encode("latin-1")}
        assert problem(filled.get(path, headers=headers)) == (401, "password_required")  # type: ignore[arg-type]


def test_a_person_gives_the_password_once_in_the_page(filled: Store) -> None:
    path, _ = share(filled, "a.png", "b_&_<b>.png", password="open sesame")
    asked = filled.get(path, headers=PAGE)
    assert (asked.status_code, 'type="password"' in asked.text) == (401, True)
    wrong = filled.post(path, data={"password": "sesame"})
    assert (wrong.status_code, "not right" in wrong.text) == (401, True)
    assert "set-cookie" not in wrong.headers
    right = filled.post(path, data={"password": "open sesame"}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, path)
    cookie = right.headers["set-cookie"]
    assert cookie.startswith("darkroom_link=")
    for flag in ("HttpOnly", "Secure", "SameSite=lax", f"Path={path}"):
        assert flag in cookie
    word = cookie.split(";")[0].partition("=")[2]
    assert "open sesame" not in word
    held = {"Cookie": f"darkroom_link={word}"}
    assert filled.get(path, headers={**held, **PAGE}).status_code == 200
    assert filled.get(f"{path}/2", headers=held).content == picture(2)
    second, _ = share(filled, "secret.png", password="open sesame")
    assert problem(filled.get(second, headers=held)) == (401, "password_required")
    for forged in ("", "x", word[:-1] + ("0" if word[-1] != "0" else "1"), "é"):
        headers = {"Cookie": f"darkroom_link={forged}".encode()}
        assert problem(filled.get(path, headers=headers)) == (401, "password_required")  # type: ignore[arg-type]


def test_guessing_is_slowed_down_for_that_link_alone(make_store: MakeStore) -> None:
    store = make_store(link_attempts_per_minute=3)
    store.upload(("a.png", picture()))
    path, _ = share(store, "a.png", password="open sesame")
    other, _ = share(store, "a.png", password="open sesame")
    codes = [problem(store.get(path, headers=basic(f"guess{n}"))) for n in range(4)]
    assert codes == [(401, "wrong_password")] * 3 + [(429, "too_many_attempts")]
    late: Response = store.get(path, headers=basic("open sesame"))
    assert problem(late) == (429, "too_many_attempts")
    assert late.headers["retry-after"] == "60"
    assert store.get(other, headers=basic("open sesame")).status_code == 200


def test_a_right_password_clears_the_count(make_store: MakeStore) -> None:
    store = make_store(link_attempts_per_minute=2)
    store.upload(("a.png", picture()))
    path, _ = share(store, "a.png", password="open sesame")
    for _ in range(3):
        assert store.get(path, headers=basic("wrong")).status_code == 401
        assert store.get(path, headers=basic("open sesame")).status_code == 200


def test_a_deleted_image_is_gone_from_its_links_until_it_is_restored(filled: Store) -> None:
    path, link = share(filled, "a.png", "secret.png")
    filled.delete("/v1/images/a.png")
    assert problem(filled.get(f"{path}/1")) == (404, "link_not_found")
    assert problem(filled.get(f"{path}/1/rendition")) == (404, "link_not_found")
    assert filled.get(path).content == picture(3)
    assert filled.get(f"{path}/2").content == picture(3)
    trashed = filled.get("/v1/trash").json()["items"][0]
    filled.post(f"/v1/trash/{trashed['id']}/restore", json={"name": "back.png"})
    assert filled.get(f"{path}/1").content == picture(1)
    assert filled.get("/v1/links").json()["items"][0]["names"] == ["back.png", "secret.png"]
    filled.delete("/v1/images/back.png")
    filled.delete("/v1/images/secret.png")
    assert filled.get(path).json()["items"] == []
    assert filled.get(path, headers=PAGE).status_code == 200
    assert link["names"] == ["a.png", "secret.png"]


def test_a_link_shows_what_the_name_stands_for_now(filled: Store) -> None:
    path, _ = share(filled, "a.png")
    filled.put_image("a.png", picture(7))
    filled.patch("/v1/images/a.png", json={"name": "z.png"})
    assert filled.get(path).content == picture(7)


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ({"names": []}, (422, "validation_failed")),
        ({"names": ["a.png"], "password": "abc"}, (422, "validation_failed")),
        ({"names": ["a.png", "none.png"]}, (404, "image_not_found")),
        ({"names": ["a.png"], "expires_at": "2020-01-01T00:00:00Z"}, (422, "invalid_expiry")),
        ({"names": ["a.png"], "expires_at": "9999-12-31T23:59:59Z"}, (422, "invalid_expiry")),
        ({"names": ["a.png"], "expires_at": "0001-01-01T00:00:00+23:59"}, (422, "invalid_expiry")),
        ({"names": ["a.png"], "expires_at": "2030-01-01T00:00:00"}, (422, "validation_failed")),
    ],
)
def test_links_that_are_refused(filled: Store, wanted: dict[str, Any], answer: tuple[int, str]) -> None:
    assert problem(filled.post("/v1/links", json=wanted)) == answer
    assert filled.get("/v1/links").json()["items"] == []


def test_links_are_listed_newest_first_by_pages_and_told_of(filled: Store) -> None:
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = [share(filled, "a.png", title=str(n), expires_at=ends)[1] for n in range(5)]
    first = filled.get("/v1/links?limit=3").json()
    second = filled.get("/v1/links", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [link["title"] for link in first["items"] + second["items"]] == ["4", "3", "2", "1", "0"]
    assert second["next_cursor"] is None
    assert first["items"][0] == made[4]
    filled.delete(f"/v1/links/{made[0]['id']}")
    events = [(e["type"], e["subject"], e["data"]["by"]) for e in filled.events()[-2:]]
    assert events == [
        ("imagestore.link.created", "links/5", "ada"),
        ("imagestore.link.revoked", "links/1", "ada"),
    ]
    assert problem(filled.delete("/v1/links/77")) == (404, "link_not_found")
    assert problem(filled.delete("/v1/links/99999999999999999999")) == (422, "validation_failed")


def test_without_a_gateway_links_name_the_host_that_was_asked(filled: Store) -> None:
    direct = TestClient(
        filled.app, headers={"X-Darkroom-Service-Token": TOKEN}, base_url="http://box.lan:8002"
    )
    link = direct.post("/v1/links", json={"names": ["a.png"]}).json()
    assert link["url"].startswith("http://box.lan:8002/s/")
    assert direct.get("/v1/images/a.png").json()["url"] == "http://box.lan:8002/v1/images/a.png"
    assert GATEWAY["X-Forwarded-Host"] == "photos.example"
