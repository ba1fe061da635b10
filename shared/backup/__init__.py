"""Backups of a running system: `python -m shared.backup`. How and why: docs/decisions/0008."""
