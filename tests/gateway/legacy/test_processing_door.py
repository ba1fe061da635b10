"""The old processing app at the door: results in order, in a shape that it can read, at any speed."""

import io
import socket
import time
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.photos import photo
from tests.legacy_clients.door import Door
from tests.legacy_clients.link import Link
from tests.legacy_clients.processing import END, GOT_IT, SENT, ProcessingClient
from tests.legacy_clients.service import Service
from tests.scripts.stack_process import wait_until

SMALL = photo(160, 120)


def pixels(content: bytes) -> NDArray[np.uint8]:
    """A JPEG or PNG decoded, (height, width, 3) in blue, green, red."""
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


def png(array: NDArray[np.uint8]) -> bytes:
    """The pixels as a PNG."""
    done, encoded = cv2.imencode(".png", array)
    assert done
    return encoded.tobytes()


def near(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Alike but for what JPEG loses."""
    return one.shape == other.shape and float(np.abs(one.astype(int) - other.astype(int)).mean()) < 6


def expected(digit: int, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What OpenCV makes of it with the parameters of protocols/processing.md."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    box = np.ones((5, 5), np.uint8)
    results = {
        1: lambda: cv2.Canny(grey, 90, 180),
        2: lambda: cv2.bitwise_not(image),
        5: lambda: cv2.fastNlMeansDenoisingColored(image, None, 10, 10, 7, 21),
        6: lambda: cv2.erode(image, box, iterations=1),
        7: lambda: cv2.dilate(image, box, iterations=1),
        8: lambda: cv2.equalizeHist(grey),
    }
    found = np.asarray(results[digit](), np.uint8)
    return found if found.ndim == 3 else np.asarray(cv2.cvtColor(found, cv2.COLOR_GRAY2BGR), np.uint8)


@pytest.mark.parametrize("digit", [1, 2, 5, 6, 7, 8])
def test_each_digit_is_its_operation(app: ProcessingClient, digit: int) -> None:
    app.upload([(SMALL, digit)])
    wanted = expected(digit, pixels(SMALL))
    if digit == 1:  # thin white lines, which JPEG blurs
        found = pixels(app.read_one())
        assert float(((found > 127) == (wanted > 127)).mean()) > 0.97
    else:
        assert near(pixels(app.read_one()), wanted)


def test_red_stays_red_and_corners_are_where_they_are(app: ProcessingClient) -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[:] = (0, 0, 200)  # red
    app.upload([(png(image), 2)])
    blue, green, red = pixels(app.read_one())[50, 50]
    assert (blue > 240, green > 240, red < 80) == (True, True, True)
    image[:] = 0
    image[10:40, 120:180] = 255  # its corners lie in the right half, where rows and columns differ
    app.upload([(png(image), 3)])
    found = pixels(app.read_one()).astype(int)
    drawn = (found[..., 2] > 150) & (found[..., 0] < 90) & (found[..., 1] < 90)
    rows, columns = np.nonzero(drawn)
    assert len(rows) > 20
    assert rows.max() < 50
    assert columns.min() > 110


def test_sift_draws_on_the_picture(app: ProcessingClient) -> None:
    app.upload([(SMALL, 4)])
    found = pixels(app.read_one())
    assert found.shape == pixels(SMALL).shape
    assert not near(found, pixels(SMALL)) or (found != pixels(SMALL)).any()


def colours(count: int) -> list[bytes]:
    """PNGs that tell themselves apart, large ones first, so that the last are ready first."""
    made = []
    for number in range(count):
        side = 400 - 30 * number
        made.append(png(np.full((side, side, 3), (number * 20, 255 - number * 20, 90), np.uint8)))
    return made


@pytest.mark.parametrize("pause", [0.0, 0.003])
def test_a_batch_comes_back_in_its_order_at_any_speed_of_the_reader(
    app: ProcessingClient, pause: float
) -> None:
    sent = colours(8)
    for _ in range(2):  # several batches a connection
        app.upload([(image, 2) for image in sent])
        found = app.read_all(len(sent), pause)
        for image, result in zip(sent, found, strict=True):
            assert near(pixels(result), 255 - pixels(image))


def test_over_a_bad_link(door: Door) -> None:
    sent = colours(3)
    with Link(door.address("processing"), segment=1200, pause=0.002) as link:
        app = ProcessingClient(link.address)
        app.upload([(image, 7) for image in sent])
        # the reader is faster than the link: only the last write, in one segment, may hold the marker
        for image in sent:
            assert near(pixels(app.read_one()), pixels(image))
        app.close()


def test_each_result_has_the_shape_that_the_clients_need(app: ProcessingClient) -> None:
    app.upload([(image, 2) for image in colours(3)])
    for number in range(3):
        received = b""
        while SENT not in received:
            received += app.connection.recv(65_536)
        assert received.endswith(SENT)
        assert len(received) > 8192
        assert 1200 < len(received) % 4096 < 4000
        app.connection.settimeout(0.1)
        with pytest.raises(TimeoutError):  # nothing more before the word that it is there
            app.connection.recv(1)
        app.connection.settimeout(30)
        if number < 2:
            app.connection.sendall(GOT_IT)


def test_nothing_but_the_word_for_each_image_comes_before_the_end_marker(app: ProcessingClient) -> None:
    for _ in range(3):
        app.send_image(SMALL)
        app.connection.sendall(b"2")
    app.connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        app.connection.recv(1)
    app.connection.settimeout(30)
    app.connection.sendall(END)
    assert len(app.read_all(3)) == 3


def test_an_image_that_cannot_be_processed_gets_a_picture_that_says_so(app: ProcessingClient) -> None:
    app.upload([(b"no image at all", 1), (SMALL, 2), (SMALL, 9), (b"", 1)])
    bad, good, unknown, empty = app.read_all(4)
    assert near(pixels(good), 255 - pixels(SMALL))
    for picture in (bad, unknown, empty):
        shown = Image.open(io.BytesIO(picture))
        assert (shown.format, shown.size) == ("JPEG", (640, 360))


def test_a_batch_is_a_job_and_a_client_that_leaves_cancels_it(
    app: ProcessingClient, processing: Service
) -> None:
    large = photo(1000, 750)
    with processing.client() as rest:
        app.upload([(large, 5)] * 6)
        wait_until(lambda: newest(rest)["progress"]["total"] == 6)
        assert newest(rest)["created_by"] == "legacy 127.0.0.1"
        app.close(politely=False)
        wait_until(lambda: newest(rest)["state"] == "cancelled")


def newest(rest: httpx2.Client) -> dict[str, Any]:
    """The newest job."""
    items = rest.get("/v1/jobs", params={"limit": 1}).json()["items"]
    return dict(items[0]) if items else {"progress": {"total": 0}}


def test_the_end_of_a_connection(door: Door) -> None:
    with socket.create_connection(door.address("processing")) as connection:
        connection.sendall(b"Close_Connection")
        assert connection.recv(1) == b""
    with socket.create_connection(door.address("processing")) as connection:
        connection.sendall(SMALL + SENT + b"x")
        assert connection.makefile("rb").read() == GOT_IT  # then closed: an operation is a digit


def test_bytes_one_at_a_time(app: ProcessingClient) -> None:
    app.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tiny = png(np.full((8, 8, 3), 200, np.uint8))
    for byte in tiny + SENT:
        app.connection.sendall(bytes([byte]))
        time.sleep(0.0005)
    assert app.connection.recv(4096) == GOT_IT
    for byte in b"2" + END:
        app.connection.sendall(bytes([byte]))
        time.sleep(0.0005)
    assert near(pixels(app.read_one()), np.full((8, 8, 3), 55, np.uint8))
