"""Credentials at rest."""

import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from services.sdcard.vault import KEY_FILE, CredentialsUnreadable, Vault, open_vault


def test_what_is_sealed_can_be_opened_with_the_kept_key_alone(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path).seal("geheim ö")
    assert "geheim" not in sealed
    assert open_vault(tmp_path).open(sealed) == "geheim ö"
    path = tmp_path / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()
    with pytest.raises(CredentialsUnreadable):
        open_vault(tmp_path).open(sealed)


def test_a_key_that_is_set_makes_no_file(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    assert open_vault(tmp_path, key).open(Vault(key.encode()).seal("a")) == "a"
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="32 bytes"):
        open_vault(tmp_path, "short")


def test_replicas_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    vaults: list[Vault] = []
    together = threading.Barrier(4)

    def start() -> None:
        together.wait()
        vaults.append(open_vault(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vaults) == 4
    sealed = vaults[0].seal("one")
    assert [vault.open(sealed) for vault in vaults] == ["one"] * 4
