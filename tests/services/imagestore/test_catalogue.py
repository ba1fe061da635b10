"""The catalogue: search, sorting, pages, tags, renaming, and what is refused."""

from typing import Any

import pytest

from shared.contracts.imagestore import Sort
from shared.web.cursors import encode_cursor
from tests.services.imagestore.store import MakeStore, Store, picture, problem
from tests.shared.imaging_samples import exif, photo, saved

SORTS = list(Sort.__args__)  # type: ignore[attr-defined]


def with_exif(year: int) -> bytes:
    """A picture taken in that year."""
    return saved(photo().resize((30, 20)), "JPEG", exif=exif(taken=f"{year}:01:01 00:00:00"))


@pytest.fixture
def filled(store: Store) -> Store:
    """Images in the order b, C, a, été, 100%_x; sizes and dates in other orders."""
    sizes = {"b.png": 40, "C.png": 10, "a.png": 30, "été.png": 20, "100%_x.png": 50}
    for number, (name, side) in enumerate(sizes.items()):
        content = saved(photo().resize((side, side)), "PNG")
        assert store.upload((name, content)).status_code == 201, number
    return store


def page_through(store: Store, limit: int, **query: Any) -> list[str]:
    """All names, page by page."""
    names: list[str] = []
    cursor = None
    while True:
        params = {**query, "limit": limit, **({"cursor": cursor} if cursor else {})}
        page = store.get("/v1/images", params=params).json()
        assert len(page["items"]) <= limit
        names += [image["name"] for image in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return names


def test_sorting(filled: Store) -> None:
    by_name = ["100%_x.png", "C.png", "a.png", "b.png", "été.png"]
    came = ["b.png", "C.png", "a.png", "été.png", "100%_x.png"]
    by_size = ["C.png", "été.png", "a.png", "b.png", "100%_x.png"]
    for sort, names in (("name", by_name), ("created_at", came), ("size", by_size), ("taken_at", came)):
        assert filled.names(sort=sort) == names
        assert filled.names(sort=f"-{sort}") == names[::-1]
    assert filled.names() == came[::-1]
    filled.patch("/v1/images/b.png", json={"add_tags": ["x"]})
    assert filled.names(sort="-updated_at")[0] == "b.png"
    assert filled.names(sort="updated_at")[-1] == "b.png"


def test_taken_at_is_the_camera_s_and_else_the_upload_s(store: Store) -> None:
    for name, year in (("new.jpg", 2020), ("old.jpg", 1999)):
        store.put_image(name, with_exif(year))
    store.put_image("none.png", picture())
    assert store.names(sort="taken_at") == ["old.jpg", "new.jpg", "none.png"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_every_sort_pages_through_all_once(filled: Store, limit: int) -> None:
    for sort in SORTS:
        assert page_through(filled, limit, sort=sort) == filled.names(sort=sort), sort


def test_images_of_one_size_have_a_firm_order(store: Store) -> None:
    same = picture()
    store.upload(*((f"{number}.png", same) for number in range(7)))
    for sort in ("size", "-size"):
        assert page_through(store, 2, sort=sort) == store.names(sort=sort)
        assert len(set(store.names(sort=sort))) == 7


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-created_at", "size", "-updated_at"])
def test_pages_stay_right_while_images_come_and_go(store: Store, sort: str) -> None:
    """Whatever is there from the first page to the last is seen exactly once."""
    store.upload(*((f"m{number}.png", picture(number)) for number in range(10)))
    whole = store.names(sort=sort)
    first = store.get("/v1/images", params={"sort": sort, "limit": 4}).json()
    seen = [image["name"] for image in first["items"]]
    store.delete(f"/v1/images/{seen[0]}")
    store.delete(f"/v1/images/{seen[3]}")  # the very image that the cursor stands at
    store.delete(f"/v1/images/{whole[5]}")
    store.upload(("a-before.png", picture(20)), ("z-behind.png", picture(21)))
    cursor = first["next_cursor"]
    while cursor is not None:
        page = store.get("/v1/images", params={"sort": sort, "limit": 2, "cursor": cursor}).json()
        seen += [image["name"] for image in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert [name for name in seen if name in whole] == [name for name in whole if name != whole[5]]


def test_prefix_and_text(filled: Store) -> None:
    assert filled.names(prefix="100%") == ["100%_x.png"]
    assert filled.names(prefix="1") == ["100%_x.png"]
    assert filled.names(prefix="c") == []
    assert filled.names(q="c.p") == ["C.png"]
    assert filled.names(q="%") == ["100%_x.png"]
    assert filled.names(q="_") == ["100%_x.png"]
    assert filled.names(q="ÉTÉ") == ["été.png"]
    assert filled.names(q="nothing") == []
    filled.patch("/v1/images/a.png", json={"tags": ["Holiday"]})
    assert filled.names(q="holi") == ["a.png"]
    assert filled.names(q="holi", prefix="b") == []


def test_tags_set_added_removed_counted_and_searched(filled: Store) -> None:
    answer = filled.patch("/v1/images/a.png", json={"tags": ["sea", "2024", "sea"]})
    assert answer.json()["tags"] == ["2024", "sea"]
    assert answer.headers["etag"] == filled.get("/v1/images/a.png").headers["etag"]
    added = filled.patch("/v1/images/a.png", json={"add_tags": ["sun"], "remove_tags": ["2024", "absent"]})
    assert added.json()["tags"] == ["sea", "sun"]
    filled.patch("/v1/images/b.png", json={"tags": ["sea"]})
    assert filled.names(tag="sea") == ["a.png", "b.png"]
    assert filled.names(tag=["sea", "sun"]) == ["a.png"]
    assert filled.names(tag="se") == []
    assert filled.get("/v1/tags").json()["items"] == [
        {"tag": "sea", "images": 2},
        {"tag": "sun", "images": 1},
    ]
    filled.delete("/v1/images/a.png")
    assert filled.get("/v1/tags").json()["items"] == [{"tag": "sea", "images": 1}]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"tags": [""]}, 422, "validation_failed"),
        ({"tags": ["x" * 101]}, 422, "validation_failed"),
        ({"labels": ["x"]}, 422, "validation_failed"),
        ({"tags": [f"t{n}" for n in range(201)]}, 422, "validation_failed"),
        (
            {"tags": [f"t{n}" for n in range(150)], "add_tags": [f"u{n}" for n in range(51)]},
            422,
            "too_many_tags",
        ),
        ({"name": "a/b"}, 422, "invalid_name"),
        ({"name": "C.png"}, 409, "name_taken"),
    ],
)
def test_changes_that_are_refused_change_nothing(
    filled: Store, change: dict[str, Any], status: int, code: str
) -> None:
    before, events = filled.get("/v1/images/a.png").json(), filled.events()
    assert problem(filled.patch("/v1/images/a.png", json={"add_tags": ["kept-out"], **change})) == (
        status,
        code,
    )
    assert filled.get("/v1/images/a.png").json() == before
    assert filled.events() == events


