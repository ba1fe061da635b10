"""OpenSSH's server on loopback, with keys, a configuration and a password file of its own.

It is run by root in a mount namespace, where /etc/shadow is ours: this machine's accounts stay as they are.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from demo.ports import free_port

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
MISSING = "" if SSHD and os.geteuid() == 0 else "OpenSSH's sshd, run by root, is needed"
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/client_key.pub
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin yes
PasswordAuthentication yes
MaxStartups 100
Subsystem sftp internal-sftp
"""

START = """
mount -t tmpfs none /run && mkdir /run/sshd &&
mount --bind {folder}/shadow /etc/shadow && exec {sshd} -D -e -f {folder}/config
"""


class OpenSsh:
    """A camera whose SSH server is OpenSSH's; root comes in with `password` or `private_key`."""

    host = "127.0.0.1"
    user = "root"
    password = "a secret"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._make_key("host_key")
        self._make_key("client_key")
        self.key_file = folder / "client_key"
        self.private_key = self.key_file.read_text()
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"],
            input=self.password.encode(),
            capture_output=True,
            check=True,
        ).stdout.decode()
        (folder / "shadow").write_text(f"root:{hashed.strip()}:20000:0:99999:7:::\nsshd:!:20000::::::\n")
        (folder / "shadow").chmod(0o600)
        (folder / "config").write_text(CONFIG.format(port=self.port, folder=folder))
        self._start()

    @property
    def fingerprint(self) -> str:
        """Of its host key, as ssh-keygen tells it."""
        shown = subprocess.run(
            ["ssh-keygen", "-lf", f"{self._folder}/host_key.pub"], capture_output=True, check=True
        )
        return shown.stdout.decode().split()[1]

    def stop(self) -> None:
        """SIGSTOP to the server and to all that serves a connection: nothing answers any more."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def cut(self) -> None:
        """End every connection at once; the server goes on."""
        for process in self._processes()[1:]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def change_key(self) -> None:
        """Another host key from now on."""
        self.close()
        for name in ("host_key", "host_key.pub"):
            (self._folder / name).unlink()
        self._make_key("host_key")
        self._start()

    def close(self) -> None:
        """End it and its connections."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _make_key(self, name: str) -> None:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._folder / name)]
        subprocess.run(command, check=True)

    def _start(self) -> None:
        script = START.format(folder=shlex.quote(str(self._folder)), sshd=shlex.quote(SSHD))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stderr=log)
        for _ in range(200):
            with suppress(OSError), socket.create_connection((self.host, self.port), 1) as sock:
                sock.recv(64)
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError((self._folder / "log").read_text())

    def _signal(self, number: int) -> None:
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def _processes(self) -> list[int]:
        """The server first, then what it started, and what that started."""
        assert self._process is not None
        found = [self._process.pid]
        for parent in found:
            with suppress(OSError):
                children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
                found += map(int, children)
        return found
