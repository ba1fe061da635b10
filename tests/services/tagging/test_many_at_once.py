"""Many at once: sixteen writers on one dataset, and two replicas of the service on one database."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.tagging.bits import BLOCK
from tests.postgres import NewDatabase
from tests.services.tagging.service import MakeTagging, Tagging, check_counts, table, text_of

ROWS = 60
EACH = 25


@pytest.fixture(params=["sqlite", "postgresql", "two replicas"])
def replicas(request: pytest.FixtureRequest, make_tagging: MakeTagging) -> list[Tagging]:
    """One service, or two on one database and one folder."""
    if request.param == "sqlite":
        return [make_tagging()]
    new: NewDatabase = request.getfixturevalue("new_database")
    url = new()
    return [make_tagging(database_url=url) for _ in range(2 if request.param == "two replicas" else 1)]


def test_sixteen_writers_lose_no_update(replicas: Sequence[Tagging]) -> None:
    """Each toggles cells of rows that all share: at the end every cell has turned as often as it was told."""
    dataset, path = replicas[0].same_file(ROWS)
    turns: dict[tuple[int, int], int] = {}
    lock = threading.Lock()
    revisions: list[int] = []

    def write(writer: int) -> None:
        chance = random.Random(writer)
        for number in range(EACH):
            service = replicas[(writer + number) % len(replicas)]
            code = chance.choice([100, 101, 102])
            if chance.random() < 0.2:
                rows = chance.sample(range(ROWS), 20)
                done = service.mass(dataset, {"indices": rows}, by=f"w{writer}", toggle=[str(code)])
            else:
                rows = [chance.randrange(ROWS)]
                done = service.label(dataset, rows[0], by=f"w{writer}", toggle=[str(code)])
            assert done.status_code == 200, done.text
            with lock:
                revisions.append(done.json()["revision"])
                for row in rows:
                    turns[row, code] = turns.get((row, code), 0) + 1
            if chance.random() < 0.1:
                assert service.save(dataset).status_code == 200

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    expected = {cell for cell, count in turns.items() if count % 2}
    for service in replicas:
        assert service.true(dataset) == expected
        check_counts(service, dataset)
    assert sorted(revisions) == list(range(1, 16 * EACH + 1))
    assert replicas[-1].save(dataset).json()["revision"] == 16 * EACH
    assert text_of(path) == table(ROWS, true=expected)
    told = [e["data"]["revision"] for e in replicas[0].events() if e["type"] == "tagging.dataset.tagged"]
    assert told == list(range(1, 16 * EACH + 1))


def test_what_a_replica_knows_of_its_blocks_is_not_held_against_the_other(
    make_tagging: MakeTagging, new_database: NewDatabase
) -> None:
    url, chance = new_database(), random.Random(7)
    replicas = [make_tagging(database_url=url), make_tagging(database_url=url)]
    rows = [0, 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1]
    dataset = replicas[0].made(replicas[0].upload(table(2 * BLOCK + 10)))
    expected: set[tuple[int, int]] = set()
    versions = dict.fromkeys(rows, 0)
    for _ in range(250):
        service, row, code = chance.choice(replicas), chance.choice(rows), chance.choice([100, 101])
        if chance.random() < 0.1:
            done = service.mass(dataset, {"indices": [row]}, toggle=[str(code)])
        else:
            done = service.label(dataset, row, etag=f'"{versions[row]}"', toggle=[str(code)])
        assert done.status_code == 200, done.text
        expected ^= {(row, code)}
        versions[row] += 1
    for service in replicas:
        assert service.true(dataset) == expected
        check_counts(service, dataset)


def test_one_version_is_won_once(replicas: Sequence[Tagging]) -> None:
    """Sixteen say If-Match with the same version: one gets it."""
    dataset = replicas[0].made(replicas[0].upload(table(2)))

    def claim(writer: int) -> int:
        change: dict[str, Any] = {"toggle": [str(100 + writer % 3)]}
        return replicas[writer % len(replicas)].label(dataset, 0, etag='"0"', **change).status_code

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(claim, range(16))) == [200] + [412] * 15


def test_saves_through_both_replicas_hold_what_was_labelled_before(
    make_tagging: MakeTagging, new_database: NewDatabase
) -> None:
    url = new_database()
    replicas = [make_tagging(database_url=url), make_tagging(database_url=url)]
    dataset, path = replicas[0].same_file(200)

    def label_and_save(row: int) -> None:
        one, other = replicas[row % 2], replicas[(row + 1) % 2]
        assert one.label(dataset, row, set={"100": True}).status_code == 200
        assert other.save(dataset).status_code == 200
        assert text_of(path).split("\r\n")[row + 1].split(",")[2] == "True"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(label_and_save, range(40)))
    assert text_of(path) == table(200, true=[(row, 100) for row in range(40)])
    assert not replicas[0].dataset(dataset)["conflict"]


def test_one_replica_merges_while_the_other_is_worked_on(
    make_tagging: MakeTagging, new_database: NewDatabase
) -> None:
    """Rows change their places under who labels by path, reads and exports; nobody gets a crash."""
    url = new_database()
    first, second = make_tagging(database_url=url), make_tagging(database_url=url)
    dataset, path = first.same_file(1500)
    over = threading.Event()
    statuses: set[int] = set()
    labelled: list[int] = []

    def label() -> None:
        row = 0
        while not over.is_set() and row < 1500:
            done = second.label(dataset, row, set={"101": True})
            statuses.add(done.status_code)
            labelled.append(row)
            row += 1

    def read() -> None:
        while not over.is_set():
            for url in (
                "rows?limit=3&from=1400",
                "frames",
                "clips?limit=2",
                "export.csv",
                "history",
                "rows/7",
            ):
                statuses.add(second.get(f"/v1/datasets/{dataset}/{url}").status_code)

    threads = [threading.Thread(target=label), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            text = text_of(path)
            path.write_bytes(text.replace(f"note, {1499 - number}", "theirs").encode())
            assert first.save(dataset, on_conflict="merge").status_code == 200
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert statuses == {200}
    assert second.true(dataset) == {(row, 101) for row in labelled}
    assert first.save(dataset).status_code == 200
    assert text_of(path).count("True") == len(labelled)
    assert text_of(path).count("theirs") == 5
