"""`python -m services.tagging`: the tagging service's commands."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.clients.base import ProblemAnswer
from shared.clients.tagging import TaggingClient
from shared.clients.terminal import DEFAULT_URL, GatewayKey, GatewayUrl, admin_key
from shared.contracts.tagging import Dataset, NewDataset
from shared.jobs import ENDED

app = typer.Typer(add_completion=False, help="Commands of the tagging service.")
console = Console()
LOOK_SECONDS = 0.2
HINTS = {
    "path_not_allowed": "The service reads files below DARKROOM_TAGGING_ROOTS only: start it with that set, "
    "as in: DARKROOM_TAGGING_ROOTS=$HOME/photos make run",
}
SETTINGS_DATA = ("csv_path", "csv_dir", "data_path")  # the original calls the file's path csv_dir
SETTINGS_META = ("tag_path", "meta_path")


@app.callback()
def commands() -> None:
    """Commands of the tagging service."""


@app.command("import")
def import_csv(
    data: Annotated[Path, typer.Argument(help="The data CSV; its images are found beside it.")],
    meta: Annotated[Path | None, typer.Option(help="The metadata CSV, with the names of the tags.")] = None,
    save_to: Annotated[
        Path | None, typer.Option(help="Save into this folder, as <name>__labelled__.csv.")
    ] = None,
    same_file: Annotated[bool, typer.Option("--same-file", help="Save to the data CSV itself.")] = False,
    name: Annotated[str, typer.Option(help="What the dataset is called; else the file's name.")] = "",
    encoding: Annotated[str, typer.Option(help="Of both files.")] = "utf-8",
    single: Annotated[bool, typer.Option("--single", help="A row carries one tag at most.")] = False,
    url: GatewayUrl = DEFAULT_URL,
    key: GatewayKey = "",
) -> None:
    """Make a dataset of a CSV below the roots."""
    if save_to is not None and same_file:
        raise SystemExit("Give either --save-to or --same-file")
    wanted: dict[str, Any] = {"data_path": str(data.absolute()), "encoding": encoding}
    if meta is not None:
        wanted["meta_path"] = str(meta.absolute())
    if same_file:
        wanted["save_to"] = "same_file"
    elif save_to is not None:
        wanted["save_to"] = str(save_to.absolute())
    if name:
        wanted["name"] = name
    wanted["multiple_selection"] = not single
    _run(url, key or admin_key(), wanted)


@app.command("import-settings")
def import_settings(
    settings: Annotated[Path, typer.Argument(help="The original's server_setting.json, as it is.")],
    url: GatewayUrl = DEFAULT_URL,
    key: GatewayKey = "",
) -> None:
    """Make the dataset that the original server would have served with that file."""
    _run(url, key or admin_key(), read_settings(settings))


def read_settings(path: Path) -> dict[str, Any]:
    """What a server_setting.json asks for. Relative paths are relative to its folder. Raises SystemExit."""
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise SystemExit(f"{path} is not a JSON object")
    folder = path.absolute().parent
    data = next((found[key] for key in SETTINGS_DATA if isinstance(found.get(key), str)), None)
    if data is None:
        raise SystemExit(f"{path} names no data file: csv_dir is missing")
    meta = next((found[key] for key in SETTINGS_META if isinstance(found.get(key), str)), None)
    wanted: dict[str, Any] = {"data_path": _below(folder, data)}
    if meta is not None:
        wanted["meta_path"] = _below(folder, meta)
    if found.get("save_to_same_file") is True:
        wanted["save_to"] = "same_file"
    elif isinstance(found.get("csv_save_dir"), str):
        wanted["save_to"] = _below(folder, found["csv_save_dir"])
    if isinstance(found.get("multiple_selection"), bool):
        wanted["multiple_selection"] = found["multiple_selection"]
    return wanted


def _below(folder: Path, text: str) -> str:
    return str(folder / text.replace("\\", "/"))


def _run(url: str, key: str, wanted: dict[str, Any]) -> None:
    try:
        dataset = asyncio.run(
            _import(f"{url.rstrip('/')}/api/tagging", key, NewDataset.model_validate(wanted))
        )
    except httpx2.TransportError:
        raise SystemExit(f"Nothing answers at {url}: is Darkroom running? (make run)") from None
    except ProblemAnswer as error:
        raise SystemExit(_why(error)) from None
    tags = ", ".join(f"{tag.code} {tag.alias}" for tag in dataset.tags)
    console.print(f"Dataset {dataset.id}, {dataset.name}: {dataset.rows} rows in {dataset.clips} clips")
    console.print(f"Tags: {tags}", highlight=False)
    console.print(f"Saves go to {dataset.csv_path}", highlight=False)


async def _import(url: str, key: str, wanted: NewDataset) -> Dataset:
    async with TaggingClient(url, key=key) as client:
        dataset = await client.open(wanted)
        if dataset.job is None:
            return dataset
        columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=None)
            while True:
                job = await client.job(dataset.job)
                progress.update(task, total=job.progress.total or None, completed=job.progress.done)
                if job.state == "failed":
                    raise SystemExit(f"The import failed: {(job.error or {}).get('detail', '')} {job.error}")
                if job.state in ENDED:
                    break
                await asyncio.sleep(LOOK_SECONDS)
        return await client.dataset(dataset.id)


def _why(error: ProblemAnswer) -> str:
    problem = error.problem
    told = f"{problem.detail or problem.title} ({problem.code})"
    rows = (problem.model_extra or {}).get("rows")
    if rows:
        told += f"; rows {', '.join(str(row) for row in rows)}"
    return f"{told}\n{HINTS[problem.code]}" if problem.code in HINTS else told


if __name__ == "__main__":
    app()
