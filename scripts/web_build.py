"""Node, the user interface's locked packages, and its build."""

import re
import shutil
import subprocess
from pathlib import Path

from scripts import stamps
from scripts.progress import Progress, SetupError

# Vite 8 asks for this; Node 21 and the first releases of 22 are left out by it.
OLDEST = (20, 19)
PACKAGES = ("package.json", "package-lock.json", ".npmrc")
SOURCES = ("index.html", "src", "public", "vite.config.ts", "tsconfig.json", "package-lock.json")
INSTALLED = ".darkroom-installed"
BUILT = ".darkroom-built"


class WebBuild:
    """gateway/web of a checkout: what is to be done about it, and doing it."""

    def __init__(self, root: Path) -> None:
        self._web = root / "gateway" / "web"
        self._modules = self._web / "node_modules"

    def check(self) -> None:
        """Raise SetupError when there is something to do and no Node to do it with."""
        if not (self._is_installed() and self._is_built()):
            require_node()

    def ensure(self, progress: Progress) -> None:
        """Install the packages and build the interface, when their sources have changed."""
        if not self._is_installed():
            progress.step("Installing packages of the user interface", ("npm", "ci"), folder=self._web)
            (self._modules / INSTALLED).write_text(self._packages() + "\n")
        if not self._is_built():
            fresh = self._web / "dist-next"
            build = ("npm", "run", "build", "--", "--outDir", fresh.name, "--emptyOutDir")
            progress.step("Building the user interface", build, folder=self._web)
            _swap(fresh, self._web / "dist")
            (self._modules / BUILT).write_text(self._sources() + "\n")

    def _is_installed(self) -> bool:
        return stamps.is_current(self._modules / INSTALLED, self._packages())

    def _is_built(self) -> bool:
        page = self._web / "dist" / "index.html"
        return page.is_file() and stamps.is_current(self._modules / BUILT, self._sources())

    def _packages(self) -> str:
        return stamps.digest(self._web, [self._web / name for name in PACKAGES])

    def _sources(self) -> str:
        return stamps.digest(self._web, [self._web / name for name in SOURCES])


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
