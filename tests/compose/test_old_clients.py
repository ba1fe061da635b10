"""Old clients on the published ports, as they would reach a container from this machine."""

import io

import pytest
from PIL import Image

from bench.photos import photo
from tests.compose.stack import ComposeStack
from tests.legacy_clients.datasets import CAMERAS, open_dataset, row_paths, write_dataset
from tests.legacy_clients.imagestore import ImageClient
from tests.legacy_clients.processing import ProcessingClient
from tests.legacy_clients.tagging import TaggingClient

pytestmark = pytest.mark.compose
JPEG = photo(160, 120)


def address(stack: ComposeStack, name: str) -> tuple[str, int]:
    """Where an old client connects to."""
    return ("127.0.0.1", stack.ports[f"legacy_{name}"])


def test_an_old_client_s_image_is_in_the_store(stack: ComposeStack) -> None:
    client = ImageClient(address(stack, "imagestore"))
    client.save("old.jpg", JPEG)
    assert "old.jpg" in client.listing()
    assert client.fetch("old.jpg")[1:] == (len(JPEG), JPEG)
    with stack.images() as images:
        assert images.get("/v1/images/old.jpg/content").content == JPEG


def test_an_old_client_s_batch_is_worked_on(stack: ComposeStack) -> None:
    client = ProcessingClient(address(stack, "processing"))
    client.upload([(JPEG, 2), (JPEG, 7)])
    results = client.read_all(2)
    client.close()
    assert [Image.open(io.BytesIO(result)).size for result in results] == [(160, 120)] * 2


def test_an_old_client_labels_a_folder_of_this_machine(stack: ComposeStack) -> None:
    folder = stack.pictures / "old"
    csv = write_dataset(folder)
    for path in (folder, csv):
        path.chmod(0o777)  # the containers run as a user of their own
    with stack.client() as people, TaggingClient(address(stack, "tagging")) as old:
        people.base_url = f"{stack.gateway_url}/api/tagging"
        dataset = open_dataset(people, csv)
        old.open()
        assert old.image(1) == row_paths(folder)[1].read_bytes()
        assert old.change(2, 2, [True, False])
        assert people.get(f"/v1/datasets/{dataset}/rows/2").json()["tags"]["100"] is True
        assert old.save()
    lines = csv.read_text().splitlines()[1:]
    assert [line.split(",")[3] for line in lines].count("True") == 1
    assert len(lines) == 3 * 4 * len(CAMERAS)
