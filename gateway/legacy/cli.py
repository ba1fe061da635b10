"""The command line of the old clients' door: run it, or make certificates for it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.legacy.app import create_app
from gateway.legacy.settings import LegacySettings
from shared import logging
from shared.web.allocator import keep_freed_memory
from shared.web.serve import server_for

app = typer.Typer(add_completion=False, help="The three old socket protocols of Darkroom.")


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Serve until SIGINT or SIGTERM; a set-up that cannot work ends with one sentence."""
    if context.invoked_subcommand is not None:
        return
    keep_freed_memory()
    try:
        served = create_app()
    except ValueError as error:
        sys.exit(f"legacy: {error}")
    logging.configure("legacy", served.state.settings.log_level)
    server_for(served).run()


@app.command("init-tls")
def init_tls_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="names and addresses by which clients reach this machine")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="where to put them; else <data>/legacy/tls")] = None,
) -> None:
    """Make a local authority, and certificates of it for the server and for clients."""
    # its library is slow to load, and serving needs none of it
    from gateway.legacy.certificates import init_tls

    place = folder or LegacySettings().home / "tls"
    try:
        made = init_tls(place, names or ["localhost", "127.0.0.1", "::1"])
    except FileExistsError as error:
        typer.echo(f"{error.filename} is there already; nothing is replaced", err=True)
        raise typer.Exit(1) from None
    for path in made:
        typer.echo(path)
    typer.echo(
        f"Set DARKROOM_LEGACY_TLS_CERTIFICATE={place / 'server.crt'} and DARKROOM_LEGACY_TLS_KEY="
        f"{place / 'server.key'}; clients trust {place / 'authority.crt'}. With "
        f"DARKROOM_LEGACY_TLS_CLIENT_AUTHORITY={place / 'authority.crt'} they must show client.crt, too.",
        err=True,
    )
