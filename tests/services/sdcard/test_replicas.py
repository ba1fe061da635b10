"""Two services on one database: one refreshes and one scans at a time, and both show the same."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.postgres import NewDatabase
from tests.services.sdcard.browser import Browser, MakeBrowser

DATE = "2026-11-20"


def both(make_browser: MakeBrowser, new_database: NewDatabase, key: str) -> list[Browser]:
    """Replicas with one key for credentials; pictures are each one's own."""
    url = new_database()
    return [make_browser(database_url=url, credentials_key=key) for _ in range(2)]


KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTAwMDA="


def test_what_one_learns_the_other_shows(
    make_browser: MakeBrowser, new_database: NewDatabase, sample_cameras: Any
) -> None:
    camera = sample_cameras("simulated")
    replicas = both(make_browser, new_database, KEY)
    replicas[0].online("cam1", camera)
    assert replicas[1].seen("cam1")["clips"] == 70
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda n: replicas[n % 2].seen("cam1"), range(16)))
    assert {state["state"] for state in states} == {"online"}
    ids = [item["id"] for item in replicas[1].clips("cam1", DATE)]
    assert Counter(ids) == Counter(item["id"] for item in replicas[0].clips("cam1", DATE))
    assert len(ids) == len(set(ids)) == 36


def test_each_scan_is_run_by_one_of_them(
    make_browser: MakeBrowser, new_database: NewDatabase, sample_cameras: Any
) -> None:
    replicas = both(make_browser, new_database, KEY)
    replicas[0].online("cam1", sample_cameras("simulated"))
    started = [
        replicas[n % 2].post("/v1/cameras/cam1/scans", json={"date": DATE, "hour": hour}).json()["id"]
        for n, hour in enumerate((9, 10, 11))
    ]
    ended = [replicas[(n + 1) % 2].ended(job) for n, job in enumerate(started)]
    assert [job["state"] for job in ended] == ["finished"] * 3
    assert sum(job["result"]["read"] for job in ended) == 35
    begun = Counter(
        event["subject"] for event in replicas[0].events() if event["type"] == "sdcard.job.started"
    )
    assert begun == {f"jobs/{job}": 1 for job in started}


def test_one_id_is_added_once(make_browser: MakeBrowser, new_database: NewDatabase) -> None:
    replicas = both(make_browser, new_database, KEY)

    def add(number: int) -> int:
        body = {"id": f"Cam{number // 8}", "host": "10.0.0.1"}
        return replicas[number % 2].post("/v1/cameras", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(add, range(32)))
    assert Counter(statuses) == {201: 4, 409: 28}
