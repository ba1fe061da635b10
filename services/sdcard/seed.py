"""The cameras that an INI file names. Pure: text in, rows out.

A section a camera, named by its id; `[defaults]` holds what sections leave out. Keys: host, port, user,
card_path, config_path, model. In `host`, `{id}` stands for the camera's id; `[defaults] host` is also the
host of ids that no section names.
"""

import re
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass

CARD_PATH = "/mnt/sdcard"
SSH_PORT = 22
DEFAULTS = "defaults"
CAMERA_ID = re.compile(r"[A-Za-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class Seed:
    """What a section, or `[defaults]`, says of a camera; `user` is None where nothing names one."""

    name: str
    host: str
    port: int = SSH_PORT
    user: str | None = None
    card_path: str = CARD_PATH
    config_path: str | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Seeds:
    """A whole INI file: `named` by folded id, and the values of `[defaults]`."""

    named: Mapping[str, Seed]
    defaults: Mapping[str, str]

    def implied(self, name: str) -> Seed | None:
        """The camera of an id that no section names; None where `[defaults]` has no host for it."""
        return _seed(name, self.defaults) if self.defaults.get("host") else None

    def template(self, name: str, host: str) -> Seed:
        """What `[defaults]` says of a camera whose host is known."""
        return _seed(name, {**self.defaults, "host": host})


def fold(camera_id: str) -> str:
    """The form under which ids are the same: people type them in any case."""
    return camera_id.lower()


def read_seeds(text: str) -> Seeds:
    """Raises ValueError with one sentence for what is not such a file."""
    parser = ConfigParser(interpolation=None, default_section="\0", strict=True, delimiters=("=",))
    parser.optionxform = _option  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except IniError as error:
        raise ValueError(f"the file of cameras cannot be read: {error}") from None
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    defaults = next((values for name, values in sections.items() if fold(name) == DEFAULTS), {})
    named: dict[str, Seed] = {}
    for name, values in sections.items():
        if fold(name) == DEFAULTS:
            continue
        if not CAMERA_ID.fullmatch(name):
            raise ValueError(f"[{name}] is no id of a camera: 1 to 63 letters, digits, - and _")
        if fold(name) in named:
            raise ValueError(f"[{name}] stands there twice: ids differ in more than case")
        named[fold(name)] = _seed(name, {**defaults, **values})
    return Seeds(named, defaults)


def _option(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _seed(name: str, values: Mapping[str, str]) -> Seed:
    host = values.get("host", "").replace("{id}", name)
    if not host:
        raise ValueError(f"[{name}] has no host, and [{DEFAULTS}] has none either")
    port = values.get("port") or str(SSH_PORT)
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"[{name}] port = {port}: a number from 1 to 65535")
    return Seed(
        name=name,
        host=host,
        port=int(port),
        user=values.get("user") or None,
        card_path=(values.get("card_path") or CARD_PATH).rstrip("/") or "/",
        config_path=values.get("config_path") or None,
        model=values.get("model", ""),
    )
