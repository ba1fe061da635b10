"""Uploads: many by one call, one as the body, conditions, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.imagestore.store import MakeStore, Store, codes, picture, problem, sha256
from tests.shared.imaging_samples import black_png, exif, photo, saved


def test_one_file_is_there_whole_with_its_facts(store: Store) -> None:
    content = saved(photo(), "JPEG", exif=exif(6, "2024:05:06 07:08:09", "+02:00"))
    answer = store.upload(("my  photo.jpg", content))
    assert answer.status_code == 201
    (item,) = answer.json()["items"]
    image = item["image"]
    assert (item["name"], item["status"]) == ("my__photo.jpg", "created")
    assert image["size"] == len(content)
    assert image["digest"] == f"sha256:{sha256(content)}"
    assert image["media_type"] == "image/jpeg"
    assert (image["width"], image["height"]) == (400, 600)
    assert image["taken_at"] == "2024-05-06T05:08:09Z"
    assert image["version"] == 1
    base = "https://photos.example/api/imagestore/v1/images/my__photo.jpg"
    assert image["url"] == base
    assert image["content_url"] == f"{base}/content?digest={sha256(content)}"
    assert image["rendition_url"] == f"{base}/rendition?digest={sha256(content)}"
    assert (
        store.get(image["content_url"].removeprefix("https://photos.example/api/imagestore")).content
        == content
    )
    assert store.get("/v1/images/my__photo.jpg").json() == image
    assert store.left_over() == []


def test_many_files_come_back_in_order_and_the_same_bytes_are_stored_once(store: Store) -> None:
    same, other = picture(1), picture(2)
    answer = store.upload(("b.png", same), ("a.png", other), ("c.png", same))
    assert answer.status_code == 201
    assert codes(answer.json()["items"]) == [(n, "created", None) for n in ("b.png", "a.png", "c.png")]
    assert store.stored() == {sha256(same), sha256(other)}
    assert [store.get(f"/v1/images/{n}/content").content for n in ("a.png", "b.png", "c.png")] == [
        other,
        same,
        same,
    ]


def test_each_file_of_a_batch_stands_for_itself(store: Store) -> None:
    good = picture(3)
    answer = store.upload(
        ("good.png", good), ("text.jpg", b"just text"), ("../up.png", good), ("two.png", good)
    )
    assert answer.status_code == 207
    assert codes(answer.json()["items"]) == [
        ("good.png", "created", None),
        ("text.jpg", "failed", "unsupported_format"),
        ("../up.png", "failed", "invalid_name"),
        ("two.png", "created", None),
    ]
    assert sorted(store.names()) == ["good.png", "two.png"]
    assert store.stored() == {sha256(good)}


def test_where_none_is_taken_the_first_problem_answers_and_all_are_listed(store: Store) -> None:
    answer = store.upload(("text.jpg", b"just text"), (".hidden", picture()))
    assert problem(answer) == (415, "unsupported_format")
    assert codes(answer.json()["items"]) == [
        ("text.jpg", "failed", "unsupported_format"),
        (".hidden", "failed", "invalid_name"),
    ]
    assert store.names() == []
    assert store.stored() == set()


def test_a_form_without_a_file_is_refused(store: Store) -> None:
    assert problem(store.post("/v1/images", files={"note": (None, "hello")})) == (422, "no_files")
    assert problem(store.post("/v1/images", json={})) == (415, "unsupported_media_type")


def test_a_name_given_again_makes_a_version_and_the_same_content_none(store: Store) -> None:
    first, second = picture(1), picture(2)
    assert store.put_image("a.png", first).status_code == 201
    again = store.put_image("a.png", first)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    changed = store.put_image("a.png", second)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.headers["location"] == changed.json()["url"]
    assert store.get("/v1/images/a.png/content").content == second
    back = store.put_image("a.png", first)
    assert (back.json()["version"], back.json()["digest"]) == (3, f"sha256:{sha256(first)}")
    versions = store.get("/v1/images/a.png/versions").json()["items"]
    assert [(v["version"], v["digest"][7:]) for v in versions] == [
        (3, sha256(first)), (2, sha256(second)), (1, sha256(first)),
    ]  # fmt: skip
    assert [v["created_at"] for v in versions] == sorted((v["created_at"] for v in versions), reverse=True)
    assert [e["type"] for e in store.events()] == ["imagestore.image.created"] + [
        "imagestore.image.updated"
    ] * 2


def test_put_conditions(store: Store) -> None:
    first, second, third = picture(1), picture(2), picture(3)
    assert problem(store.put_image("a.png", first, If_Match="*")) == (412, "precondition_failed")
    assert store.put_image("a.png", first, If_None_Match="*").status_code == 201
    assert problem(store.put_image("a.png", second, If_None_Match="*")) == (412, "precondition_failed")
    assert store.get("/v1/images/a.png/content").content == first
    etag = store.get("/v1/images/a.png/content").headers["etag"]
    assert problem(store.put_image("a.png", third, If_None_Match=etag)) == (412, "precondition_failed")
    assert store.put_image("a.png", second, If_Match=etag).status_code == 200
    assert problem(store.put_image("a.png", third, If_Match=etag)) == (412, "precondition_failed")
    assert store.put_image("a.png", third, If_None_Match=etag).status_code == 200
    assert store.get("/v1/images/a.png/content").content == third


def test_of_writers_with_one_condition_one_wins(store: Store) -> None:
    def put(seed: int) -> int:
        return store.put_image("a.png", picture(seed), If_None_Match="*").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(put, range(16)))
    assert sorted(statuses) == [201] + [412] * 15
    assert [e["type"] for e in store.events()] == ["imagestore.image.created"]
    assert store.left_over() == []


@pytest.mark.parametrize("extra", [0, 1])
def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(make_store: MakeStore, extra: int) -> None:
    content = saved(photo(), "PNG")
    store = make_store(image_bytes=len(content) - extra)
    answer = store.put_image("a.png", content)
    if extra:
        assert problem(answer) == (413, "body_too_large")
        assert answer.json()["limit"] == len(content) - 1
        assert store.names() == []
    else:
        assert answer.status_code == 201
    assert store.left_over() == []


def test_a_chunked_body_over_the_limit_is_counted_while_it_comes(make_store: MakeStore) -> None:
    content = saved(photo(), "PNG")
    store = make_store(image_bytes=len(content) - 1)
    answer = store.put("/v1/images/a.png", content=iter([content[:1000], content[1000:]]))
    assert problem(answer) == (413, "body_too_large")
    assert store.left_over() == []


def test_a_file_over_its_limit_does_not_spoil_the_batch(make_store: MakeStore) -> None:
    large, small = saved(photo(), "PNG"), picture()
    store = make_store(image_bytes=len(large) - 1)
    answer = store.upload(("large.png", large), ("small.png", small))
    assert answer.status_code == 207
    assert codes(answer.json()["items"]) == [
        ("large.png", "failed", "body_too_large"),
        ("small.png", "created", None),
    ]
    assert store.left_over() == []


def test_a_batch_over_its_limit_is_refused(make_store: MakeStore) -> None:
    store = make_store(batch_bytes=10_000)
    assert problem(store.upload(("a.png", picture()), ("b.png", saved(photo(), "PNG")))) == (
        413,
        "body_too_large",
    )
    assert store.left_over() == []


def test_a_bomb_is_refused_by_its_header(store: Store) -> None:
    answer = store.put_image("bomb.png", black_png(30_000))
    assert problem(answer) == (422, "image_too_large")
    assert store.stored() == set()


def test_text_called_jpg_and_a_cut_image(store: Store) -> None:
    assert problem(store.put_image("a.jpg", b"hello")) == (415, "unsupported_format")
    assert problem(store.put_image("a.jpg", b"")) == (415, "unsupported_format")
    assert problem(store.put_image("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")) == (
        415,
        "unsupported_format",
    )
    assert store.names() == []


def test_the_type_is_that_of_the_bytes(store: Store) -> None:
    assert store.put_image("a.jpg", picture()).json()["media_type"] == "image/png"
    answer = store.get("/v1/images/a.jpg/content")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_upload_without_the_service_token_is_refused(store: Store) -> None:
    answer = store.put("/v1/images/a.png", content=picture(), headers={"X-Darkroom-Service-Token": "wrong"})
    assert problem(answer) == (401, "service_token_required")
    assert store.names() == []


def test_a_large_file_goes_by_the_disk_and_is_the_same(store: Store) -> None:
    large = saved(photo().resize((1600, 1200)), "BMP")
    assert len(large) > 4 * 1024 * 1024
    answer = store.upload(("large.bmp", large), ("small.png", picture()))
    assert answer.status_code == 201
    assert store.get("/v1/images/large.bmp/content").content == large
    assert store.left_over() == []


def test_what_a_killed_upload_left_is_cleared_at_the_next_start(make_store: MakeStore) -> None:
    store = make_store()
    staging = store.folder / "imagestore/blobs/.staging"
    (staging / "half").write_bytes(b"half")
    make_store()
    assert list(staging.iterdir()) == []
