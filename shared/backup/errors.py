"""What ends a command with one sentence."""


class BackupError(Exception):
    """Raised for what whoever runs the command can understand and change."""


class Damaged(BackupError):
    """Raised where bytes are not what was written down of them."""


def told_by(error: Exception) -> str:
    """The first line of what a library says."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
