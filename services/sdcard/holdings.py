"""What the SD-card browser's rows stand for: for backups."""

from shared.backup.holdings import Holdings

# Without the key nobody can read the cameras' passwords in the rows.
HOLDINGS = Holdings(secrets=("sdcard/credentials.key",))
