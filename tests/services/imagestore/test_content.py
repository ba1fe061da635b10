"""Contents and renditions over HTTP: ranges, conditions, caching, negotiation, and what goes wrong."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.imagestore.store import MakeStore, Store, picture, problem, sha256
from tests.shared.imaging_samples import exif, opened, photo, saved

CONTENT = picture(5, (60, 40))
DIGEST = sha256(CONTENT)


@pytest.fixture
def filled(store: Store) -> Store:
    """One image, a.png."""
    assert store.put_image("a.png", CONTENT).status_code == 201
    return store


def test_content_with_all_its_headers(filled: Store) -> None:
    answer = filled.get("/v1/images/a.png/content")
    assert answer.content == CONTENT
    for name, value in {
        "content-type": "image/png",
        "content-length": str(len(CONTENT)),
        "etag": f'"{DIGEST}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": "inline; filename=\"a.png\"; filename*=UTF-8''a.png",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }.items():
        assert answer.headers.get_list(name) == [value], name
    head = filled.head("/v1/images/a.png/content")
    assert (head.status_code, head.content) == (200, b"")
    ours = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in ours} == {
        k: v for k, v in answer.headers.items() if k not in ours
    }


def test_ranges_and_conditions(filled: Store) -> None:
    part = filled.get("/v1/images/a.png/content", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CONTENT[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(CONTENT)}"
    assert part.headers["content-length"] == "10"
    beyond = filled.get("/v1/images/a.png/content", headers={"Range": "bytes=99999-"})
    assert problem(beyond) == (416, "range_not_satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(CONTENT)}"
    fresh = filled.get("/v1/images/a.png/content", headers={"If-None-Match": f'"{DIGEST}"'})
    assert (fresh.status_code, fresh.content, fresh.headers["etag"]) == (304, b"", f'"{DIGEST}"')


def test_an_earlier_content_stays_by_its_digest_and_may_be_cached_for_ever(filled: Store) -> None:
    filled.put_image("a.png", picture(6))
    now = filled.get("/v1/images/a.png/content")
    assert (now.content, now.headers["cache-control"]) == (picture(6), "private, no-cache")
    for digest in (DIGEST, f"sha256:{DIGEST}"):
        earlier = filled.get("/v1/images/a.png/content", params={"digest": digest})
        assert earlier.content == CONTENT
        assert earlier.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert earlier.headers["etag"] == f'"{DIGEST}"'
    filled.put_image("b.png", picture(7))
    foreign = filled.get("/v1/images/b.png/content", params={"digest": DIGEST})
    assert problem(foreign) == (404, "image_not_found")
    assert problem(filled.get("/v1/images/a.png/content?digest=xyz")) == (422, "invalid_digest")


def test_content_changes_with_the_name_at_once(filled: Store) -> None:
    """What is remembered of a name is never older than the last acknowledged write."""
    for seed in range(20):
        assert filled.get("/v1/images/a.png/content").status_code == 200
        filled.put_image("a.png", picture(seed))
        assert filled.get("/v1/images/a.png/content").content == picture(seed)
        assert filled.get("/v1/images/a.png/content").content == picture(seed)
    filled.delete("/v1/images/a.png")
    assert problem(filled.get("/v1/images/a.png/content")) == (404, "image_not_found")


def test_content_larger_than_memory_holds(store: Store) -> None:
    large = saved(photo().resize((1200, 900)), "BMP")
    store.put_image("a.bmp", large)
    assert store.get("/v1/images/a.bmp/content").content == large
    part = store.get("/v1/images/a.bmp/content", headers={"Range": "bytes=1000000-2500000"})
    assert (part.status_code, part.content) == (206, large[1000000:2500001])
    tail = store.get("/v1/images/a.bmp/content", headers={"Range": "bytes=-7"})
    assert tail.content == large[-7:]


@pytest.mark.parametrize("size", [(60, 40), (1200, 900)])
def test_bytes_that_are_gone_are_told_of(store: Store, size: tuple[int, int]) -> None:
    content = saved(photo().resize(size), "BMP")
    store.put_image("a.bmp", content)
    for path in (store.folder / "imagestore/blobs/blobs").glob("*/*"):
        path.unlink()
    assert problem(store.get("/v1/images/a.bmp/content")) == (404, "blob_missing")
    assert problem(store.get("/v1/images/a.bmp/rendition?width=10")) == (404, "blob_missing")


def test_a_rendition_has_the_size_and_the_type_asked_for(filled: Store) -> None:
    filled.put_image("a.jpg", saved(photo(), "JPEG", exif=exif(6, gps=True)))
    url = "/v1/images/a.jpg/rendition"
    for query, size, kind in (
        ("width=100", (100, 150), "JPEG"),
        ("width=100&height=100", (67, 100), "JPEG"),
        ("width=100&height=100&fit=cover&format=png", (100, 100), "PNG"),
        ("width=100&height=100&fit=fill&format=webp&quality=50", (100, 100), "WEBP"),
        ("height=30&format=avif", (20, 30), "AVIF"),
    ):
        answer = filled.get(f"{url}?{query}")
        assert answer.status_code == 200, answer.text
        picture = opened(answer.content)
        assert (picture.size, picture.format) == (size, kind)
        assert answer.headers["content-type"] == f"image/{kind.lower()}"
        assert answer.headers["content-disposition"].startswith(f'inline; filename="a.{kind.lower()}"')
        assert b"Secret Camera" not in answer.content
    assert ("vary" in answer.headers) is False


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("*/*", "JPEG"), ("image/avif,image/webp,*/*;q=0.8", "AVIF"), ("image/webp,*/*;q=0.5", "WEBP"),
     ("image/png", "PNG"), ("text/html", "JPEG")],
)  # fmt: skip
def test_the_format_is_what_accept_asks_for(filled: Store, accept: str, kind: str) -> None:
    filled.put_image("a.jpg", saved(photo(), "JPEG"))
    answer = filled.get("/v1/images/a.jpg/rendition?width=50", headers={"Accept": accept})
    assert opened(answer.content).format == kind
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    "query",
    ["width=0", "width=8193", "width=-1", "width=x", "height=1.5", "fit=crop", "format=gif", "format=svg",
     "quality=0", "quality=101", "width=" + "9" * 5000],
)  # fmt: skip
def test_parameters_that_are_refused(filled: Store, query: str) -> None:
    assert problem(filled.get(f"/v1/images/a.png/rendition?{query}")) == (422, "invalid_rendition")


def test_renditions_have_tags_ranges_and_are_immutable_by_digest(filled: Store) -> None:
    url = "/v1/images/a.png/rendition?width=20&format=png"
    whole = filled.get(url)
    assert whole.headers["cache-control"] == "private, no-cache"
    fresh = filled.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (fresh.status_code, fresh.content) == (304, b"")
    part = filled.get(url, headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, whole.content[3:10])
    other = filled.get("/v1/images/a.png/rendition?width=21&format=png")
    assert other.headers["etag"] != whole.headers["etag"]
    lasting = filled.get(f"{url}&digest={DIGEST}")
    assert lasting.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert lasting.content == whole.content


def test_a_rendition_is_kept_on_disk_and_computed_once(make_store: MakeStore) -> None:
    store = make_store()
    store.put_image("a.jpg", saved(photo().resize((1500, 1000)), "JPEG"))
    url = "/v1/images/a.jpg/rendition?width=700&format=webp"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: store.get(url), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    kept = [path for path in (store.folder / "imagestore/renditions").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in kept] == [answers[0].content]
    for path in (store.folder / "imagestore/blobs/blobs").glob("*/*"):
        path.unlink()
    again = make_store()  # after a restart it comes from the disk: the original is not even there
    assert again.get(url).content == answers[0].content


def test_when_too_many_renditions_wait_the_rest_come_back_later(make_store: MakeStore) -> None:
    store = make_store(render_threads=1, render_waiting=1)
    store.put_image("a.jpg", saved(photo().resize((3000, 2000)), "JPEG"))

    def render(width: int) -> tuple[int, str | None]:
        answer = store.get(f"/v1/images/a.jpg/rendition?width={width}&format=avif&quality=90")
        return answer.status_code, answer.headers.get("retry-after")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(render, range(600, 608)))
    assert set(answers) == {(200, None), (429, "1")}
    assert store.get("/v1/images/a.jpg/rendition?width=20").status_code == 200
