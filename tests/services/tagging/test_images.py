"""Images of rows as they are on disk, in part or smaller, below the roots; clear problems for the rest."""

import io
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.gateway.serving import wait_until
from tests.services.imagestore.store import picture, problem
from tests.services.tagging.service import MakeTagging, Tagging


def dataset_of(service: Tagging, *paths: str) -> int:
    """A dataset whose rows are those paths, in data/trip.csv."""
    lines = ["file_path,tag_code_1", *(f'"{path}",False' for path in paths)]
    service.put_file("data/trip.csv", "\n".join(lines) + "\n")
    return service.made(service.open("data/trip.csv", save_to="same_file"))


def test_bytes_as_they_are_with_range_and_etag(tagging: Tagging) -> None:
    data = picture(1, (400, 300), "JPEG") + b"trailing bytes"
    tagging.put_file("data/images/a b.jpg", data)
    dataset = dataset_of(
        tagging, "images/a b.jpg", "images\\a b.jpg", str(tagging.roots / "data/images/a b.jpg")
    )
    for row in range(3):
        answer = tagging.get(f"/v1/datasets/{dataset}/rows/{row}/image")
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    url, etag = f"/v1/datasets/{dataset}/rows/0/image", answer.headers["etag"]
    assert tagging.get(url, headers={"If-None-Match": etag}).status_code == 304
    part = tagging.get(url, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, data[5:10])
    assert problem(tagging.get(url, headers={"Range": f"bytes={len(data)}-"})) == (
        416,
        "range_not_satisfiable",
    )
    head = tagging.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


def test_a_large_file_comes_in_pieces(tagging: Tagging) -> None:
    data = picture(1, kind="PNG") + os.urandom(3_000_000)
    tagging.put_file("data/big.png", data)
    dataset = dataset_of(tagging, "big.png")
    url = f"/v1/datasets/{dataset}/rows/0/image"
    assert tagging.get(url).content == data
    assert tagging.get(url, headers={"Range": "bytes=1000000-"}).content == data[1_000_000:]


def test_smaller_ones(tagging: Tagging) -> None:
    tagging.put_file("data/a.png", picture(7, (400, 300)))
    dataset = dataset_of(tagging, "a.png")
    url = f"/v1/datasets/{dataset}/rows/0/image"
    answer = tagging.get(url, params={"edge": 64})
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("JPEG", (64, 48))
    assert tagging.get(url, params={"edge": 64}).content == answer.content
    with Image.open(io.BytesIO(tagging.get(url, params={"edge": 8000}).content)) as image:
        assert image.size == (400, 300)
    for edge in ("0", "15", "8193", "-1", "x", "", "1e3", "\uff19\uff19", "9" * 400):
        assert problem(tagging.get(url, params={"edge": edge})) == (422, "validation_failed"), edge


def test_what_has_changed_on_disk_is_seen(make_tagging: MakeTagging) -> None:
    service = make_tagging()
    path = service.put_file("data/a.png", picture(1))
    dataset = dataset_of(service, "a.png")
    url = f"/v1/datasets/{dataset}/rows/0/image"
    before = service.get(url)
    seen = path.stat()
    other = service.put_file("data/b.png", picture(2))
    os.utime(other, ns=(seen.st_mtime_ns, seen.st_mtime_ns))
    assert other.stat().st_size == seen.st_size
    other.replace(path)
    wait_until(lambda: service.get(url).content == picture(2))  # memory is trusted for a second
    assert service.get(url).headers["etag"] != before.headers["etag"]


