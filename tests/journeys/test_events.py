"""Programs on the event socket: they see each upload, are cut off, and miss nothing."""

import pytest

from tests.conftest import StartStack
from tests.journeys.events import Program, sequence
from tests.journeys.photos import photo, ten_photos
from tests.stack import Stack


def put(stack: Stack, *names: str) -> None:
    """Put an image in under each name."""
    data = photo("moon.png").data
    with stack.images() as client:
        for name in names:
            client.put(f"/v1/images/{name}", content=data).raise_for_status()


def subjects(events: list[dict[str, object]]) -> list[object]:
    """What events are about."""
    return [event["subject"] for event in events]


def test_each_upload_is_told_with_what_rest_tells(stack: Stack) -> None:
    photos = ten_photos()
    with Program(stack, "imagestore.*") as program, stack.images() as client:
        form = [("files", (f"told-{one.name}", one.data)) for one in photos]
        stored = client.post("/v1/images", files=form).json()["items"]
        events = program.listen(10, lambda subject: subject.startswith("images/told-"))
    assert subjects(events) == [f"images/told-{one.name}" for one in photos]
    for one, event, result in zip(photos, events, stored, strict=True):
        assert event["type"] == "imagestore.image.created"
        assert (event["specversion"], event["source"]) == ("1.0", "/imagestore")
        told = {key: value for key, value in result["image"].items() if not key.endswith("url")}
        assert event["data"] == {**told, "by": "admin"}
        assert event["data"]["digest"] == one.digest
    places = [sequence(event) for event in events]
    assert places == sorted(set(places))


def test_a_program_that_was_cut_off_gets_what_it_missed_exactly_once(stack: Stack) -> None:
    with Program(stack, "imagestore.*") as program:
        put(stack, "cut-1.png", "cut-2.png")
        assert len(program.listen(2, is_cut)) == 2
        program.cut()
        place = program.place
    put(stack, "cut-3.png", "cut-4.png", "cut-5.png")
    with stack.images() as client:
        client.patch("/v1/images/cut-3.png", json={"add_tags": ["late"]}).raise_for_status()
    with Program(stack, "imagestore.*", after=place) as program:
        missed = program.listen(4, is_cut)
        put(stack, "cut-6.png")
        missed += program.listen(1, is_cut)
        seen = program.seen
    assert [(event["subject"], event["type"].rpartition(".")[2]) for event in missed] == [
        ("images/cut-3.png", "created"),
        ("images/cut-4.png", "created"),
        ("images/cut-5.png", "created"),
        ("images/cut-3.png", "updated"),
        ("images/cut-6.png", "created"),
    ]
    places = [sequence(event) for event in seen]
    assert places == list(range(place + 1, place + 1 + len(places)))  # none twice, none left out


def is_cut(subject: str) -> bool:
    """Whether the subject is one of the test's own."""
    return subject.startswith("images/cut-")


def test_topics_let_through_what_was_asked_for_alone(stack: Stack) -> None:
    with Program(stack, "imagestore.image.deleted") as program, stack.images() as client:
        put(stack, "topic-a.png", "topic-b.png")
        client.delete("/v1/images/topic-a.png").raise_for_status()
        client.delete("/v1/images/topic-b.png").raise_for_status()
        events = program.listen(2, lambda subject: subject.startswith("images/topic-"))
        assert subjects(program.seen) == subjects(events) == ["images/topic-a.png", "images/topic-b.png"]


@pytest.mark.parametrize("killed", ["imagestore", "gateway"])
def test_a_restart_behind_open_sockets_loses_no_event(start_stack: StartStack, killed: str) -> None:
    stack = start_stack(services="imagestore")
    with Program(stack, "imagestore.*") as program:
        put(stack, "before-1.png", "before-2.png")
        assert len(program.listen(2)) == 2
        pid = stack.kill(killed)
        stack.wait_until_back(killed, pid)
        put(stack, "after-1.png", "after-2.png")
        if killed == "imagestore":  # the socket is the gateway's, and has stayed open
            program.listen(2)
            seen = program.seen
        else:
            with Program(stack, "imagestore.*", after=program.place) as again:
                seen = program.seen + again.listen(2)
    assert subjects(seen) == [f"images/{one}.png" for one in ("before-1", "before-2", "after-1", "after-2")]
    assert [sequence(event) for event in seen] == [1, 2, 3, 4]
