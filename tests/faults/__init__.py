"""Faults: kills, full disks and hostile input, with a ledger of what was promised."""
