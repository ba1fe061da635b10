"""The gateway's command line. It works on the database itself, whether the gateway runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer

from gateway.keys import Keys
from gateway.repository import KeyRow
from gateway.settings import GatewaySettings
from shared.contracts.keys import Scope
from shared.database import Database, make_engine, migrate
from shared.database.migrations import DatabaseTooNew
from shared.database.types import now
from shared.errors import DarkroomError

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
SCOPES: tuple[Scope, ...] = get_args(Scope)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The gateway of Darkroom.")
keys_app = typer.Typer(no_args_is_help=True, help="Make, list and revoke keys.")
app.add_typer(keys_app, name="keys")


@app.callback()
def main() -> None:
    """Commands of the gateway; `python -m shared.web.serve gateway` runs it."""


@keys_app.command()
def add(
    name: Annotated[str, typer.Argument(help="who or what the key is for")],
    scope: Annotated[str, typer.Option(help="read, write, admin; several with commas")] = "read",
    days: Annotated[float | None, typer.Option(help="how long it is good; without: until revoked")] = None,
) -> None:
    """Make a key and print it. It is shown this once."""
    scopes = _parse_scopes(scope)
    expires = None if days is None else now() + timedelta(days=days)
    row, secret = _run(lambda keys: keys.add(name, scopes, expires))
    typer.echo(f"key {row.id} for {row.name} ({row.scopes}), shown this once:", err=True)
    typer.echo(secret)


@keys_app.command("list")
def list_keys() -> None:
    """The keys that are good, a line each: id, scopes, made, last used, end, name."""
    rows = _run(lambda keys: keys.listed())
    typer.echo(f"{'id':>4}  {'scopes':<16}  {'made':<16}  {'last used':<16}  {'end':<16}  name")
    for row in rows:
        typer.echo(_line(row))


@keys_app.command()
def revoke(key_id: Annotated[int, typer.Argument(help="the number in `keys list`", metavar="ID")]) -> None:
    """End a key; a running gateway knows within a second."""
    _run(lambda keys: keys.revoke(key_id))
    typer.echo(f"key {key_id} is revoked")


def _parse_scopes(given: str) -> list[Scope]:
    named = [part.strip() for part in given.split(",") if part.strip()]
    chosen: list[Scope] = [scope for scope in SCOPES if scope in named]
    if not chosen or len(chosen) != len(set(named)):
        raise typer.BadParameter(f"{given!r}: the scopes are {', '.join(SCOPES)}", param_hint="--scope")
    return chosen


def _line(row: KeyRow) -> str:
    times = "  ".join(f"{_moment(moment):<16}" for moment in (row.created, row.last_used, row.expires))
    device = "" if row.parent_id is None else f" (a device, let in by {row.parent_id})"
    return f"{row.id:>4}  {row.scopes:<16}  {times}  {row.name}{device}"


def _moment(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "-"


def _run(work: Callable[[Keys], Awaitable[T]]) -> T:
    """The result of `work`; a refusal ends the command with one sentence."""
    try:
        return asyncio.run(_with_keys(work))
    except (DarkroomError, DatabaseTooNew) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


async def _with_keys(work: Callable[[Keys], Awaitable[T]]) -> T:
    settings = GatewaySettings()
    engine = make_engine(settings.effective_database_url, busy_timeout=settings.busy_timeout_seconds)
    await asyncio.to_thread(migrate, engine, MIGRATIONS)
    database = Database(engine)
    try:
        return await work(Keys(database))
    finally:
        await database.close()
