"""The virtual environment and the locked packages in it."""

import subprocess
import sys
from pathlib import Path

from scripts import stamps
from scripts.progress import Progress, SetupError

# pip reads the user's own configuration for where packages come from; this only keeps it quiet.
PIP = ("-m", "pip", "--no-input", "--disable-pip-version-check", "install", "--quiet", "--require-hashes")


def ensure(root: Path, extra: str, progress: Progress) -> Path:
    """Make `.venv` and install `requirements/<extra>.txt` when either is not as it should be.

    Returns the environment's interpreter. Raises SetupError.
    """
    folder = root / ".venv"
    python = folder / "bin" / "python"
    lock = root / "requirements" / f"{extra}.txt"
    if not lock.is_file():
        raise SetupError(f"{lock} is missing; `make lock` writes it.")
    if not _works(python):
        _require_venv_module()
        progress.step("Making the Python environment", _venv_command(folder), folder=root)
    stamp = folder / f".darkroom-{extra}"
    wanted = stamps.digest(root, [lock])
    if not stamps.is_current(stamp, wanted):
        # an environment whose making was interrupted may lack pip
        if not _succeeds(python, "import pip"):
            progress.step("Making the Python environment again", _venv_command(folder), folder=root)
        command = (python, *PIP, "-r", lock)
        progress.step("Installing Python packages", command, folder=root)
        stamp.write_text(wanted + "\n")
    return python


def _venv_command(folder: Path) -> tuple[str | Path, ...]:
    return (sys.executable, "-m", "venv", "--clear", folder)


def _works(python: Path) -> bool:
    return python.exists() and _succeeds(python, "import sys; assert sys.version_info >= (3, 11)")


def _require_venv_module() -> None:
    if not _succeeds(Path(sys.executable), "import venv, ensurepip"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"This Python {version} has no venv module; on Debian and Ubuntu the package python{version}-venv"
            " brings it."
        )


def _succeeds(python: Path, code: str) -> bool:
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
