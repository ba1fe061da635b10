"""A new user with ten photos: three operations, progress on the WebSocket, the ZIP, and the image store."""

import asyncio
import io
import zipfile

from shared.clients.imagestore import ImageStoreClient
from shared.clients.processing import ProcessingClient
from shared.contracts.operations import PipelineStep
from shared.contracts.processing import JobRequest
from tests.journeys.events import Program
from tests.processing import noise
from tests.stack import Stack

STEPS = [
    PipelineStep(operation="gaussian_blur"),
    PipelineStep(operation="grey"),
    PipelineStep(operation="edge_detection"),
]
PHOTOS = [(f"walk-{number}.png", noise(100 + number, (320, 240))) for number in range(10)]


def test_ten_photos_three_operations(stack: Stack) -> None:
    async def walk() -> tuple[int, list[str], bytes, list[bytes]]:
        async with ProcessingClient(f"{stack.gateway_url}/api/processing", key=stack.key) as processing:
            job = await processing.submit(PHOTOS, STEPS, key="a walk")
            assert (await processing.submit(PHOTOS, STEPS, key="a walk")).id == job.id
            assert job.url == f"{stack.gateway_url}/api/processing/v1/jobs/{job.id}"
            items = [item async for item in processing.items(job.id)]
            assert [item.index for item in items] == list(range(10))
            results = [await processing.result(job.id, index) for index in range(10)]
            assert (await processing.finished(job.id)).state == "finished"
            return job.id, [item.state for item in items], await processing.results(job.id), results

    with Program(stack, "processing.job.*") as program:
        job, states, archive, results = asyncio.run(walk())
        mine = f"jobs/{job}"
        told: list[str] = []
        while not told or told[-1] != "processing.job.finished":
            (event,) = program.listen(1, lambda subject: subject == mine)
            told.append(event["type"])
            last = event["data"]
    assert told[:2] == ["processing.job.queued", "processing.job.started"]
    assert (last["done"], last["failed"], last["total"], last["by"]) == (10, 0, 10, "admin")
    assert states == ["finished"] * 10
    opened = zipfile.ZipFile(io.BytesIO(archive))
    done = "gaussian_blur-grey-edge_detection"
    assert opened.namelist() == [f"walk-{number}-{done}.png" for number in range(10)]
    assert [opened.read(name) for name in opened.namelist()] == results


def test_images_of_the_store_and_back(stack: Stack) -> None:
    async def walk() -> None:
        store = ImageStoreClient(f"{stack.gateway_url}/api/imagestore", key=stack.key)
        processing = ProcessingClient(f"{stack.gateway_url}/api/processing", key=stack.key)
        async with store, processing:
            await store.upload(PHOTOS[:2])
            names = [PHOTOS[0][0], "nobody-has-this.png", PHOTOS[1][0]]
            wanted = JobRequest(images=names, pipeline=STEPS[1:], store_results=True)
            job = await processing.finished((await processing.submit_names(wanted)).id)
            assert [item.state for item in job.items] == ["finished", "failed", "finished"]
            assert (job.items[1].error or {})["code"] == "image_not_found"
            assert job.result == {"finished": 2, "failed": 1, "stored": 2, "not_stored": 0}
            stored = [item.stored_name for item in job.items if item.stored_name]
            assert stored == ["walk-0-grey-edge_detection.png", "walk-1-grey-edge_detection.png"]
            for index, name in ((0, stored[0]), (2, stored[1])):
                assert await store.content(name) == await processing.result(job.id, index)
            again = await processing.finished((await processing.store(job.id)).id)
            assert [item.stored_name for item in again.items if item.stored_name] == stored
            assert [version.version for version in await store.versions(stored[0])] == [1]
            other = JobRequest(images=[PHOTOS[0][0]], pipeline=[*STEPS[1:], STEPS[0]][:2], store_results=True)
            same = await processing.finished((await processing.submit_names(other)).id)
            assert [item.stored_name for item in same.items] == [stored[0]]  # the same bytes: one image

    asyncio.run(walk())
