"""The INI file of cameras."""

import pytest

from services.sdcard.seed import Seed, fold, read_seeds

INI = """
; cameras of the yard
[Defaults]
host = {id}.local
user = root
card path = /mnt/card/
model = X1

[CAM-7]
host = 10.0.0.7
port = 2222
User = ada
Config-Path = /etc/cam%%.ini
model = %(x)s

[gate_2]
"""


def test_sections_and_defaults() -> None:
    seeds = read_seeds(INI)
    assert seeds.named == {
        "cam-7": Seed("CAM-7", "10.0.0.7", 2222, "ada", "/mnt/card", "/etc/cam%%.ini", "%(x)s"),
        "gate_2": Seed("gate_2", "gate_2.local", 22, "root", "/mnt/card", None, "X1"),
    }
    assert seeds.implied("Yard9") == Seed("Yard9", "Yard9.local", 22, "root", "/mnt/card", None, "X1")
    assert seeds.template("a", "10.1.1.1") == Seed("a", "10.1.1.1", 22, "root", "/mnt/card", None, "X1")
    assert fold("CAM-7") == "cam-7"


def test_without_defaults_no_id_is_implied() -> None:
    seeds = read_seeds("[a]\nhost = 10.0.0.1\n")
    assert seeds.implied("b") is None
    assert seeds.named["a"] == Seed("a", "10.0.0.1", 22, None, "/mnt/sdcard", None, "")
    assert read_seeds("").named == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\nport = 22\n", "no host"),
        ("[a]\nhost = h\nport = 0\n", "1 to 65535"),
        ("[a]\nhost = h\nport = x\n", "1 to 65535"),
        ("[a]\nhost = h\n[A]\nhost = h\n", "twice"),
        ("[a]\nhost = h\n[a]\nhost = h\n", "cannot be read"),
        ("[a.b]\nhost = h\n", "no id"),
        ("[../x]\nhost = h\n", "no id"),
        ("host = h\n", "cannot be read"),
        ("[a]\nnonsense\n", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_sense_is_told_so(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_seeds(text)
