"""Old clients on the whole stack: what they do, programs hear of at once, and the other way round."""

from pathlib import Path

import httpx2
import pytest

from bench.photos import photo
from tests.journeys.events import Program
from tests.legacy_clients.datasets import write_dataset
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.processing import ProcessingClient
from tests.legacy_clients.tagging import PARTIAL_CSV, TaggingClient
from tests.stack import Stack

JPEG = photo(160, 120)
OLD = "legacy 127.0.0.1"


@pytest.fixture(scope="module")
def address(stack: Stack) -> dict[str, tuple[str, int]]:
    """Where each old client connects to."""
    names = ("tagging", "imagestore", "processing")
    return {name: ("127.0.0.1", stack.ports[f"legacy_{name}"]) for name in names}


def test_an_image_of_an_old_client_is_told_of(stack: Stack, address: dict[str, tuple[str, int]]) -> None:
    with Program(stack, "imagestore.image.*") as program:
        ImageClient(address["imagestore"]).save("old but told.jpg", JPEG)
        (event,) = program.listen(1, lambda subject: subject == "images/old_but_told.jpg")
    assert event["type"] == "imagestore.image.created"
    assert (event["data"]["size"], event["data"]["by"]) == (len(JPEG), OLD)
    with stack.images() as client:
        assert client.get("/v1/images/old_but_told.jpg/content").content == JPEG


def test_labels_of_old_clients_and_of_people_are_the_same(
    stack: Stack, address: dict[str, tuple[str, int]], tmp_path: Path
) -> None:
    content = write_dataset(tmp_path / "set").read_bytes()
    with (
        stack.client() as people,
        Program(stack, "tagging.*") as program,
        TaggingClient(address["tagging"]) as old,
    ):
        people.base_url = f"{stack.gateway_url}/api/tagging"
        made = people.post("/v1/datasets", files={"data": ("data.csv", content)}).json()
        dataset, csv = made["id"], Path(made["csv_path"])
        assert made["state"] == "ready"
        old.open()
        assert old.change(3, 3, [True, False])
        events = program.listen(1, lambda subject: subject == f"datasets/{dataset}" and told(program))
        assert events[0]["data"]["by"] == OLD
        assert people.get(f"/v1/datasets/{dataset}/rows/3").json()["tags"]["100"] is True
        people.patch(f"/v1/datasets/{dataset}/rows/4/tags", json={"set": {"100": True}}).raise_for_status()
        old.send(PARTIAL_CSV)
        table = old.read_csv()
        assert table is not None
        assert [index for index, tagged in enumerate(table["tag_code_100"]) if tagged] == [3, 4]
        assert old.save()
        saved = [line.split(",")[3] for line in csv.read_text().splitlines()[1:]]
        assert saved.count("True") == 2


def told(program: Program) -> bool:
    """Whether the event that was just heard is of a label by an old client."""
    return bool(program.seen) and program.seen[-1]["data"].get("by") == OLD


def test_a_batch_of_an_old_client_is_a_job(stack: Stack, address: dict[str, tuple[str, int]]) -> None:
    with Program(stack, "processing.job.*") as program:
        app = ProcessingClient(address["processing"])
        app.upload([(JPEG, 2), (JPEG, 7)])
        results = app.read_all(2)
        app.close()
        kinds = set()
        while "processing.job.finished" not in kinds:
            (event,) = program.listen(1)
            kinds.add(event["type"])
    assert all(result.startswith(b"\xff\xd8") for result in results)
    with httpx2.Client(base_url=stack.gateway_url, trust_env=False) as anyone:
        assert anyone.get("/api/processing/v1/jobs").status_code == 401