def test_rename_keeps_all_but_the_name(filled: Store) -> None:
    filled.patch("/v1/images/a.png", json={"tags": ["x"]})
    filled.put_image("a.png", picture(9))
    before = filled.get("/v1/images/a.png").json()
    answer = filled.patch("/v1/images/a.png", json={"name": "new name.png"})
    assert answer.status_code == 200
    after = answer.json()
    assert after["name"] == "new_name.png"
    assert {**after, "name": 0, "updated_at": 0, "url": 0, "content_url": 0, "rendition_url": 0} == {
        **before, "name": 0, "updated_at": 0, "url": 0, "content_url": 0, "rendition_url": 0,
    }  # fmt: skip
    assert problem(filled.get("/v1/images/a.png")) == (404, "image_not_found")
    assert problem(filled.get("/v1/images/a.png/content")) == (404, "image_not_found")
    assert filled.get("/v1/images/new_name.png/content").content == picture(9)
    assert len(filled.get("/v1/images/new_name.png/versions").json()["items"]) == 2
    assert filled.names(q="new") == ["new_name.png"]
    event = filled.events()[-1]
    assert (event["type"], event["subject"]) == ("imagestore.image.updated", "images/new_name.png")
    assert event["data"]["earlier_name"] == "a.png"


def test_conditions_of_metadata(filled: Store) -> None:
    etag = filled.get("/v1/images/a.png").headers["etag"]
    fresh = filled.get("/v1/images/a.png", headers={"If-None-Match": f'"other", {etag}'})
    assert (fresh.status_code, fresh.content, fresh.headers["etag"]) == (304, b"", etag)
    assert (
        filled.patch("/v1/images/a.png", json={"tags": ["x"]}, headers={"If-Match": etag}).status_code == 200
    )
    late = filled.patch("/v1/images/a.png", json={"tags": ["y"]}, headers={"If-Match": etag})
    assert problem(late) == (412, "precondition_failed")
    assert filled.get("/v1/images/a.png").json()["tags"] == ["x"]
    assert filled.get("/v1/images/a.png", headers={"If-None-Match": etag}).status_code == 200


