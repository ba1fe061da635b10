"""The old image client at the door: what it saves, lists and gets is the image store's."""

import socket
import time
from contextlib import suppress

import pytest

from bench.photos import copies, photo
from tests.legacy_clients.door import Door
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.link import Link
from tests.legacy_clients.service import Service
from tests.scripts.stack_process import wait_until

JPEG = photo(320, 240)


def test_what_is_saved_is_returned_and_rest_has_it(images: ImageClient, imagestore: Service) -> None:
    images.save("my holiday.jpg", JPEG)
    name, size, content = images.fetch("my holiday.jpg")
    assert (name, size) == ("my_holiday.jpg", len(JPEG))
    assert content == JPEG
    with imagestore.client() as rest:
        assert rest.get("/v1/images/my_holiday.jpg/content").content == JPEG
        events = rest.get("/v1/images/my_holiday.jpg").json()
    assert events["version"] == 1


def test_a_name_that_is_saved_again_is_overwritten_and_keeps_its_versions(
    images: ImageClient, imagestore: Service
) -> None:
    first, second = copies(photo(64, 48), 2)
    images.save("twice.jpg", first)
    images.save("twice.jpg", second)
    assert images.fetch("twice.jpg")[2] == second
    with imagestore.client() as rest:
        versions = rest.get("/v1/images/twice.jpg/versions").json()["items"]
        assert [one["version"] for one in versions] == [2, 1]
        old = rest.get("/v1/images/twice.jpg/content", params={"digest": versions[1]["digest"]})
    assert old.content == first


def test_the_list_is_newest_first_and_never_over_one_read(images: ImageClient, imagestore: Service) -> None:
    names = [f"listed-{number:03}-{'x' * 60}.png" for number in range(70)]
    contents = copies(photo(32, 24), len(names))
    with imagestore.client() as rest:
        for name, content in zip(names, contents, strict=True):
            rest.put(f"/v1/images/{name}", content=content).raise_for_status()
        rest.put("/v1/images/a,comma.jpg", content=JPEG).raise_for_status()
    listed = images.listing()
    assert listed == names[::-1][: len(listed)]
    assert 50 < len(listed) < 60


def test_a_name_that_is_not_there_closes_without_a_byte(images: ImageClient, door: Door) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        images.fetch("nobody.jpg")
    wait_until(lambda: "nobody.jpg" in door.said())


@pytest.mark.parametrize("name", ["../secret.jpg", "a/b.jpg", "a\\b.jpg", ".hidden.jpg", "-flag.jpg"])
def test_names_with_a_path_are_refused(images: ImageClient, imagestore: Service, name: str) -> None:
    with suppress(ConnectionError):  # closed as ever: there is no error reply
        images.save(name, JPEG)
    with pytest.raises((ValueError, ConnectionError)):
        images.fetch(name)
    with imagestore.client() as rest:
        names = [one["name"] for one in rest.get("/v1/images", params={"limit": 1000}).json()["items"]]
    assert not [one for one in names if one.endswith(("secret.jpg", "b.jpg", "hidden.jpg", "flag.jpg"))]


def test_the_first_read_of_a_return_is_the_header_alone_at_any_speed(images: ImageClient, door: Door) -> None:
    images.save("apart.jpg", JPEG)
    for pause in (0.0, 0.01):
        with socket.create_connection(door.address("imagestore")) as connection:
            connection.sendall(b"return,apart.jpg,N/A")
            time.sleep(pause)
            assert connection.recv(4069) == b"apart.jpg,%d" % len(JPEG)
            assert connection.makefile("rb").read() == JPEG


def test_a_client_that_ends_too_early_stores_nothing(door: Door, imagestore: Service) -> None:
    for size in (len(JPEG), 5_000_000):
        with socket.create_connection(door.address("imagestore")) as connection:
            connection.sendall(b"save,half-%d.jpg,%d" % (size, size) + JPEG[:-1])
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""
        with imagestore.client() as rest:
            assert rest.get(f"/v1/images/half-{size}.jpg").status_code == 404


def test_a_large_file_is_whole_again(images: ImageClient, imagestore: Service) -> None:
    large = JPEG + b"\0" * 3_000_000
    images.save("large.jpg", large)
    assert images.fetch("large.jpg")[2] == large


def test_over_a_bad_link(door: Door) -> None:
    with Link(door.address("imagestore"), segment=700, pause=0.0005) as link:
        client = ImageClient(link.address)
        client.save("far away.jpg", JPEG)
        assert client.fetch("far away.jpg")[1:] == (len(JPEG), JPEG)
        assert "far_away.jpg" in client.listing()


def test_a_header_that_comes_byte_by_byte(door: Door, images: ImageClient) -> None:
    with socket.create_connection(door.address("imagestore")) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"save,slow.jpg,%d" % len(JPEG) + JPEG[:40]:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        connection.sendall(JPEG[40:])
        assert connection.recv(1) == b""
    assert images.fetch("slow.jpg")[2] == JPEG
