"""The old tagging client at the door: what it sees and does is the dataset's, in order and at once."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.gateway.legacy.conftest import StartDoor
from tests.legacy_clients import tagging as wire
from tests.legacy_clients.datasets import open_dataset, row_paths, write_dataset
from tests.legacy_clients.door import Door
from tests.legacy_clients.link import Link
from tests.legacy_clients.service import Service
from tests.legacy_clients.tagging import CLIPS, PARTIAL_CSV, SAVE, TAGS, Refused, TaggingClient

numbers = itertools.count()
ROWS = 24


@pytest.fixture
def rest(tagging: Service) -> Iterator[httpx2.Client]:
    """The tagging service by REST."""
    with tagging.client() as client:
        yield client


@pytest.fixture
def dataset(place: Path, rest: httpx2.Client) -> tuple[int, Path]:
    """The newest dataset, made for this test: its id and its CSV."""
    csv = write_dataset(place / f"set-{next(numbers)}")
    return open_dataset(rest, csv), csv


def test_what_the_client_asks_for_on_connecting(dataset: tuple[int, Path], annotator: TaggingClient) -> None:
    tags, table, clips = annotator.open()
    assert tags == ["pedestrian", "101_fallback"]
    assert list(table.columns) == ["tag_code_100", "tag_code_101"]
    expected = [[False, frame == 1] for _clip in range(3) for frame in range(4) for _camera in range(2)]
    assert table.to_numpy().tolist() == expected
    assert clips == [(0, 8, 2), (8, 16, 2), (16, 24, 2)]


def test_images_are_the_files_as_they_are_in_index_order(
    dataset: tuple[int, Path], annotator: TaggingClient
) -> None:
    paths = row_paths(dataset[1].parent)
    annotator.send(*(wire.image(index) for index in range(ROWS)))
    for index, path in enumerate(paths):
        assert annotator.read_image(index) == path.read_bytes()


def test_replies_come_in_the_order_of_the_requests(
    dataset: tuple[int, Path], annotator: TaggingClient
) -> None:
    paths = row_paths(dataset[1].parent)
    one = (wire.image(0), wire.change(0, 3, [True, False]), TAGS, SAVE, wire.image(99), CLIPS, PARTIAL_CSV)
    for _ in range(20):
        annotator.send(*one)
    for _ in range(20):
        assert annotator.read_image(0) == paths[0].read_bytes()
        assert annotator.read_done(3)
        assert annotator.read_tags() == ["pedestrian", "101_fallback"]
        assert annotator.read_done(4)
        assert annotator.read_image(99) == Refused("there is no row 99; the last is 23")
        assert annotator.read_clips() == [(0, 8, 2), (8, 16, 2), (16, 24, 2)]
        table = annotator.read_csv()
        assert table is not None
        assert table["tag_code_100"].tolist() == [True] * 4 + [False] * 20


def test_a_save_that_is_answered_holds_every_change_before_it(
    dataset: tuple[int, Path], annotator: TaggingClient
) -> None:
    csv = dataset[1]
    names = [str(path) for path in row_paths(csv.parent)]
    for index in range(ROWS):
        annotator.send(wire.change(index, index, [True, True]), SAVE)
        assert annotator.read_done(3)
        assert annotator.read_done(4)
        rows = [line.split(",") for line in csv.read_text().splitlines()[1:]]
        tagged = {row[0] for row in rows if row[3] == "True" and row[4] == "True"}
        assert tagged == set(names[: index + 1])
    assert all(row[5] == "kept" for row in rows)


def test_changes_of_one_row_happen_in_their_order(
    dataset: tuple[int, Path], annotator: TaggingClient, rest: httpx2.Client
) -> None:
    for first, last in ((5, 5), (4, 6), (5, 5)) * 10:
        annotator.send(wire.change(first, last, [first == 4, True]))
    annotator.send(PARTIAL_CSV)
    assert all(annotator.read_done(3) for _ in range(30))
    table = annotator.read_csv()
    assert table is not None
    assert table["tag_code_100"].tolist()[3:8] == [False, True, False, True, False]


def test_labels_made_elsewhere_show_up_and_ours_do_elsewhere(
    dataset: tuple[int, Path], annotator: TaggingClient, rest: httpx2.Client
) -> None:
    url = f"/v1/datasets/{dataset[0]}"
    rest.patch(f"{url}/rows/7/tags", json={"set": {"100": True}}).raise_for_status()
    annotator.send(PARTIAL_CSV)
    table = annotator.read_csv()
    assert table is not None
    assert table["tag_code_100"].tolist() == [index == 7 for index in range(ROWS)]
    assert annotator.change(2, 3, [True, False])
    assert rest.get(f"{url}/rows/3").json()["tags"] == {"100": True, "101": False}
    newest = rest.get(f"{url}/history").json()["items"][0]
    assert (newest["by"], newest["first_row"], newest["last_row"]) == ("legacy 127.0.0.1", 2, 3)
    with rest.stream("GET", "/v1/events", params={"after": 0}) as events:
        told = (line for line in events.iter_lines() if f'"datasets/{dataset[0]}"' in line)
        assert any('"legacy 127.0.0.1"' in line for line in told)


@pytest.mark.parametrize(
    ("request_bytes", "message"),
    [
        (wire.change(0, ROWS, [True, True]), "there is no row 24; the last is 23"),
        (wire.change(2**32 - 1, 2**32 - 1, [True, True]), "there is no row 4294967295; the last is 23"),
        (wire.change(3, 2, [True, True]), "rows 3 to 2: the first is behind the last"),
        (wire.change(0, 0, [True]), "a change sets all 2 tags; 1 came"),
        (wire.change(0, 0, [True] * 1000), "a change sets all 2 tags; 1000 came"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_the_client_goes_on(
    dataset: tuple[int, Path], annotator: TaggingClient, request_bytes: bytes, message: str
) -> None:
    annotator.send(request_bytes, TAGS)
    assert annotator.read_message(3) == Refused(message)
    assert annotator.read_tags() == ["pedestrian", "101_fallback"]
    # the old client reads the status alone, and drops the rest as stray bytes
    annotator.send(request_bytes, SAVE)
    assert not annotator.read_done(3)
    assert annotator.read_done(4)


def test_a_save_over_another_program_s_changes_is_an_error(
    dataset: tuple[int, Path], annotator: TaggingClient
) -> None:
    csv = dataset[1]
    assert annotator.change(0, 0, [True, True])
    theirs = csv.read_text().replace("kept", "theirs")
    csv.write_text(theirs)
    assert not annotator.save()
    assert csv.read_text() == theirs


def test_an_image_that_is_missing_is_an_error(dataset: tuple[int, Path], annotator: TaggingClient) -> None:
    paths = row_paths(dataset[1].parent)
    paths[3].unlink()
    assert isinstance(annotator.image(3), Refused)
    assert annotator.image(4) == paths[4].read_bytes()


def test_a_stray_index_behind_clips(dataset: tuple[int, Path], annotator: TaggingClient) -> None:
    for index in (0, 1, 255, 65535, 2**32 - 1):
        annotator.send(CLIPS + index.to_bytes(4, "big") + TAGS)
        assert annotator.read_clips() == [(0, 8, 2), (8, 16, 2), (16, 24, 2)]
        assert annotator.read_tags() == ["pedestrian", "101_fallback"]


def test_a_client_that_leaves_at_once_has_still_labelled_and_saved(
    dataset: tuple[int, Path], door: Door
) -> None:
    csv = dataset[1]
    with TaggingClient(door.address("tagging")) as client:
        client.send(wire.change(0, 23, [True, True]), SAVE)
        client.connection.shutdown(1)  # nothing more to say
        assert client.read_done(3)
        assert client.read_done(4)
    assert csv.read_text().count(",True,True,kept") == ROWS


def test_a_client_that_does_not_read_stops_being_served_and_others_do_not(
    dataset: tuple[int, Path], door: Door, annotator: TaggingClient
) -> None:
    with TaggingClient(door.address("tagging")) as lazy:
        lazy.connection.settimeout(1)
        requests = b"".join(wire.image(index % ROWS) for index in range(2_000_000))
        with pytest.raises(TimeoutError):  # far more than buffers hold
            lazy.send(requests)
        assert annotator.open()[0] == ["pedestrian", "101_fallback"]
        assert annotator.change(1, 1, [True, True])


def test_by_id_and_by_name(place: Path, rest: httpx2.Client, tagging: Service, start_door: StartDoor) -> None:
    ids: list[int] = []
    for name in ("first of two", "second of two"):
        csv = write_dataset(place / f"set-{next(numbers)}", clips=len(ids) + 1)
        ids.append(open_dataset(rest, csv, name=name))
    for wanted in (str(ids[0]), "first of two"):
        door = start_door({"tagging": tagging.url}, DARKROOM_LEGACY_DATASET=wanted)
        with TaggingClient(door.address("tagging")) as client:
            assert client.open()[2] == [(0, 8, 2)]
        door.close()
    door = start_door({"tagging": tagging.url}, DARKROOM_LEGACY_DATASET="none of two")
    with TaggingClient(door.address("tagging")) as client:
        client.send(TAGS, PARTIAL_CSV, CLIPS, wire.image(0), SAVE)
        missing = Refused("there is no dataset none of two")
        assert client.read_tags() == missing
        assert client.read_csv() is None
        assert client.read_clips() is None
        assert client.read_image(0) == missing
        assert client.read_message(4) == missing


def test_over_a_bad_link(dataset: tuple[int, Path], door: Door) -> None:
    paths = row_paths(dataset[1].parent)
    with (
        Link(door.address("tagging"), segment=53, pause=0.0002) as link,
        TaggingClient(link.address) as client,
    ):
        assert client.open()[0] == ["pedestrian", "101_fallback"]
        client.send(wire.image(3), wire.change(3, 3, [True, False]), wire.image(4))
        assert client.read_image(3) == paths[3].read_bytes()
        assert client.read_done(3)
        assert client.read_image(4) == paths[4].read_bytes()
