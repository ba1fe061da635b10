"""What the commands share that call Darkroom from a terminal: where it is, and the key to it."""

from typing import Annotated

import typer

from shared.settings import DeployableSettings

GatewayUrl = Annotated[str, typer.Option(envvar="DARKROOM_URL", help="Where the gateway is.")]
GatewayKey = Annotated[
    str, typer.Option(envvar="DARKROOM_KEY", help="A key that may write; else <data>/admin.key.")
]
DEFAULT_URL = "http://127.0.0.1:8000"


def admin_key() -> str:
    """The key that the first start made. Raises SystemExit where it cannot be read."""
    path = DeployableSettings().data_dir / "admin.key"
    try:
        return path.read_text().strip()
    except OSError:
        raise SystemExit(f"No key: give --key, or set DARKROOM_KEY ({path} cannot be read)") from None
