"""Credentials of cameras at rest: encrypted with a key that is a file of the service's, or a setting."""

import base64
import binascii
import os
import tempfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

from shared.errors import Conflict

KEY_FILE = "credentials.key"
KEY_BYTES = 32  # of a Fernet key: half to sign, half to encrypt


class CredentialsUnreadable(Conflict):
    """What is stored was encrypted with another key than the present one: it has to be set again."""

    code = "credentials_unreadable"
    title = "The stored credentials cannot be read"


class Vault:
    """Encrypts and decrypts short texts (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        try:
            right = len(base64.urlsafe_b64decode(key)) == KEY_BYTES
        except binascii.Error:
            right = False
        if not right:
            raise ValueError(
                "DARKROOM_SDCARD_CREDENTIALS_KEY is not a Fernet key: 32 bytes in URL-safe base64"
            )
        self._key = key

    @cached_property
    def _fernet(self) -> "Fernet":
        from cryptography.fernet import Fernet  # 12 MiB, for the first secret

        return Fernet(self._key)

    def seal(self, text: str) -> str:
        """The text, encrypted."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed. Raises CredentialsUnreadable."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode()
        except InvalidToken:
            raise CredentialsUnreadable("set the camera's password or key again") from None


def open_vault(home: Path, key: str = "") -> Vault:
    """The vault with the key given, else with the one kept in the folder, which is made at first."""
    return Vault(key.encode() if key else _kept_key(home / KEY_FILE))


def _kept_key(path: Path) -> bytes:
    """Whole or not at all, though two replicas start at once: a temporary file, linked to its name."""
    if not path.exists():
        descriptor, staged = tempfile.mkstemp(dir=path.parent)  # readable by its owner alone
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.urlsafe_b64encode(os.urandom(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(staged, path)
        Path(staged).unlink()
    return path.read_bytes().strip()
