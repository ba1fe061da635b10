"""A folder of this machine, mounted under its own name: imported, labelled, saved, exported."""

import csv
import os
from pathlib import Path

import pytest

from tests.compose.stack import ComposeStack
from tests.journeys.drive import CODES, Drive, saved_tags, tags_of

pytestmark = pytest.mark.compose


def test_a_csv_on_this_machine_is_labelled_and_saved(stack: ComposeStack) -> None:
    drive = Drive(stack.pictures / "drive", clips=1, frames=4)
    mask = os.umask(0)  # the containers run as a user of their own
    try:
        drive.make()
        with stack.client() as client:
            dataset = drive.open(client)
    finally:
        os.umask(mask)
    with stack.client() as client:
        rows = f"/api/tagging/v1/datasets/{dataset}"
        picture = client.get(f"{rows}/rows/1/image").content
        assert picture == (drive.folder / "0_00_left.jpg").read_bytes()
        small = client.get(f"{rows}/rows/1/image", params={"edge": 100})
        assert small.headers["content-type"] == "image/jpeg"
        for row, code in ((1, CODES[0]), (4, CODES[2])):
            change = {"set": {str(code): True}}
            client.patch(f"{rows}/rows/{row}/tags", json=change).raise_for_status()
        saved = client.post(f"{rows}/save").raise_for_status().json()
        expected = tags_of(client, dataset)
        exported = client.get(f"{rows}/export.csv", params={"columns": "all"}).text
        refused = client.post("/api/tagging/v1/datasets", json={"data_path": "/data/tagging/x.csv"})
    assert [index for index, tags in enumerate(expected) if tags] == [1, 4]
    assert saved_tags(Path(saved["csv_path"])) == expected
    assert len(list(csv.DictReader(exported.splitlines()))) == drive.rows
    assert (refused.status_code, refused.json()["code"]) == (403, "path_not_allowed")
