"""Node, the user interface's locked packages, and its build."""

import re
import shutil
import subprocess
from pathlib import Path

from scripts import stamps
from scripts.progress import Progress, SetupError

# Vite 8 asks for this; Node 21 and the first releases of 22 are left out by it.
OLDEST = (20, 19)
SOURCES = ("index.html", "src", "public", "vite.config.ts", "tsconfig.json", "package-lock.json")


def ensure(root: Path, progress: Progress) -> None:
    """Install the packages of gateway/web and build it, when their sources have changed.

    Node is asked for only when there is something to do. Raises SetupError.
    """
    web = root / "gateway" / "web"
    if not (web / "package.json").is_file():
        return
    _ensure_packages(web, progress)
    stamp = web / "node_modules" / ".darkroom-built"
    wanted = stamps.digest(web, [web / name for name in SOURCES])
    if (web / "dist" / "index.html").is_file() and stamps.is_current(stamp, wanted):
        return
    require_node()
    fresh = web / "dist-next"
    build = ("npm", "run", "build", "--", "--outDir", fresh.name, "--emptyOutDir")
    progress.step("Building the user interface", build, folder=web)
    _swap(fresh, web / "dist")
    stamp.write_text(wanted + "\n")


def _ensure_packages(web: Path, progress: Progress) -> None:
    stamp = web / "node_modules" / ".darkroom-installed"
    wanted = stamps.digest(web, [web / "package.json", web / "package-lock.json", web / ".npmrc"])
    if stamps.is_current(stamp, wanted):
        return
    require_node()
    progress.step("Installing packages of the user interface", ("npm", "ci"), folder=web)
    stamp.write_text(wanted + "\n")


def _swap(fresh: Path, place: Path) -> None:
    """Put the new build in place at once: a stack that runs from this checkout may be serving the old one."""
    old = place.with_name("dist-old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def require_node() -> None:
    """Raise SetupError, in one sentence, when Node or npm is missing or too old."""
    wanted = "Darkroom needs Node 20.19 or newer to build its user interface"
    if not shutil.which("node"):
        raise SetupError(f"{wanted}; there is no node on the PATH.")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < OLDEST:
        raise SetupError(f"{wanted}; the node on the PATH is {said or 'broken'}.")
    if not shutil.which("npm"):
        raise SetupError(f"{wanted}, with npm; there is no npm on the PATH.")
