"""Rows, frames and clips over HTTP, beside a plain Python reading of the same table."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from services.tagging.bits import BLOCK, OneRow, pack, pack_versions, unpack, unpack_versions
from tests.services.imagestore.store import problem
from tests.services.tagging.service import Tagging, start_tagging

ROWS = 2600  # two blocks and a half
Known = list[dict[str, Any]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tagging, int, Known]]:
    """A dataset with clips of two cameras, and what is in it."""
    chance = random.Random(4)
    known = [
        {
            "path": f"{chance.choice(['Day', 'night', 'Été'])}/{row}.png",
            "clip": f"c{row // 20}",
            "camera": ["left", "right"][row % 2],
            "tags": {str(code) for code in (1, 22, 333) if chance.random() < 0.3},
        }
        for row in range(ROWS)
    ]
    lines = ["file_path,clip_id,modality,tag_code_1,tag_code_22,tag_code_333"]
    for row in known:
        cells = [str(code in row["tags"]) for code in ("1", "22", "333")]
        lines.append(",".join([str(row["path"]), str(row["clip"]), str(row["camera"]), *cells]))
    with start_tagging(tmp_path_factory.mktemp("rows")) as service:
        yield service, service.made(service.upload("\n".join(lines))), known


FILTERS: list[dict[str, Any]] = [
    {}, {"tag": "1"}, {"tag": ["1", "22"]}, {"not_tag": "333"}, {"tag": "1", "not_tag": ["22", "333"]},
    {"untagged": True}, {"untagged": False}, {"camera": "left"}, {"camera": "nobody"}, {"clip": "c7"},
    {"clip": "missing"}, {"q": "NIGHT/1"}, {"q": "été"}, {"q": "/"}, {"q": "\U0001f600"},
    {"untagged": True, "camera": "right", "q": "day", "from": 1000}, {"from": 2599}, {"from": 2600},
    {"from": 1023, "tag": "0022"}, {"from": 10**18},
]  # fmt: skip


def fits(row: dict[str, Any], query: dict[str, Any]) -> bool:
    """The rules of a filter, one by one."""

    def listed(name: str) -> set[str]:
        given = query.get(name, [])
        return {str(int(code)) for code in ([given] if isinstance(given, str) else given)}

    return (
        listed("tag") <= row["tags"]
        and not listed("not_tag") & row["tags"]
        and query.get("untagged") in {None, not row["tags"]}
        and query.get("camera") in {None, row["camera"]}
        and query.get("clip") in {None, row["clip"]}
        and query.get("q", "").casefold() in row["path"].casefold()
    )


@pytest.mark.parametrize("query", FILTERS)
def test_filters_find_what_a_plain_reading_finds(
    world: tuple[Tagging, int, Known], query: dict[str, Any]
) -> None:
    service, dataset, known = world
    expected = [row for row in range(query.get("from", 0), ROWS) if fits(known[row], query)]
    assert [row["index"] for row in service.rows(dataset, **query)] == expected
    first = service.get(f"/v1/datasets/{dataset}/rows", params={**query, "limit": 1}).json()
    assert [row["index"] for row in first["items"]] == expected[:1]
    assert (first["next_cursor"] is None) == (len(expected) <= 1)
    for row in first["items"]:
        told = known[row["index"]]
        assert (row["file_path"], row["clip"], row["camera"]) == (told["path"], told["clip"], told["camera"])
        assert {code for code, value in row["tags"].items() if value} == told["tags"]


def test_frames_and_clips(world: tuple[Tagging, int, Known]) -> None:
    service, dataset, _ = world
    clips = service.get(f"/v1/datasets/{dataset}/clips").json()["items"]
    assert [clip["begin"] for clip in clips] == list(range(0, ROWS, 20))
    assert {clip["cameras"] for clip in clips} == {2}
    url = f"/v1/datasets/{dataset}/frames"
    page = service.get(url, params={"from": 31, "limit": 3}).json()
    assert [[row["index"] for row in frame["rows"]] for frame in page["items"]] == [
        [30, 31],
        [32, 33],
        [34, 35],
    ]
    following = service.get(url, params={"cursor": page["next_cursor"], "limit": 1}).json()["items"]
    assert [row["index"] for row in following[0]["rows"]] == [36, 37]
    assert (following[0]["clip"], following[0]["frame"]) == ("c1", 8)
    third = service.get(url, params={"clip": 3}).json()
    assert [frame["rows"][0]["index"] for frame in third["items"]] == list(range(60, 80, 2))
    assert third["next_cursor"] is None
    assert service.get(url, params={"clip": 10**6}).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"from": -1},
        {"from": 2**63},
        {"tag": "x"},
        {"q": ""},
        {"untagged": "perhaps"},
    ],
)
def test_queries_that_cannot_be(world: tuple[Tagging, int, Known], query: dict[str, Any]) -> None:
    service, dataset, _ = world
    assert problem(service.get(f"/v1/datasets/{dataset}/rows", params=query)) == (422, "validation_failed")
    bad = service.get(f"/v1/datasets/{dataset}/rows", params={"cursor": "?"})
    assert problem(bad) == (400, "invalid_cursor")


def test_one_row_of_a_block_is_what_the_whole_says() -> None:
    """OneRow works on bytes what the arrays say of the same block."""
    chance = np.random.default_rng(1)
    values, versions = chance.random((5, BLOCK)) < 0.5, chance.integers(0, 2**32 - 2, BLOCK, dtype=np.uint32)
    bits, packed = pack(values), pack_versions(versions)
    assert (unpack(bits, 5) == values).all()
    assert (unpack_versions(packed) == versions).all()
    for place in (0, 1, 7, 8, 1000, BLOCK - 1):
        one = OneRow(bits, packed, place)
        assert (one.tags, one.version) == (values[:, place].tolist(), versions[place])
        new = (chance.random(5) < 0.5).tolist()
        assert one.change(new) == np.flatnonzero(values[:, place] != new).tolist()
        after = values.copy()
        after[:, place] = new
        assert (unpack(one.packed()[0], 5) == after).all()
