"""System calls: made in the order that durability needs, and without a false success when they fail."""

from pathlib import Path

import pytest

from tests.conftest import StartImageStore
from tests.faults.ledger import Ledger
from tests.faults.tracing import Trace
from tests.faults.uploads import Jpegs
from tests.scripts.stack_process import wait_until
from tests.stack import ImageStore, answers, staged_files

SMALL = 20_000  # bytes: held in memory on its way
LARGE = 3_000_000  # staged as a file
DURABLE = "fsync,fdatasync,rename,write,sendto,sendmsg,writev"


def calls_of_an_upload(store: ImageStore, strace: str, output: Path, size: int) -> list[tuple[str, str]]:
    """What the store asks of the kernel from an upload's first byte to its answer."""
    data = Jpegs(1).make(size)
    with store.images() as images, Trace(strace, store.process.pid, output, DURABLE) as trace:
        assert images.put("/v1/images/one.jpg", content=data).status_code == 201
        wait_until(lambda: "201 Created" in output.read_text(errors="replace"))
    calls = trace.calls()
    answered = next(place for place, (_, given) in enumerate(calls) if "201 Created" in given)
    return calls[:answered]


def check_order(calls: list[tuple[str, str]]) -> None:
    """Bytes, their name, the folder, the row. Raises AssertionError where a power cut could lose one."""
    names = [name for name, _ in calls]
    assert "rename" in names, "answered before the bytes had their name"
    renamed = names.index("rename")
    assert "fsync" in names[:renamed], "named before the bytes were on disk"
    after = names[renamed:]
    assert "fsync" in after, "answered before the folder was on disk"
    assert "fdatasync" in after[after.index("fsync") :], "answered before the row was on disk"


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_success_is_told_after_bytes_folder_and_row_are_on_disk(
    start_imagestore: StartImageStore, strace: str, tmp_path: Path, size: int
) -> None:
    check_order(calls_of_an_upload(start_imagestore(), strace, tmp_path / "trace", size))


def test_a_careless_order_is_found_out(
    start_imagestore: StartImageStore, strace: str, tmp_path: Path
) -> None:
    careless = start_imagestore(command=["-m", "tests.faults.careless", "imagestore"])
    calls = calls_of_an_upload(careless, strace, tmp_path / "trace", SMALL)
    with pytest.raises(AssertionError, match="answered before"):
        check_order(calls)


@pytest.mark.parametrize(
    ("inject", "status", "size"),
    [
        ("fsync:error=ENOSPC", 507, LARGE),
        ("rename:error=EIO", 500, SMALL),
        ("pwrite64:error=ENOSPC", 507, SMALL),
        ("fdatasync:error=EIO", 500, SMALL),
        pytest.param("fsync:error=ENOSPC", 507, SMALL, marks=pytest.mark.faults),
        pytest.param("fsync:error=EIO", 500, SMALL, marks=pytest.mark.faults),
        pytest.param("fsync:error=EIO", 500, LARGE, marks=pytest.mark.faults),
        pytest.param("rename:error=ENOSPC", 507, SMALL, marks=pytest.mark.faults),
        pytest.param("rename:error=ENOSPC", 507, LARGE, marks=pytest.mark.faults),
        pytest.param("rename:error=EIO", 500, LARGE, marks=pytest.mark.faults),
        pytest.param("pwrite64:error=ENOSPC", 507, LARGE, marks=pytest.mark.faults),
        pytest.param("fdatasync:error=EIO", 500, LARGE, marks=pytest.mark.faults),
    ],
)
def test_a_failing_call_is_no_success_and_passes(
    start_imagestore: StartImageStore, strace: str, tmp_path: Path, inject: str, status: int, size: int
) -> None:
    store = start_imagestore()
    ledger, jpegs = Ledger(), Jpegs(size)
    with store.images() as images:
        put(store, ledger, "before.jpg", jpegs.make(size), 201)
        calls = inject.partition(":")[0]
        with Trace(strace, store.process.pid, tmp_path / "trace", calls, inject) as trace:
            for number in range(3):
                put(store, ledger, f"during-{number}.jpg", jpegs.make(size), status)
        assert len(trace.calls()) >= 3
        assert store.process.poll() is None
        ledger.check(images)
        wait_until(lambda: answers(f"{store.url}/readyz"))
        for number in range(3):
            put(store, ledger, f"during-{number}.jpg", jpegs.make(size), 201)
        ledger.check(images)
    wait_until(lambda: not staged_files(store.data_dir), lambda: f"{staged_files(store.data_dir)}")
    store.close()
    with start_imagestore(data=store.data_dir).images() as images:
        ledger.check(images)


def put(store: ImageStore, ledger: Ledger, name: str, data: bytes, status: int) -> None:
    """Upload, and see the answer. 201 means success here, also where a new version is made."""
    ledger.sending(name, data)
    with store.images() as images:
        answer = images.put(f"/v1/images/{name}", content=data)
    expected = {200, 201} if status == 201 else {status}
    assert answer.status_code in expected, answer.text
    if answer.status_code in {200, 201}:
        ledger.stored(name)
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "/" not in answer.json()["detail"]  # no path of ours