def test_a_change_that_changes_nothing_is_no_event(filled: Store) -> None:
    before, events = filled.get("/v1/images/a.png"), len(filled.events())
    changes: list[dict[str, object]] = [{}, {"tags": []}, {"name": "a.png"}, {"remove_tags": ["x"]}]
    for change in changes:
        assert filled.patch("/v1/images/a.png", json=change).json() == before.json()
    assert len(filled.events()) == events


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "%00", "é", encode_cursor("a"), encode_cursor("a", 1), encode_cursor(1, 2, 3),
        encode_cursor(None, 1),
               encode_cursor(10**30, 1), encode_cursor(1, 10**30), encode_cursor(2**63 - 1, 1), "W1tb" * 4000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("sort", ["created_at", "-size"])
def test_a_cursor_that_is_not_ours(store: Store, cursor: str, sort: str) -> None:
    answer = store.get("/v1/images", params={"cursor": cursor, "sort": sort})
    if sort == "-size" and cursor == encode_cursor(2**63 - 1, 1):
        assert answer.json() == {"items": [], "next_cursor": None}
    else:
        assert problem(answer) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "where"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("sort=colour", "sort"),
     ("&".join(["tag=a"] * 2000), "tag"), ("q=" + "x" * 256, "q")],
)  # fmt: skip
def test_queries_that_are_refused(store: Store, query: str, where: str) -> None:
    answer = store.get(f"/v1/images?{query}")
    assert problem(answer) == (422, "validation_failed")
    assert answer.json()["errors"][0]["where"] == ["query", where]


def test_events_tell_of_each_change(make_store: MakeStore) -> None:
    store = make_store()
    store.put_image("a.png", picture(1))
    store.put_image("a.png", picture(2))
    store.patch("/v1/images/a.png", json={"tags": ["x"]})
    store.delete("/v1/images/a.png")
    trashed = store.get("/v1/trash").json()["items"][0]
    store.post(f"/v1/trash/{trashed['id']}/restore")
    store.delete("/v1/images/a.png")
    store.delete(f"/v1/trash/{trashed['id']}")
    events = store.events()
    assert [event["type"].removeprefix("imagestore.image.") for event in events] == [
        "created", "updated", "updated", "deleted", "restored", "deleted", "purged",
    ]  # fmt: skip
    assert [event["id"] for event in events] == [f"imagestore:{n}" for n in range(1, 8)]
    assert {event["subject"] for event in events} == {"images/a.png"}
    assert {event["data"]["by"] for event in events} == {"ada"}
    assert [event["data"]["version"] for event in events] == [1, 2, 2, 2, 2, 2, 2]
    assert [event["data"]["tags"] for event in events[2:]] == [["x"]] * 5
    assert store.events(after=5) == events[5:]
