"""Datasets of images of the image store: a real one beside the tagging service, and none."""

from pathlib import Path

from demo.ports import free_port
from tests.conftest import StartImageStore
from tests.services.imagestore.store import picture, problem
from tests.services.tagging.service import MakeTagging, text_of
from tests.services.tagging.test_images import sheet

TAGS = [{"code": 7, "alias": "a car", "key": "c"}, {"code": 8}]


def test_a_search_becomes_a_dataset(make_tagging: MakeTagging, start_imagestore: StartImageStore) -> None:
    store = start_imagestore()
    with store.images() as images:
        for number in range(3):
            images.put(f"/v1/images/walk-{number}.png", content=picture(number, (60, 40))).raise_for_status()
        images.put("/v1/images/other.png", content=picture(9)).raise_for_status()
    service = make_tagging(imagestore_url=store.url, service_token=store.service_token)
    service.headers["X-Darkroom-Service-Token"] = store.service_token
    body = {"name": "Walk/1", "images": {"prefix": "walk-"}, "tags": TAGS, "multiple_selection": False}
    answer = service.post("/v1/datasets", json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["source"], told["rows"], told["multiple_selection"]) == ("imagestore", 3, False)
    assert told["tags"] == [
        {"code": 7, "alias": "a car", "key": "c"}, {"code": 8, "alias": "8_fallback", "key": None},
    ]  # fmt: skip
    url = f"/v1/datasets/{told['id']}"
    change = {"set": {"7": True}}
    assert service.patch(f"{url}/rows/1/tags", json=change).status_code == 200
    saved = service.post(f"{url}/save").json()
    lines = ["file_path,tag_code_7,tag_code_8"]
    lines += [f"walk-{number}.png,{number == 1},False" for number in range(3)]
    assert text_of(saved["csv_path"]) == "\n".join(lines) + "\n"
    assert Path(saved["csv_path"]).name == "Walk_1__labelled__.csv"
    image = service.get(f"{url}/rows/2/image")
    assert (image.content, image.headers["content-type"]) == (picture(2, (60, 40)), "image/png")
    small = service.get(f"{url}/rows/2/image", params={"edge": 30})
    assert (small.status_code, small.headers["content-type"]) == (200, "image/jpeg")
    with store.images() as images:
        images.delete("/v1/images/walk-0.png").raise_for_status()
    assert problem(service.get(f"{url}/rows/0/image")) == (404, "image_missing")
    (gone, _), (there, data) = sheet(service, told["id"], "0,2")
    assert (gone["problem"]["code"], there["media_type"]) == ("image_missing", "image/png")
    assert data == picture(2, (60, 40))
    nothing = service.post("/v1/datasets", json={**body, "images": {"prefix": "none-"}})
    assert problem(nothing) == (422, "no_images")
    doubled = service.post("/v1/datasets", json={**body, "tags": [TAGS[0], TAGS[0]]})
    assert problem(doubled)[0] == 422
    same_key = service.post("/v1/datasets", json={**body, "tags": [TAGS[0], {"code": 9, "key": "c"}]})
    assert problem(same_key) == (422, "key_taken")
    assert len(service.shelved()) == 2
    store.close()
    assert problem(service.get(f"{url}/rows/1/image")) == (503, "imagestore_unavailable")
    assert problem(service.post("/v1/datasets", json=body)) == (503, "imagestore_unavailable")
    assert service.patch(f"{url}/rows/0/tags", json=change).status_code == 200


def test_without_an_image_store(make_tagging: MakeTagging) -> None:
    service = make_tagging(imagestore_url=f"http://127.0.0.1:{free_port()}")
    body = {"name": "x", "images": {"q": "sea"}, "tags": TAGS}
    answer = service.post("/v1/datasets", json=body)
    assert problem(answer) == (503, "imagestore_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert service.shelved() == []
