"""The trash: delete, list, restore, purge."""

from datetime import datetime, timedelta

from tests.services.imagestore.store import MakeStore, Store, picture, problem
from tests.shared.imaging_samples import opened


def test_deleted_is_gone_everywhere_and_can_be_brought_back_whole(store: Store) -> None:
    store.put_image("a.png", picture(1))
    store.put_image("a.png", picture(2))
    store.patch("/v1/images/a.png", json={"tags": ["x"]})
    before = store.get("/v1/images/a.png").json()
    gone = store.delete("/v1/images/a.png")
    assert (gone.status_code, gone.content) == (204, b"")
    assert store.names() == []
    for path in ("", "/content", "/rendition", "/versions"):
        assert problem(store.get(f"/v1/images/a.png{path}")) == (404, "image_not_found")
    assert problem(store.delete("/v1/images/a.png")) == (404, "image_not_found")
    (item,) = store.get("/v1/trash").json()["items"]
    assert (item["name"], item["tags"], item["version"]) == ("a.png", ["x"], 2)
    kept = datetime.fromisoformat(item["kept_until"]) - datetime.fromisoformat(item["deleted_at"])
    assert kept == timedelta(days=7)
    back = store.post(f"/v1/trash/{item['id']}/restore")
    assert back.status_code == 200
    assert {**back.json(), "updated_at": 0} == {**before, "updated_at": 0}
    assert store.get("/v1/images/a.png/content").content == picture(2)
    assert [v["version"] for v in store.get("/v1/images/a.png/versions").json()["items"]] == [2, 1]
    assert store.get("/v1/trash").json()["items"] == []


def test_the_name_is_free_again_and_a_restore_does_not_take_it_back(store: Store) -> None:
    store.put_image("a.png", picture(1))
    store.delete("/v1/images/a.png")
    assert store.put_image("a.png", picture(2), If_None_Match="*").status_code == 201
    (item,) = store.get("/v1/trash").json()["items"]
    assert problem(store.post(f"/v1/trash/{item['id']}/restore")) == (409, "name_taken")
    assert problem(store.post(f"/v1/trash/{item['id']}/restore", json={"name": "x/y"})) == (
        422,
        "invalid_name",
    )
    other = store.post(f"/v1/trash/{item['id']}/restore", json={"name": "b.png"})
    assert other.json()["name"] == "b.png"
    assert store.get("/v1/images/b.png/content").content == picture(1)
    assert store.get("/v1/images/a.png/content").content == picture(2)
    assert store.names(prefix="b") == ["b.png"]


def test_several_of_one_name_lie_in_the_trash_by_pages(store: Store) -> None:
    for seed in range(5):
        store.put_image("a.png", picture(seed))
        store.delete("/v1/images/a.png")
    first = store.get("/v1/trash?limit=3").json()
    second = store.get("/v1/trash", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), second["next_cursor"]) == (5, None)


def test_purged_cannot_come_back(store: Store) -> None:
    store.put_image("a.png", picture(1))
    store.delete("/v1/images/a.png")
    (item,) = store.get("/v1/trash").json()["items"]
    assert store.delete(f"/v1/trash/{item['id']}").status_code == 204
    assert problem(store.delete(f"/v1/trash/{item['id']}")) == (404, "image_not_found")
    assert problem(store.post(f"/v1/trash/{item['id']}/restore")) == (404, "image_not_found")
    assert problem(store.delete("/v1/trash/99999999999999999999")) == (422, "validation_failed")
    assert store.get("/v1/trash").json()["items"] == []


def test_a_live_image_is_not_in_the_trash(store: Store) -> None:
    store.put_image("a.png", picture(1))
    assert problem(store.delete("/v1/trash/1")) == (404, "image_not_found")
    assert problem(store.post("/v1/trash/1/restore")) == (404, "image_not_found")
    assert store.names() == ["a.png"]


def test_the_trash_outlives_a_restart(make_store: MakeStore) -> None:
    first = make_store()
    first.put_image("a.png", picture(1))
    first.delete("/v1/images/a.png")
    second = make_store()
    (item,) = second.get("/v1/trash").json()["items"]
    assert second.post(f"/v1/trash/{item['id']}/restore").status_code == 200
    assert second.get("/v1/images/a.png/content").content == picture(1)


def test_what_was_deleted_last_comes_first_and_one_name_can_be_asked_for(store: Store) -> None:
    for seed, name in enumerate("abc"):
        store.put_image(f"{name}.png", picture(seed))
    for name in "bca":
        store.delete(f"/v1/images/{name}.png")
    found = store.get("/v1/trash").json()["items"]
    assert [item["name"] for item in found] == ["a.png", "c.png", "b.png"]
    (one,) = store.get("/v1/trash", params={"name": "c.png"}).json()["items"]
    small = store.get(f"/v1/trash/{one['id']}/rendition", params={"width": 4, "format": "png"})
    assert (small.headers["content-type"], opened(small.content).size) == ("image/png", (4, 3))
    store.post(f"/v1/trash/{one['id']}/restore")
    assert problem(store.get(f"/v1/trash/{one['id']}/rendition")) == (404, "image_not_found")
    assert store.get("/v1/trash", params={"name": "c.png"}).json()["items"] == []


def test_emptied_all_are_gone_and_each_is_told_of(store: Store) -> None:
    for seed in range(3):
        store.put_image(f"{seed}.png", picture(seed))
    for seed in range(2):
        store.delete(f"/v1/images/{seed}.png")
    answer = store.delete("/v1/trash")
    assert (answer.status_code, answer.json()) == (200, {"purged": 2})
    assert store.get("/v1/trash").json()["items"] == []
    assert store.names() == ["2.png"]
    purged = [event["subject"] for event in store.events() if event["type"].endswith("purged")]
    assert purged == ["images/0.png", "images/1.png"]
    assert store.delete("/v1/trash").json() == {"purged": 0}
