"""A full disk under the CSV: 507, the old file whole, the labels kept, and saves again when there is room."""

from pathlib import Path

from tests.faults.labels import ROWS, TaggingProcess, rows_of
from tests.faults.test_full_disk import FULL, Fill
from tests.scripts.stack_process import wait_until
from tests.services.tagging.service import table
from tests.stack import answers


def test_a_full_disk_under_the_csv(small_disk: Path, tmp_path: Path) -> None:
    """The rows are elsewhere: labelling goes on."""
    csv = small_disk / "trip.csv"
    with (
        TaggingProcess(tmp_path, DARKROOM_TAGGING_ROOTS=str(small_disk)) as service,
        service.client() as client,
    ):
        service.csv = csv
        dataset = service.import_csv()
        url = f"/v1/datasets/{dataset}"
        fill = Fill(small_disk)
        fill.take_all()
        for row in range(3):
            done = client.patch(f"{url}/rows/{row}/tags", json={"set": {"100": True}})
            assert done.status_code == 200
            refused = client.post(f"{url}/save")
            assert (refused.status_code, refused.json()["code"]) == FULL
            assert csv.read_bytes().decode() == table(ROWS)
        assert [path.name for path in small_disk.iterdir() if path.suffix == ".tmp"] == []
        elsewhere = client.post(f"{url}/save", json={"on_conflict": "elsewhere", "save_to": "other"})
        assert (elsewhere.status_code, client.get(url).json()["csv_path"]) == (507, str(csv))
        fill.give_back()
        assert client.post(f"{url}/save").json()["revision"] == 3
        assert csv.read_bytes().decode() == table(ROWS, true=[(row, 100) for row in range(3)])


def test_a_full_disk_under_everything(small_disk: Path) -> None:
    with TaggingProcess(small_disk) as service, service.client() as client:
        dataset = service.import_csv()
        url = f"/v1/datasets/{dataset}"
        fill = Fill(small_disk)
        fill.take_all()
        answered, refused = [], 0
        for row in range(400):
            done = client.patch(f"{url}/rows/{row}/tags", json={"set": {"100": True}})
            if done.status_code == 200:
                answered.append(row)
            else:
                assert (done.status_code, done.json()["code"]) == FULL, done.text
                refused += 1
        assert refused
        upload = client.post("/v1/datasets", files={"data": ("b.csv", table(30_000))})
        assert (upload.status_code, upload.json()["code"]) == FULL
        saved = client.post(f"{url}/save")
        assert saved.status_code in {200, 507}
        assert {row for row, tags in rows_of(client, dataset).items() if tags[0]} == set(answered)
        fill.give_back()
        wait_until(lambda: answers(f"{service.url}/readyz"))
        assert client.patch(f"{url}/rows/1999/tags", json={"set": {"101": True}}).status_code == 200
        assert client.post(f"{url}/save").status_code == 200
        marked = [(row, 100) for row in answered] + [(1999, 101)]
        assert service.csv.read_bytes().decode() == table(ROWS, true=marked)
        assert client.post("/v1/datasets", files={"data": ("b.csv", table(100))}).status_code == 201
        assert len(client.get("/v1/datasets").json()["items"]) == 2
