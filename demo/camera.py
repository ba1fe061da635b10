"""A simulated camera: an SSH server with SFTP and `df`, over a folder that is its card. For loopback.

`python -m demo.camera --card FOLDER` fills the folder if it is empty, prints a line of JSON that says how
to reach it, and takes commands on its standard input: see COMMANDS.
"""

import argparse
import asyncio
import json
import os
import posixpath
import shlex
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import asyncssh

from demo.card import CARD_PATH, CONFIG, CONFIG_PATH, CardPlan, make_card
from demo.relay import Relay

BLOCK = 4096
CARD_BYTES = 32 * 1024**3
NOWHERE = b"/nonexistent/no-card"
COMMANDS = "delay SECONDS, rate BYTES_A_SECOND, stop, go-on, cut, fill, remove-card, insert-card, change-key"


@dataclass
class State:
    """What the camera is like at the moment."""

    card: Path
    config: str = CONFIG
    user: str = "root"
    password: str = "demo"
    authorized_key: str = ""
    full: bool = False
    inserted: bool = True
    statvfs: bool = True
    used: int | None = None
    config_file: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config_file = self.card.parent / f".{self.card.name}.ini"
        self.config_file.write_text(self.config)

    def usage(self) -> tuple[int, int]:
        """Size and free, in bytes."""
        if self.used is None:
            files = (Path(folder, name) for folder, _, names in os.walk(self.card) for name in names)
            self.used = sum(file.lstat().st_size for file in files)
        return CARD_BYTES, 0 if self.full else CARD_BYTES - self.used


class Files(asyncssh.SFTPServer):
    """The card and the configuration, and nothing else of this machine; read only."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", state: State) -> None:
        super().__init__(channel)
        self._state = state

    def map_path(self, path: bytes) -> bytes:
        """Where the camera's path lies here."""
        path = posixpath.normpath(posixpath.join(b"/", path))
        card = CARD_PATH.encode()
        if path == CONFIG_PATH.encode():
            return os.fsencode(self._state.config_file)
        if self._state.inserted and (path == card or path.startswith(card + b"/")):
            return os.fsencode(self._state.card) + path[len(card) :]
        return NOWHERE

    def reverse_map_path(self, path: bytes) -> bytes:
        """What the camera calls it."""
        return path

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """The folder's entries; what lies above the card is not there."""
        with os.scandir(self.map_path(path)) as entries:
            for entry in entries:
                attributes = asyncssh.SFTPAttrs.from_local(entry.stat(follow_symlinks=False))
                yield asyncssh.SFTPName(entry.name, attrs=attributes)

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """For reading alone."""
        if pflags & ~asyncssh.FXF_READ:
            raise asyncssh.SFTPPermissionDenied("the card is read only")
        return super().open(path, pflags, attrs)

    def statvfs(self, path: bytes) -> asyncssh.SFTPVFSAttrs:
        """A card of 32 GiB."""
        if not self._state.statvfs:
            raise asyncssh.SFTPOpUnsupported("no statvfs here")
        os.lstat(self.map_path(path))
        size, free = self._state.usage()
        return asyncssh.SFTPVFSAttrs(
            bsize=BLOCK, frsize=BLOCK, blocks=size // BLOCK, bfree=free // BLOCK, bavail=free // BLOCK
        )


