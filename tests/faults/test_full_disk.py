"""A full disk: writing is refused with 507, reading goes on, and all is well again once there is room."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartStack
from tests.faults.ledger import Ledger
from tests.faults.uploads import Jpegs
from tests.scripts.stack_process import wait_until
from tests.stack import Stack, answers, wait_for_empty_staging

SIZES = [20_000, 3_000_000]  # one that is held in memory on its way, and one that is staged as a file
FULL = (507, "insufficient_storage")


class Fill:
    """A file that takes all the room that is left on the disk."""

    def __init__(self, place: Path) -> None:
        self._path = place / "fill"

    def take_all(self) -> None:
        """Write until there is no room for one byte more."""
        with self._path.open("ab", buffering=0) as file:
            piece = 1 << 20
            while piece:
                try:
                    piece = piece if os.write(file.fileno(), bytes(piece)) == piece else piece // 2
                except OSError:
                    piece //= 2

    def give_back(self) -> None:
        """Make room again."""
        self._path.unlink()


@pytest.fixture
def stack(small_disk: Path, start_stack: StartStack) -> Stack:
    """A stack with all that it writes, logs too, on the small disk."""
    return start_stack(data=small_disk / "data", services="imagestore")


def put(images: httpx2.Client, name: str, data: bytes) -> tuple[int, str]:
    """Upload: the status, and the problem's code."""
    answer = images.put(f"/v1/images/{name}", content=data)
    return answer.status_code, answer.json().get("code", "")


def post(images: httpx2.Client, name: str, data: bytes) -> tuple[int, str]:
    """The same by a form."""
    answer = images.post("/v1/images", files=[("files", (name, data))])
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("upload", [put, post])
def test_a_full_disk_refuses_writing_alone_and_for_no_longer_than_it_is_full(
    stack: Stack, small_disk: Path, size: int, upload: Callable[[httpx2.Client, str, bytes], tuple[int, str]]
) -> None:
    jpegs, ledger, fill = Jpegs(size), Ledger(), Fill(small_disk)
    with stack.images() as images:
        for name in ("one.jpg", "two.jpg"):
            data = jpegs.make(size)
            ledger.sending(name, data)
            assert upload(images, name, data)[0] == 201
            ledger.stored(name)
        pids = [stack.pid(name) for name in ("gateway", "imagestore")]
        fill.take_all()
        for number in range(3):
            assert upload(images, f"refused-{number}.jpg", jpegs.make(size)) == FULL
        assert images.patch("/v1/images/one.jpg", json={"add_tags": ["x" * 90]}).status_code in {200, 507}
        name_it_often(images, ledger, data)
        ledger.check(images)  # reads go on
        small = images.get("/v1/images/two.jpg/rendition", params={"width": "20", "format": "png"})
        assert (small.status_code, small.content[:4]) == (200, b"\x89PNG")
        fill.give_back()
        wait_until(lambda: answers(f"{stack.gateway_url}/readyz"))
        late = jpegs.make(size)
        ledger.sending("late.jpg", late)
        assert upload(images, "late.jpg", late) == (201, "")
        ledger.stored("late.jpg")
        ledger.check(images)
    assert [stack.pid(name) for name in ("gateway", "imagestore")] == pids  # nobody had to be started again
    wait_for_empty_staging(stack.data_dir)
    assert wrong_blobs(stack.data_dir) == []


def name_it_often(images: httpx2.Client, ledger: Ledger, data: bytes) -> None:
    """Give many names to bytes that are stored already: only the database has to grow for that."""
    codes = set()
    for number in range(40):
        ledger.sending(f"again-{number}.jpg", data)
        codes.add(put(images, f"again-{number}.jpg", data))
        if codes == {(201, "")}:
            ledger.stored(f"again-{number}.jpg")
    assert codes <= {(201, ""), FULL}
    assert FULL in codes


def wrong_blobs(data: Path) -> list[Path]:
    """Blobs that are not what their name says."""
    found = [path for path in (data / "imagestore" / "blobs" / "blobs").rglob("*") if path.is_file()]
    assert found
    return [path for path in found if sha256(path.read_bytes()).hexdigest() != path.name]


def test_signing_in_and_looking_around_work_on_a_full_disk(stack: Stack, small_disk: Path) -> None:
    fill = Fill(small_disk)
    fill.take_all()
    with stack.client() as client:
        assert client.get("/v1/session").json()["name"] == "admin"
        assert client.get("/api/imagestore/v1/images").status_code == 200
        signed = client.post("/v1/session", json={"key": stack.key})
        assert signed.status_code in {201, 507}
        fill.give_back()
        assert client.post("/v1/session", json={"key": stack.key}).status_code == 201
