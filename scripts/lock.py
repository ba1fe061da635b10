"""Writes the lock files anew, for `make lock`: versions and hashes, no address where packages come from."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("run", "backup", "gateway", "imagestore", "legacy", "pictures", "processing", "sdcard", "tagging")
CORE = "core"  # what every deployable needs, with traces: the layer that all images share
COMPILE = (
    "-m",
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--upgrade",
)


def main() -> int:
    """Lock all extras. `dev` holds every package: the others take its versions, so that all agree."""
    _compile("dev", "--extra", "dev")
    _compile(CORE, "--extra", "telemetry", "--constraint", "requirements/dev.txt")
    for extra in EXTRAS:
        _compile(extra, "--extra", extra, "--constraint", "requirements/dev.txt")
    web = ROOT / "gateway" / "web"
    code = subprocess.run(["npm", "update", "--package-lock-only"], cwd=web, check=False).returncode
    _drop_addresses(web / "package-lock.json")
    return code


def _drop_addresses(path: Path) -> None:
    """A lock is versions and hashes; where to fetch from, or whom to pay, is not its business."""
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        for member in ("funding", "resolved"):
            package.pop(member, None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


def _compile(name: str, *options: str) -> None:
    target = f"requirements/{name}.txt"
    command = [sys.executable, *COMPILE, "-o", target, *options, "pyproject.toml"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
