"""The walk of a new user: a CSV of real photos by the command line, a label by REST, a save, pandas."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from skimage import data

from services.tagging.__main__ import read_settings
from tests.conftest import StartStack
from tests.scripts.stack_process import ROOT
from tests.stack import Stack, bare_environment

CSV = (
    "file_path,clip_id,modality,tag_code_100,tag_code_101,note\r\n"
    'astronaut.jpg,a,front,True,False,"said ""hello"", left"\r\n'
    "pictures\\coffee.jpg,a,rear,False,False,=1+1\r\n"
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a CSV of two photos, named as people on Windows name them, and one of their tags."""
    folder = tmp_path / "photos"
    (folder / "pictures").mkdir(parents=True)
    Image.fromarray(data.astronaut()).save(folder / "astronaut.jpg")  # type: ignore[no-untyped-call]
    Image.fromarray(data.coffee()).save(folder / "pictures" / "coffee.jpg")  # type: ignore[no-untyped-call]
    (folder / "trip.csv").write_bytes(CSV.encode())
    (folder / "tags.csv").write_text("code,alias\n100,person\n")
    return folder


def command(stack: Stack, *words: str) -> "subprocess.CompletedProcess[str]":
    """`python -m services.tagging WORDS` as a newcomer runs it."""
    environment = bare_environment(DARKROOM_DATA_DIR=str(stack.data_dir), DARKROOM_URL=stack.gateway_url)
    return subprocess.run(
        [sys.executable, "-m", "services.tagging", *words],
        cwd=ROOT,
        env={**environment, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_new_user(start_stack: StartStack, photos: Path) -> None:
    stack = start_stack(services="tagging", DARKROOM_TAGGING_ROOTS=str(photos))
    done = command(
        stack, "import", str(photos / "trip.csv"), "--meta", str(photos / "tags.csv"), "--same-file"
    )
    assert done.returncode == 0, done.stderr
    assert "Dataset 1, trip.csv: 2 rows in 1 clips" in done.stdout
    assert "100 person, 101 101_fallback" in done.stdout

    with stack.client() as client:
        client.base_url = f"{stack.gateway_url}/api/tagging/v1/datasets"
        for row, name in enumerate(("astronaut.jpg", "pictures/coffee.jpg")):
            assert client.get(f"/1/rows/{row}/image").content == (photos / name).read_bytes()
        labelled = client.patch("/1/rows/1/tags", json={"set": {"101": True}})
        assert labelled.json()["tags"] == {"100": False, "101": True}
        saved = client.post("/1/save").json()
    assert saved["csv_path"] == str(photos / "trip.csv")
    assert (photos / "trip.csv").read_bytes() == CSV.replace("False,False,=1+1", "False,True,=1+1").encode()
    table = pd.read_csv(photos / "trip.csv")
    assert table["tag_code_101"].tolist() == [False, True]
    assert table["note"].tolist() == ['said "hello", left', "=1+1"]

    outside = command(stack, "import", "/etc/hostname")
    assert outside.returncode == 1
    assert "path_not_allowed" in outside.stderr
    assert "DARKROOM_TAGGING_ROOTS" in outside.stderr

    settings = {"host": "0.0.0.0", "port": 52973, "csv_dir": "trip.csv", "tag_path": "tags.csv"}
    (photos / "server_setting.json").write_text(json.dumps({**settings, "csv_save_dir": "out"}))
    done = command(stack, "import-settings", str(photos / "server_setting.json"))
    assert done.returncode == 0, done.stderr
    assert f"Saves go to {photos / 'out' / 'trip__labelled__.csv'}" in done.stdout


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({"csv_dir": "a.csv"}, {"data_path": "/s/a.csv"}),
        (
            {"csv_dir": "/x/a.csv", "tag_path": "t\\t.csv"},
            {"data_path": "/x/a.csv", "meta_path": "/s/t/t.csv"},
        ),
        (
            {"csv_dir": "a.csv", "save_to_same_file": True, "csv_save_dir": "out"},
            {"data_path": "/s/a.csv", "save_to": "same_file"},
        ),
        (
            {"csv_dir": "a.csv", "save_to_same_file": False, "csv_save_dir": "out"},
            {"data_path": "/s/a.csv", "save_to": "/s/out"},
        ),
        (
            {"csv_dir": "a.csv", "multiple_selection": False},
            {"data_path": "/s/a.csv", "multiple_selection": False},
        ),
    ],
)
def test_the_original_s_settings(tmp_path: Path, found: dict[str, object], wanted: dict[str, object]) -> None:
    path = tmp_path / "server_setting.json"
    path.write_text("\ufeff" + json.dumps(found))
    expected = {
        key: value.replace("/s", str(tmp_path), 1)
        if isinstance(value, str) and value.startswith("/s/")
        else value
        for key, value in wanted.items()
    }
    assert read_settings(path) == expected


@pytest.mark.parametrize("text", ["", "[]", '{"port": 1}', "{"])
def test_settings_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "server_setting.json"
    path.write_text(text)
    with pytest.raises(SystemExit):
        read_settings(path)
