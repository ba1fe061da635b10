"""`python -m gateway keys add|list|revoke`: the keys, from the machine's own command line."""

from gateway.cli import app

app(prog_name="python -m gateway")
