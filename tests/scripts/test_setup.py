"""Setting a checkout up: what is missing is said in one sentence, and what is there is not done again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import python_environment, skipped, stamps
from scripts.progress import Progress, SetupError
from scripts.web_build import WebBuild
from tests.scripts.stack_process import ROOT


def program(folder: Path, name: str, *lines: str) -> None:
    """A shell script of that name, first on a PATH of `folder`."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make run` needs of this checkout, without anything that it makes."""
    root = tmp_path / "checkout"
    (root / "gateway" / "web" / "src").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", root)
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("package.json", "package-lock.json", "index.html"):
        (root / "gateway" / "web" / name).write_text("{}")
    return root


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for the PATH with the few programs that make and its recipes are made of."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("make", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    return folder


def make_run(checkout: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "run"], cwd=checkout, env={"PATH": str(tools)}, capture_output=True, text=True, timeout=60
    )


def test_a_missing_node_is_said_before_anything_is_installed(checkout: Path, tools: Path) -> None:
    answer = make_run(checkout, tools)
    assert answer.returncode == 2
    sentence = "Darkroom needs Node 20.19 or newer to build its user interface; there is no node on the PATH."
    assert answer.stderr.splitlines()[0] == sentence
    assert answer.stderr.count("\n") == 2  # the other one is make's own
    assert not (checkout / ".venv").exists()


def test_an_old_node_is_named(checkout: Path, tools: Path) -> None:
    program(tools, "node", "echo v18.20.4")
    assert "the node on the PATH is v18.20.4.\n" in make_run(checkout, tools).stderr


def test_node_without_npm_is_named(checkout: Path, tools: Path) -> None:
    program(tools, "node", "echo v22.12.0")
    assert "there is no npm on the PATH.\n" in make_run(checkout, tools).stderr


def test_an_old_python_is_named(checkout: Path, tools: Path) -> None:
    (tools / "python3").unlink()
    program(tools, "python3", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    answer = make_run(checkout, tools)
    assert answer.stderr.splitlines()[0] == (
        "Darkroom needs Python 3.11 or newer; this machine's PATH has Python 3.9.2."
    )


def test_no_python_is_named(checkout: Path, tools: Path) -> None:
    (tools / "python3").unlink()
    first = make_run(checkout, tools).stderr.splitlines()[0]
    assert first == "Darkroom needs Python 3.11 or newer; this machine's PATH has no python3."


def test_a_newer_python_beside_an_old_one_is_found(tools: Path) -> None:
    (tools / "python3").rename(tools / "python3.13")
    program(tools, "python3", "exit 1")
    found = subprocess.run(
        ["sh", ROOT / "scripts" / "find-python.sh"], env={"PATH": str(tools)}, capture_output=True, text=True
    )
    assert found.stdout == f"{tools / 'python3.13'}\n"


def test_packages_and_build_are_made_once(
    checkout: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tools, "node", "echo v22.12.0")
    program(
        tools,
        "npm",
        'echo "$*" >>../../npm-calls',
        'case "$1" in',
        "ci) mkdir -p node_modules;;",
        "run) mkdir -p dist-next; cp index.html dist-next/;;",
        "esac",
    )
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    said: list[str] = []

    def ensure() -> list[str]:
        calls = checkout / "npm-calls"
        calls.unlink(missing_ok=True)
        WebBuild(checkout).ensure(Progress(checkout / "log", said.append))
        return [line.split()[0] for line in calls.read_text().splitlines()] if calls.exists() else []

    web = checkout / "gateway" / "web"
    assert ensure() == ["ci", "run"]
    assert (web / "dist" / "index.html").read_text() == "{}"
    assert ensure() == []
    (web / "src" / "main.ts").write_text("export {}")
    assert ensure() == ["run"]
    shutil.rmtree(web / "dist")
    assert ensure() == ["run"]
    (web / "package-lock.json").write_text('{"changed": true}')
    assert ensure() == ["ci", "run"]
    assert ensure() == []
    assert "".join(said).count("Installing packages of the user interface ... ") == 2


def test_python_packages_are_installed_again_only_when_the_lock_changes(tmp_path: Path) -> None:
    lock = tmp_path / "requirements" / "run.txt"
    lock.parent.mkdir()
    lock.write_text("# nothing\n")
    said: list[str] = []
    progress = Progress(tmp_path / "log", said.append)
    python = python_environment.ensure(tmp_path, "run", progress)
    assert python.is_file()
    assert [line for line in said if "..." in line] == [
        "Making the Python environment ... ",
        "Installing Python packages ... ",
    ]
    said.clear()
    python_environment.ensure(tmp_path, "run", progress)
    assert said == []
    lock.write_text("darkroom-has-no-such-package==1.0 --hash=sha256:00\n")
    with pytest.raises(SetupError, match=r"ended with 1; all it said is in .*log, and at the end:\n"):
        python_environment.ensure(tmp_path, "run", progress)
    assert said == ["Installing Python packages ... ", "failed\n"]


def test_a_missing_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"requirements/run.txt is missing; `make lock` writes it\."):
        python_environment.ensure(tmp_path, "run", Progress(tmp_path / "log"))


def test_a_failed_step_shows_the_end_of_what_it_said(tmp_path: Path) -> None:
    said: list[str] = []
    progress = Progress(tmp_path / "log", said.append)
    with pytest.raises(SetupError) as failed:
        progress.step("Counting", ("sh", "-c", "seq 1 100; exit 7"), folder=tmp_path)
    assert "sh ended with 7" in str(failed.value)
    assert str(failed.value).endswith("  99\n  100")
    assert "  75\n" not in str(failed.value)
    assert "\n75\n" in (tmp_path / "log").read_text()


def test_a_digest_tells_contents_and_names_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = stamps.digest(tmp_path, [tmp_path])
    (tmp_path / "a").rename(tmp_path / "b")
    second = stamps.digest(tmp_path, [tmp_path])
    (tmp_path / "b").write_text("2")
    assert len({first, second, stamps.digest(tmp_path, [tmp_path])}) == 3


def test_skipped_tests_are_found_in_a_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "test_inner.py").write_text(
        "import pytest\n\ndef test_runs(): pass\n\ndef test_waits(): pytest.skip('no such program')\n"
    )
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        f"--junit-xml={report}",
        inner,
    ]
    subprocess.run(command, capture_output=True, cwd=inner)
    assert skipped.skipped(report.read_text()) == ["test_inner.test_waits: no such program"]
    assert skipped.main(str(report)) == 1
