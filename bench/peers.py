"""The servers that Darkroom is measured against, installed once under .bench/ and run for a benchmark.

thumbor has a virtual environment of its own: it needs other versions of what Darkroom uses.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = _HERE.parent / ".bench"
_PATIENCE_SECONDS = 30.0
# Files from a folder, nothing kept: every request decodes. All else as thumbor comes: Lanczos, quality 80,
# progressive. Threads within a process (ENGINE_THREADPOOL_SIZE) made one process slower.
_THUMBOR_SETTINGS = """
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = {folder!r}
STORAGE = "thumbor.storages.no_storage"
RESULT_STORAGE = None
"""


@contextmanager
def thumbor(folder: Path, processes: int) -> Iterator[list[str]]:
    """The addresses of thumbor processes serving a folder's images, as its guide deploys it: one a core."""
    program = _thumbor_program()
    settings = folder / "thumbor.conf"
    settings.write_text(_THUMBOR_SETTINGS.format(folder=str(folder)))
    with ExitStack() as running:
        addresses = []
        for _ in range(processes):
            port = _free_port()
            command = [str(program), "-i", "127.0.0.1", "-p", str(port), "-c", str(settings)]
            running.enter_context(process(command, port))
            addresses.append(f"http://127.0.0.1:{port}")
        yield addresses


@contextmanager
def ipx(folder: Path, processes: int) -> Iterator[list[str]]:
    """The addresses of ipx processes (sharp, libvips) serving a folder's images, as ipx comes."""
    program = _ipx_home() / "node_modules/ipx/bin/ipx.mjs"
    with ExitStack() as running:
        addresses = []
        for _ in range(processes):
            port = _free_port()
            command = ["node", str(program), "serve", "--dir", str(folder), "--host", "127.0.0.1"]
            running.enter_context(process([*command, "--port", str(port)], port))
            addresses.append(f"http://127.0.0.1:{port}")
        yield addresses


def _thumbor_program() -> Path:
    home = _CACHE / "thumbor"
    program = home / "bin" / "thumbor"
    if not program.exists():
        _install([sys.executable, "-m", "venv", str(home)])
        wanted = _HERE / "thumbor" / "requirements.txt"
        _install([str(home / "bin" / "pip"), "install", "--quiet", "-r", str(wanted)])
    return program


def _ipx_home() -> Path:
    home = _CACHE / "ipx"
    if not (home / "node_modules" / "ipx").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_bytes((_HERE / "ipx" / "package.json").read_bytes())
        _install(["npm", "install", "--prefix", str(home), "--silent", "--no-audit", "--no-fund"])
    return home


def _install(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@contextmanager
def process(
    command: Sequence[str], port: int, *, settings: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[None]:
    """A server's process, from the moment it accepts connections; what it says goes to `log`, if anywhere."""
    environment = {**os.environ, "NODE_ENV": "production", **(settings or {})}
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args!r} accepts no connections")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
