"""Two replicas of each service and of the gateway behind one address: nothing lost, nothing doubled."""

import io
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from websockets.sync.client import connect

from tests.deployment.replicas import Replicas
from tests.scripts.stack_process import wait_until

ROWS = 60
PIPELINE = json.dumps([{"operation": "gaussian_blur", "parameters": {"kernel": 5}}])


def picture(number: int) -> bytes:
    """A PNG that no other number has."""
    out = io.BytesIO()
    Image.new("RGB", (160, 120), (number % 256, number // 256, 77)).save(out, "PNG")
    return out.getvalue()


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """The results of `work(0)` to `work(count - 1)`, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, range(count)))


def told(replicas: Replicas, service: str, number: int) -> list[dict[str, Any]]:
    """All events of a service, as one of its replicas tells them."""
    client = replicas.direct(service, number)
    text = client.get("/v1/events", params={"after": 0, "follow": "false"}).text
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith('data: {"specversion"')]


def test_a_key_revoked_at_one_gateway_is_refused_at_the_other(replicas: Replicas) -> None:
    one = replicas.client(0)
    made = one.post("/v1/keys", json={"name": "a colleague", "scopes": ["read"]}).json()
    other = replicas.client(1, "imagestore", made["key"])
    assert other.get("/v1/images").status_code == 200  # and the other gateway remembers it
    assert one.delete(f"/v1/keys/{made['id']}").status_code == 204
    wait_until(lambda: other.get("/v1/images").status_code == 401, replicas.said)
    named = [key["name"] for key in one.get("/v1/keys").json()["items"]]
    assert "a colleague" not in named


def test_a_camera_added_at_one_is_known_to_the_other(replicas: Replicas) -> None:
    camera = {"id": "cam1", "host": "10.9.8.7", "user": "camera", "password": "a secret"}
    one = replicas.direct("sdcard", 0)
    other = replicas.direct("sdcard", 1)
    assert one.post("/v1/cameras", json=camera).status_code == 201
    assert [each["id"] for each in other.get("/v1/cameras").json()["items"]] == ["cam1"]
    assert other.post("/v1/cameras", json=camera).status_code == 409


def test_uploads_by_both_are_seen_by_both_once(replicas: Replicas) -> None:
    def put(number: int) -> int:
        client = replicas.client(number % 2, "imagestore")
        return client.put(f"/v1/images/p{number}.png", content=picture(number)).status_code

    def same_name(number: int) -> int:
        client = replicas.client(number % 2, "imagestore")
        headers = {"If-None-Match": "*"}
        return client.put("/v1/images/one.png", content=picture(900 + number), headers=headers).status_code

    assert at_once(put, 24) == [201] * 24
    assert Counter(at_once(same_name, 8)) == {201: 1, 412: 7}
    for number in range(2):
        store = replicas.direct("imagestore", number)
        names = {each["name"] for each in store.get("/v1/images", params={"limit": 100}).json()["items"]}
        assert names == {"one.png", *(f"p{n}.png" for n in range(24))}
        assert store.get("/v1/images/p7.png/content").content == picture(7)
    created = [e for e in told(replicas, "imagestore", 0) if e["type"] == "imagestore.image.created"]
    assert Counter(event["data"]["name"] for event in created) == Counter(names)
    assert told(replicas, "imagestore", 0) == told(replicas, "imagestore", 1)


def test_a_rendition_changes_at_both_when_the_image_does(replicas: Replicas) -> None:
    def renditions() -> list[bytes]:
        found = []
        for number in range(2):
            store = replicas.direct("imagestore", number)
            answer = store.get("/v1/images/changing.png/rendition", params={"width": 16, "format": "png"})
            found.append(answer.content)
        return found

    def colour(png: bytes) -> Any:
        return Image.open(io.BytesIO(png)).convert("RGB").getpixel((3, 3))

    one = replicas.client(0, "imagestore")
    other = replicas.client(1, "imagestore")
    assert one.put("/v1/images/changing.png", content=picture(10)).status_code == 201
    assert [colour(each) for each in renditions()] == [(10, 0, 77)] * 2
    assert other.put("/v1/images/changing.png", content=picture(20)).status_code == 200
    assert [colour(each) for each in renditions()] == [(20, 0, 77)] * 2
    assert one.delete("/v1/images/changing.png").status_code == 204
    assert other.get("/v1/images/changing.png/rendition", params={"width": 16}).status_code == 404


def new_dataset(replicas: Replicas) -> tuple[int, Path]:
    """A dataset that is saved into its own file."""
    path = replicas.roots / "frames.csv"
    lines = ["file_path,clip_id,modality,tag_code_100,tag_code_101"]
    path.write_text("\n".join([*lines, *(f"{n}.jpg,a,front,False,False" for n in range(ROWS))]) + "\n")
    (replicas.roots / "tags.csv").write_text("code,alias\n100,person\n101,car\n")
    body = {"data_path": str(path), "meta_path": str(replicas.roots / "tags.csv"), "save_to": "same_file"}

    def make(number: int) -> httpx2.Response:
        client = replicas.client(number % 2, "tagging")
        return client.post("/v1/datasets", json=body, headers={"Idempotency-Key": "one dataset"})

    ids = {answer.json()["id"] for answer in at_once(make, 6)}
    assert len(ids) == 1
    return int(ids.pop()), path


def test_labels_saves_and_events_while_a_replica_is_killed(replicas: Replicas) -> None:
    """Labels come through both gateways, both save, and one tagging service dies in between."""
    dataset, path = new_dataset(replicas)
    acknowledged: set[int] = set()
    refused: list[int] = []

    def label(number: int) -> None:
        if number == ROWS // 2:
            replicas.kill("tagging", 1)
        client = replicas.client(number % 2, "tagging")
        rows = f"/v1/datasets/{dataset}/rows"
        change = {"set": {"100": True}}
        while client.patch(f"{rows}/{number}/tags", json=change).status_code != 200:
            refused.append(number)  # the one request that the dead replica had; it is sent again
        acknowledged.add(number)
        while (answer := client.get(f"{rows}/{number}")).status_code != 200:
            refused.append(number)
        assert answer.json()["tags"]["100"] is True
        if number % 10 == 0:
            assert client.post(f"/v1/datasets/{dataset}/save").status_code in {200, 503}

    url = f"{replicas.gateway(1).replace('http', 'ws', 1)}/ws"
    with connect(url, additional_headers={"Authorization": f"Bearer {replicas.key}"}, proxy=None) as socket:
        socket.send(json.dumps({"subscribe": ["tagging.dataset.*"]}))
        socket.recv(10)
        at_once(label, ROWS)
        heard: list[dict[str, Any]] = []
        while len(heard) < ROWS:
            message = json.loads(socket.recv(20))
            if message.get("type") == "tagging.dataset.tagged":
                heard.append(message)
    assert len(acknowledged) == ROWS
    assert len(refused) <= 8, "more than what was under way at the moment"
    assert sorted(event["data"]["revision"] for event in heard) == list(range(1, ROWS + 1))

    def saved() -> bool:
        client = replicas.client(0, "tagging")
        return bool(client.post(f"/v1/datasets/{dataset}/save").json().get("revision") == ROWS)

    wait_until(saved, replicas.said)  # a save that the dead one was at is free after its lease
    assert path.read_text().count(",True,False\n") == ROWS


def test_a_job_outlives_the_service_that_has_begun_it(replicas: Replicas) -> None:
    pictures = [("images", (f"{n}.png", picture(n), "image/png")) for n in range(30)]

    def submit(number: int) -> int:
        client = replicas.client(number % 2, "processing")
        answer = client.post(
            "/v1/jobs",
            data={"pipeline": PIPELINE},
            files=pictures,
            headers={"Idempotency-Key": "one job"},
        )
        assert answer.status_code in {200, 202}, answer.text
        return int(answer.json()["id"])

    (job,) = set(at_once(submit, 4))
    assert len([e for e in told(replicas, "processing", 0) if e["type"] == "processing.job.queued"]) == 1

    client = replicas.client(0, "processing")
    wait_until(lambda: client.get(f"/v1/jobs/{job}").json()["state"] == "running", replicas.said)
    replicas.kill("processing", 0)
    wait_until(lambda: client.get(f"/v1/jobs/{job}").json()["state"] == "finished", replicas.said)
    results = [client.get(f"/v1/jobs/{job}/items/{n}/result").content for n in range(30)]
    assert len(set(results)) == 30
    ended = [e for e in told(replicas, "processing", 1) if e["type"] == "processing.job.finished"]
    assert [(e["subject"], e["data"]["done"], e["data"]["failed"]) for e in ended] == [(f"jobs/{job}", 30, 0)]


def test_reads_go_on_while_a_replica_dies(replicas: Replicas) -> None:
    client = replicas.client(0, "imagestore")
    client.put("/v1/images/read.png", content=picture(5))

    def read(number: int) -> tuple[int, bytes]:
        if number == 60:
            replicas.kill("imagestore", 1)
        client = replicas.client(number % 2, "imagestore")
        answer = client.get("/v1/images/read.png/content")
        return answer.status_code, answer.content

    assert set(at_once(read, 200)) == {(200, picture(5))}