class Login(asyncssh.SSHServer):
    """One user, with a password or a key."""

    def __init__(self, state: State) -> None:
        self._state = state

    def password_auth_supported(self) -> bool:
        """Yes."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether they are the right ones."""
        return (username, password) == (self._state.user, self._state.password)

    def public_key_auth_supported(self) -> bool:
        """Where a key was given."""
        return bool(self._state.authorized_key)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether it is the one that was given."""
        given = asyncssh.import_public_key(self._state.authorized_key)
        return username == self._state.user and key.public_data == given.public_data


class Camera:
    """The servers, until `close`."""

    def __init__(self, state: State, port: int, key: Path | None) -> None:
        self.state = state
        self.relay = Relay("127.0.0.1", port, 0)
        self._key_file = key
        self._key = self._host_key()
        self._server: asyncssh.SSHAcceptor | None = None

    @property
    def fingerprint(self) -> str:
        """Of its host key."""
        return self._key.get_fingerprint()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Login(self.state),
            server_host_keys=[self._key],
            sftp_factory=lambda channel: Files(channel, self.state),
            process_factory=self._run,
            encoding=None,
            login_timeout=30,
        )
        self.relay = Relay("127.0.0.1", self.relay.port, self._server.get_port())
        await self.relay.start()

    async def close(self) -> None:
        """End every connection."""
        await self.relay.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def change_key(self) -> None:
        """Another host key from now on, at the same port."""
        await self.close()
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        await self.start()

    def described(self) -> dict[str, object]:
        """How to reach it."""
        return {
            "host": self.relay.host, "port": self.relay.port, "user": self.state.user,
            "password": self.state.password, "fingerprint": self.fingerprint,
            "card_path": CARD_PATH, "config_path": CONFIG_PATH,
        }  # fmt: skip

    def _host_key(self) -> asyncssh.SSHKey:
        if self._key_file is not None and self._key_file.exists():
            return asyncssh.read_private_key(self._key_file)
        key = asyncssh.generate_private_key("ssh-ed25519")
        if self._key_file is not None:
            key.write_private_key(self._key_file)
            self._key_file.chmod(0o600)
        return key

    async def _run(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """`df -Pk -- PATH`, which is the one command that it knows."""
        words = shlex.split(process.command or "")
        here = self.state.inserted and words[-1:] == [CARD_PATH]
        if words[:3] != ["df", "-Pk", "--"] or not here:
            process.stderr.write(b"no such command, or no such file\n")
            process.exit(1)
            return
        size, free = (n // 1024 for n in self.state.usage())
        used = size - free
        process.stdout.write(b"Filesystem     1024-blocks   Used Available Capacity Mounted on\n")
        line = f"/dev/mmc blk0 {size} {used} {free} {used * 100 // size}% {CARD_PATH}\n"
        process.stdout.write(line.encode())
        process.exit(0)


async def obey(camera: Camera, line: str) -> None:
    """One of COMMANDS. Raises ValueError for anything else."""
    name, _, value = line.strip().partition(" ")
    plain: dict[str, Callable[[], object]] = {
        "delay": lambda: setattr(camera.relay, "delay", float(value)),
        "rate": lambda: setattr(camera.relay, "rate", int(value)),
        "stop": camera.relay.stop_answering,
        "go-on": camera.relay.go_on,
        "cut": camera.relay.cut,
        "fill": lambda: setattr(camera.state, "full", True),
        "remove-card": lambda: setattr(camera.state, "inserted", False),
        "insert-card": lambda: setattr(camera.state, "inserted", True),
    }
    if name == "change-key":
        await camera.change_key()
    elif name in plain:
        plain[name]()
    else:
        raise ValueError(f"{name[:40]!r}: there is {COMMANDS}")


async def serve(camera: Camera) -> None:
    """Until the process is ended, obeying what stands on the standard input."""
    await camera.start()
    _say(camera.described())
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            await obey(camera, line)
            _say(camera.described())
        except ValueError as error:
            _say({"error": str(error)})
    await asyncio.Event().wait()


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="python -m demo.camera", description=__doc__)
    parser.add_argument("--card", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--clips-per-hour", type=int, default=60)
    parser.add_argument("--last", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--user", default="root")
    parser.add_argument("--password", default="demo")
    parser.add_argument("--authorized-key", default="", help="a public key, as in authorized_keys")
    parser.add_argument("--host-key", type=Path, help="kept there, and made when missing")
    parser.add_argument("--without-statvfs", action="store_true", help="df alone tells how full the card is")
    given = parser.parse_args()
    given.card.mkdir(parents=True, exist_ok=True)
    if not any(given.card.iterdir()):
        make_card(
            given.card,
            CardPlan(
                last=given.last, days=given.days, hours=given.hours, clips_per_hour=given.clips_per_hour
            ),
        )
    state = State(
        given.card, user=given.user, password=given.password, authorized_key=given.authorized_key,
        statvfs=not given.without_statvfs,
    )  # fmt: skip
    try:
        asyncio.run(serve(Camera(state, given.port, given.host_key)))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
