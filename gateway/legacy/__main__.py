"""`python -m gateway.legacy`: serve the old protocols; `python -m gateway.legacy init-tls`: certificates."""

from gateway.legacy.cli import app

app(prog_name="python -m gateway.legacy")
