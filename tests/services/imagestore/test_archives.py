"""ZIP archives: correct bytes and names, what cannot be read is listed, memory is bounded."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from services.imagestore.archives import stream_zip
from services.imagestore.repository import Facts
from tests.services.imagestore.store import Store, picture, problem, sha256
from tests.shared.imaging_samples import photo, saved


def unzip(content: bytes) -> dict[str, bytes]:
    """Names and bytes; fails when a checksum is wrong."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def blob_file(store: Store, content: bytes) -> str:
    """Where the bytes stand."""
    digest = sha256(content)
    return str(store.folder / "imagestore/blobs/blobs" / digest[:2] / digest)


def test_all_are_in_it_under_their_names_in_order(store: Store) -> None:
    wanted = {"b.png": picture(1), "日本.png": picture(2), "a.png": picture(1)}
    store.upload(*wanted.items())
    answer = store.post("/v1/archives", json={"names": [*wanted, "b.png"], "filename": "für dich.zip"})
    assert answer.headers["content-type"] == "application/zip"
    assert "filename*=UTF-8''f%C3%BCr%20dich.zip" in answer.headers["content-disposition"]
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert list(unzip(answer.content).items()) == list(wanted.items())


def test_what_is_not_there_is_listed_and_spoils_nothing(store: Store) -> None:
    store.upload(("a.png", picture(1)), ("gone.png", picture(2)), ("b.png", picture(3)))
    os.unlink(blob_file(store, picture(2)))  # noqa: PTH108
    answer = store.post("/v1/archives", json={"names": ["a.png", "gone.png", "never.png", "b.png"]})
    found = unzip(answer.content)
    assert list(found) == ["a.png", "b.png", "ERRORS.txt"]
    assert (found["a.png"], found["b.png"]) == (picture(1), picture(3))
    listed = found["ERRORS.txt"].decode().splitlines()
    assert [line.split(":")[0] for line in listed] == ["gone.png", "never.png"]


def test_an_image_called_as_the_list_of_errors_keeps_its_name(store: Store) -> None:
    store.upload(("ERRORS.txt", picture(1)))
    found = unzip(store.post("/v1/archives", json={"names": ["ERRORS.txt", "never.png"]}).content)
    assert found["ERRORS.txt"] == picture(1)
    assert found["_ERRORS.txt"].startswith(b"never.png")


def test_archives_that_are_refused(store: Store) -> None:
    assert problem(store.post("/v1/archives", json={"names": []})) == (422, "validation_failed")
    none = store.post("/v1/archives", json={"names": ["x", "y"]})
    assert problem(none) == (404, "image_not_found")
    assert none.json()["names"] == ["x", "y"]
    broken = store.post("/v1/archives", content=b"{", headers={"Content-Type": "application/json"})
    assert problem(broken) == (400, "invalid_json")
    large = {"names": ["x" * 200] * 6000}
    assert problem(store.post("/v1/archives", json=large)) == (413, "body_too_large")


def test_memory_does_not_grow_with_the_archive() -> None:
    """400 MB go through; what is held at once stays below 8 MiB."""
    piece = os.urandom(256 * 1024)
    size = 40 * len(piece)
    facts = Facts("0" * 64, size, "image/png", 1, 1, None)

    def pieces(_digest: str) -> object:
        def read(start: int, end: int) -> Iterator[bytes]:
            for _ in range(start, end, len(piece)):
                yield piece

        return read

    tracemalloc.start()
    try:
        total = sum(len(part) for part in stream_zip([(f"{n}.png", facts) for n in range(40)], pieces))  # type: ignore[misc, arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 40 * size
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("kept", [0, 30])
def test_a_file_cut_short_does_not_pass_as_whole(store: Store, kept: int) -> None:
    store.upload(("a.png", picture(1)), ("cut.png", picture(2)))
    with open(blob_file(store, picture(2)), "r+b") as file:  # noqa: PTH123
        file.truncate(kept)
    found = unzip(store.post("/v1/archives", json={"names": ["cut.png", "a.png"]}).content)
    assert found["a.png"] == picture(1)
    assert "cut.png" not in found
    assert found["ERRORS.txt"].startswith(b"cut.png")


def test_a_large_file_that_breaks_off_is_listed_and_the_rest_is_whole(store: Store) -> None:
    large = saved(photo().resize((1200, 900)), "BMP")
    store.upload(("large.bmp", large), ("a.png", picture(1)))
    with open(blob_file(store, large), "r+b") as file:  # noqa: PTH123
        file.truncate(1_000_000)
    found = unzip(store.post("/v1/archives", json={"names": ["large.bmp", "a.png"]}).content)
    assert found["a.png"] == picture(1)
    assert found["large.bmp"] == large[:1_000_000]
    assert (
        found["ERRORS.txt"].decode() == f"large.bmp: only its first 1000000 of {len(large)} bytes are there\n"
    )
