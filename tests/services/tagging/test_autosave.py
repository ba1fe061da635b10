"""Autosave: by count, by time or not at all, by whichever replica the changes come."""

from tests.gateway.serving import wait_until
from tests.postgres import NewDatabase
from tests.services.imagestore.store import problem
from tests.services.tagging.service import MakeTagging, Tagging, start_tagging, table, text_of


def test_by_count(either: Tagging) -> None:
    dataset, path = either.same_file(6, autosave={"every_changes": 3})
    for row in range(2):
        either.label(dataset, row, set={"100": True})
    assert text_of(path) == table(6)
    either.label(dataset, 0, set={"100": True})  # changes nothing, and does not count
    assert text_of(path) == table(6)
    either.undo(dataset)
    wait_until(lambda: text_of(path) == table(6, true=[(0, 100)]))
    wait_until(lambda: either.dataset(dataset)["saved_revision"] == 3)


def test_by_time(either: Tagging) -> None:
    dataset, path = either.same_file(6, autosave={"every_seconds": 0.1})
    either.mass(dataset, {"range": [0, 1]}, set={"100": True})
    wait_until(lambda: either.dataset(dataset)["saved_revision"] == 1)
    assert text_of(path) == table(6, true=[(0, 100), (1, 100)])
    either.label(dataset, 5, set={"102": True})
    wait_until(lambda: either.dataset(dataset)["saved_revision"] == 2)
    assert text_of(path) == table(6, true=[(0, 100), (1, 100), (5, 102)])


def test_set_and_taken_back(tagging: Tagging) -> None:
    dataset, path = tagging.same_file(6)
    tagging.label(dataset, 0, set={"100": True})
    url = f"/v1/datasets/{dataset}"
    told = tagging.patch(url, json={"autosave": {"every_changes": 1}}).json()
    assert told["autosave"] == {"every_changes": 1, "every_seconds": None}
    wait_until(lambda: text_of(path) == table(6, true=[(0, 100)]))  # it was behind already
    assert tagging.patch(url, json={"autosave": {}}).json()["autosave"]["every_changes"] is None
    tagging.label(dataset, 1, set={"100": True})
    assert tagging.dataset(dataset)["saved_revision"] == 1
    for wrong in ({"every_changes": 0}, {"every_seconds": 0}, {"every_seconds": "NaN"}, {"every_day": 1}):
        assert problem(tagging.patch(url, json={"autosave": wrong})) == (422, "validation_failed")


def test_a_dataset_that_took_a_while_saves_too(make_tagging: MakeTagging) -> None:
    service = make_tagging(import_at_once_bytes=10)
    service.put_file("trip.csv", table(6))
    path = service.roots / "trip.csv"
    answer = service.open("trip.csv", save_to="same_file", autosave={"every_changes": 1})
    dataset = service.made(answer)
    service.label(dataset, 0, set={"100": True})
    wait_until(lambda: service.dataset(dataset)["saved_revision"] == 1)
    assert text_of(path) == table(6, true=[(0, 100)])


def test_changes_by_two_replicas_count_together(make_tagging: MakeTagging, new_database: NewDatabase) -> None:
    url = new_database()
    first, second = make_tagging(database_url=url), make_tagging(database_url=url)
    dataset, path = first.same_file(6, autosave={"every_changes": 2})
    second.label(dataset, 0, set={"100": True})
    wait_until(lambda: first.dataset(dataset)["revision"] == 1)
    first.label(dataset, 1, set={"100": True})
    wait_until(lambda: first.dataset(dataset)["saved_revision"] == 2)
    assert text_of(path) == table(6, true=[(0, 100), (1, 100)])
    second.label(dataset, 2, set={"100": True})
    second.label(dataset, 3, set={"100": True})
    wait_until(lambda: first.dataset(dataset)["saved_revision"] >= 3)  # at most one change is not saved
    assert text_of(path) in [table(6, true=[(row, 100) for row in range(labelled)]) for labelled in (3, 4)]


def test_it_does_not_write_over_others(tagging: Tagging) -> None:
    dataset, path = tagging.same_file(6, autosave={"every_changes": 1})
    path.write_text("theirs")
    tagging.label(dataset, 0, set={"100": True})
    wait_until(lambda: tagging.dataset(dataset)["conflict"])
    assert path.read_text() == "theirs"
    tagging.save(dataset, on_conflict="replace")
    tagging.label(dataset, 1, set={"100": True})
    wait_until(lambda: text_of(path) == table(6, true=[(0, 100), (1, 100)]))


def test_it_goes_on_after_a_start(make_tagging: MakeTagging, tmp_path: object) -> None:
    with start_tagging(tmp_path) as first:  # type: ignore[arg-type]
        dataset, path = first.same_file(6, autosave={"every_changes": 2})
    second = make_tagging()
    second.label(dataset, 0, set={"100": True})
    second.label(dataset, 1, set={"100": True})
    wait_until(lambda: second.dataset(dataset)["saved_revision"] == 2)
    assert text_of(path) == table(6, true=[(0, 100), (1, 100)])
