"""`python -m services.imagestore`: the image store's commands."""

import asyncio
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.imagestore.importer import Importer, Tally, find_images
from shared.clients.base import ProblemAnswer
from shared.clients.imagestore import ImageStoreClient
from shared.clients.terminal import DEFAULT_URL, GatewayKey, GatewayUrl, admin_key

app = typer.Typer(add_completion=False, help="Commands of the image store.")
console = Console()
SHOWN = 20


@app.callback()
def commands() -> None:
    """Commands of the image store."""


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Every image below it is brought in.")],
    url: GatewayUrl = DEFAULT_URL,
    key: GatewayKey = "",
) -> None:
    """Bring a folder in. Can be stopped and started again; what is there already is skipped."""
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not a folder")
    key = key or admin_key()
    with console.status("Looking for images"):
        files = find_images(folder)
    try:
        tally = asyncio.run(_import(f"{url.rstrip('/')}/api/imagestore", key, files))
    except* httpx2.TransportError:
        raise SystemExit(f"Nothing answers at {url}: is Darkroom running? (make run)") from None
    except* ProblemAnswer as group:
        raise SystemExit(f"The gateway refuses: {group.exceptions[0]}") from None
    _report(tally)


async def _import(url: str, key: str, files: list[tuple[str, Path]]) -> Tally:
    columns = (TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(files))
        async with ImageStoreClient(url, key=key) as client:
            return await Importer(client, lambda: progress.advance(task)).run(files)


def _report(tally: Tally) -> None:
    console.print(f"{tally.stored} stored, {tally.there} there already, {len(tally.refused)} refused")
    for path, reason in tally.refused[:SHOWN]:
        console.print(f"  {path}: {reason}", markup=False)
    if tally.refused:
        raise SystemExit(1)


if __name__ == "__main__":
    app()