@pytest.mark.parametrize("edge", [{}, {"edge": 64}])
def test_rows_whose_image_cannot_be_shown(tagging: Tagging, edge: dict[str, int]) -> None:
    """Each says why, none of them holds up the others, and all can be tagged."""
    (tagging.folder / "secret.png").write_bytes(picture(1))
    (tagging.roots / "data").mkdir()
    (tagging.roots / "data/out.png").symlink_to(tagging.folder / "secret.png")
    (tagging.roots / "data/loop.png").symlink_to("loop.png")
    (tagging.roots / "data/folder.png").mkdir()
    os.mkfifo(tagging.roots / "data/pipe.png")
    tagging.put_file("data/text.png", "not an image")
    tagging.put_file("data/empty.png", b"")
    tagging.put_file("data/page.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    tagging.put_file("data/ok.png", picture(3))
    wanted = {
        "missing.png": (404, "image_missing"), "folder.png": (404, "image_missing"),
        "pipe.png": (404, "image_missing"), "text.png/below": (404, "image_missing"),
        "loop.png": (404, "image_missing"), "n" * 300: (404, "image_missing"),
        "text.png": (415, "unsupported_format"), "empty.png": (415, "unsupported_format"),
        "page.svg": (415, "unsupported_format"),
        str(tagging.roots / "data/out.png"): (403, "path_not_allowed"),
        "../../secret.png": (403, "path_not_allowed"), "/etc/passwd": (403, "path_not_allowed"),
        "/dev/zero": (403, "path_not_allowed"), "..\\..\\secret.png": (403, "path_not_allowed"),
    }  # fmt: skip
    dataset = dataset_of(tagging, *wanted, "ok.png")
    for row, (path, refusal) in enumerate(wanted.items()):
        assert problem(tagging.get(f"/v1/datasets/{dataset}/rows/{row}/image", params=edge)) == refusal, path
        assert tagging.label(dataset, row, set={"1": True}).status_code == 200
    assert tagging.get(f"/v1/datasets/{dataset}/rows/{len(wanted)}/image", params=edge).status_code == 200


def test_broken_and_oversized_ones(make_tagging: MakeTagging) -> None:
    service = make_tagging(image_bytes=50_000, image_side=500)
    whole = picture(5, (300, 200), "JPEG")
    service.put_file("data/half.jpg", whole[: len(whole) // 2])
    service.put_file("data/wide.png", picture(1, (600, 10)))
    service.put_file("data/fat.png", picture(1) + bytes(60_000))
    dataset = dataset_of(service, "half.jpg", "wide.png", "fat.png")
    url = f"/v1/datasets/{dataset}/rows"
    assert service.get(f"{url}/0/image").content == whole[: len(whole) // 2]  # as it is on disk
    assert service.get(f"{url}/0/image", params={"edge": 50}).status_code in {200, 422}
    assert problem(service.get(f"{url}/1/image", params={"edge": 50})) == (422, "image_too_large")
    assert problem(service.get(f"{url}/2/image", params={"edge": 50})) == (422, "image_too_large")


def test_uploads_find_their_images_below_the_roots(tagging: Tagging) -> None:
    tagging.put_file("photos/a.png", picture(4))
    dataset = tagging.made(tagging.upload("file_path,tag_code_1\nphotos/a.png,True\nphotos/b.png,True\n"))
    assert tagging.get(f"/v1/datasets/{dataset}/rows/0/image").content == picture(4)
    assert problem(tagging.get(f"/v1/datasets/{dataset}/rows/1/image")) == (404, "image_missing")
    assert Path(tagging.dataset(dataset)["csv_path"]).name == "trip__labelled__.csv"


def sheet(service: Tagging, dataset: int, rows: str) -> list[tuple[dict[str, Any], bytes]]:
    """The heads and bytes of an answer with several images."""
    answer = service.get(f"/v1/datasets/{dataset}/images?rows={rows}")
    assert answer.status_code == 200
    line, body = answer.content.split(b"\n", 1)
    heads = json.loads(line)
    ends = list(itertools.accumulate(head.get("size", 0) for head in heads))
    assert ends[-1] == len(body)
    return [(head, body[end - head.get("size", 0) : end]) for head, end in zip(heads, ends, strict=True)]


def test_several_in_one_answer(tagging: Tagging) -> None:
    images = {f"{number}.png": picture(number) + b"\n{" * number for number in range(40)}
    for name, data in images.items():
        tagging.put_file(f"data/{name}", data)
    tagging.put_file("data/note.txt", b"no image")
    tagging.put_file("data/big.png", picture(1) + bytes(1024 * 1024))
    dataset = dataset_of(tagging, *images, "gone.png", "note.txt", "big.png", "/etc/passwd")
    for _ in range(2):  # from the disk, and from memory
        found = sheet(tagging, dataset, ",".join(map(str, [*range(44), 3, 44])))
        assert [head["row"] for head, _ in found] == [*range(44), 3, 44]
        assert [data for _, data in found[:40]] == list(images.values())
        assert found[44][1] == images["3.png"]
        assert [head.get("problem", {}).get("code") for head, _ in found[40:]] == [
            "image_missing", "unsupported_format", None, "path_not_allowed", None, "row_not_found",
        ]  # fmt: skip
        assert found[42][0] == {"row": 42, "apart": True}
    alone = tagging.get(f"/v1/datasets/{dataset}/rows/7/image")
    told = {"media_type": alone.headers["content-type"], "etag": alone.headers["etag"]}
    assert found[7][0] == {"row": 7, "size": len(images["7.png"]), **told}
    path = tagging.roots / "data/7.png"
    path.write_bytes(picture(99))
    wait_until(lambda: sheet(tagging, dataset, "6,7")[1][1] == picture(99))
    url = f"/v1/datasets/{dataset}/images"
    wrong = ("", "?rows=", "?rows=1,", "?rows=-1", "?rows=x", "?rows=1%0A", "?rows=" + ",".join(["1"] * 65))
    for query in wrong:
        assert problem(tagging.get(url + query)) == (422, "validation_failed"), query
    assert problem(tagging.get("/v1/datasets/99/images?rows=1")) == (404, "dataset_not_found")


def test_what_one_answer_does_not_hold_is_left_to_the_next(tagging: Tagging) -> None:
    data = picture(1, kind="PNG")
    data += os.urandom(1024 * 1024 - len(data))
    tagging.put_file("data/a.png", data)
    dataset = dataset_of(tagging, *["a.png"] * 10)
    found = sheet(tagging, dataset, "0,1,2,3,4,5,6,7,8,9")
    assert [head["row"] for head, _ in found] == [0, 1, 2, 3]
    assert {content for _, content in found} == {data}
    assert [head["row"] for head, _ in sheet(tagging, dataset, "9")] == [9]
