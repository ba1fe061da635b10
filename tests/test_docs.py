"""What there is to call, set and run is named in the documents, and what they name is there."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.main import get_command

from gateway.cli import app as gateway_commands
from gateway.legacy.cli import app as legacy_commands
from gateway.legacy.settings import LegacySettings
from gateway.settings import GatewaySettings
from services.imagestore.__main__ import app as imagestore_commands
from services.imagestore.settings import ImageStoreSettings
from services.processing.settings import ProcessingSettings
from services.sdcard.settings import SdcardSettings
from services.tagging.__main__ import app as tagging_commands
from services.tagging.settings import TaggingSettings
from shared.settings import setting_names
from tests.stack import Stack

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("gateway", "scripts", "services", "shared")
SETTING = re.compile(r"DARKROOM_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_<])")
PATTERN = re.compile(r"DARKROOM_<(?:PART|SERVICE)>_([A-Z0-9_]+)")
CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[^\s`?]*)")
CODE = re.compile(r"""\bcode ?= ?"([a-z_]+)\"""")
FIGURE = re.compile(r"\bdarkroom_[a-z_]+[a-z]\b")
FIGURES_IN_USE = {"darkroom_cameras"}  # told as soon as there is a camera
PARTS = ("GATEWAY", "IMAGESTORE", "PROCESSING", "SDCARD", "TAGGING")
DOCUMENTED = ("imagestore", "processing", "sdcard", "tagging")  # services whose calls stand in docs/api.md
COMMANDS = {
    "python -m gateway": gateway_commands,
    "python -m gateway.legacy": legacy_commands,
    "python -m services.imagestore": imagestore_commands,
    "python -m services.tagging": tagging_commands,
}
NAMES_IN_TEXT = re.compile(
    r"`((?:docs|shared|services|gateway|scripts|tests|bench|requirements)/[^`\s<*{]+)`"
)


def read(*paths: Path) -> str:
    """The text of files, one after the other."""
    return "\n".join(path.read_text() for path in paths)


@pytest.fixture(scope="module")
def documents() -> str:
    """Everything written for people who use or work on Darkroom."""
    return read(*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")))


def sources() -> Iterator[Path]:
    """The program text that may name settings and codes."""
    for folder in SOURCES:
        for kind in ("*.py", "*.sh"):
            yield from (path for path in (ROOT / folder).rglob(kind) if "node_modules" not in path.parts)


def settings_there_are() -> set[str]:
    """The names of all environment variables that Darkroom reads."""
    parts = (
        GatewaySettings,
        ImageStoreSettings,
        LegacySettings,
        ProcessingSettings,
        SdcardSettings,
        TaggingSettings,
    )
    known = {name for part in parts for name in setting_names(part)}
    known |= compose_settings()
    return known | {name for path in sources() for name in SETTING.findall(path.read_text())}


def compose_settings() -> set[str]:
    """The names that the compose file and what it uses take from the environment."""
    return set(SETTING.findall(read(ROOT / "docker-compose.yml", *(ROOT / "deploy").glob("*.*"))))


def settings_named(text: str) -> set[str]:
    """The settings in a text; DARKROOM_<PART>_X stands for the one of each part."""
    spelt_out = {f"DARKROOM_{part}_{rest}" for rest in PATTERN.findall(text) for part in PARTS}
    return set(SETTING.findall(text)) | (spelt_out & settings_there_are())


def lines(missing: Iterable[str]) -> str:
    """For a failure's message."""
    return "\n" + "\n".join(sorted(missing))


def test_every_setting_is_documented(documents: str) -> None:
    missing = settings_there_are() - settings_named(documents)
    assert not missing, lines(missing)


def test_every_documented_setting_is_there(documents: str) -> None:
    unknown = settings_named(documents) - settings_there_are()
    assert not unknown, lines(unknown)


def test_the_example_of_an_env_file_has_every_setting_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text()
    in_example = set(re.findall(r"^# (DARKROOM_[A-Z0-9_]+)=", example, re.MULTILINE))
    commands_only = {"DARKROOM_URL", "DARKROOM_KEY"}  # not read by what `make run` starts
    assert not (missing := settings_there_are() - commands_only - in_example), lines(missing)
    assert not (unknown := in_example - settings_there_are()), lines(unknown)


@pytest.fixture(scope="module")
def calls(stack: Stack) -> set[str]:
    """Every call of the gateway and of each service behind it, as METHOD path."""
    with stack.client() as client:
        merged = client.get("/openapi.json").json()["paths"]
        own = {path: methods for path, methods in merged.items() if not path.startswith("/api/")}
        services = [client.get(f"/api/{name}/openapi.json").json()["paths"] for name in DOCUMENTED]
    found = {
        f"{method.upper()} {path}"
        for document in (own, *services)
        for path, methods in document.items()
        for method in methods
        if method in {"get", "post", "put", "patch", "delete"}
    }
    assert len(found) > 30
    return found


def test_every_call_is_documented(calls: set[str], documents: str) -> None:
    named = {f"{method} {path}" for method, path in CALL.findall(documents)}
    assert not (missing := calls - named), lines(missing)


def test_every_documented_call_is_there(calls: set[str], documents: str, stack: Stack) -> None:
    named = {f"{method} {path}" for method, path in CALL.findall(documents)}
    with stack.client() as client:
        unknown = {
            call
            for call in named - calls
            if not call.startswith("GET ") or client.get(call.removeprefix("GET ")).status_code != 200
        }
    assert not unknown, lines(unknown)


def test_every_code_of_a_problem_is_documented_and_no_other() -> None:
    servers = [path for path in sources() if path.parent.name != "clients"]
    used = {code for path in servers for code in CODE.findall(path.read_text())}
    table = (ROOT / "docs" / "api.md").read_text().partition("## Codes of problems")[2]
    named = set(re.findall(r"`([a-z_]+)`", table))
    assert not (missing := used - named), lines(missing)
    assert not (unknown := {code for code in named - used if not is_written(code)}), lines(unknown)


def is_written(code: str) -> bool:
    """Whether the code stands somewhere in the program, in whatever form."""
    return any(f'"{code}"' in path.read_text() for path in sources())


def test_every_make_target_is_documented_and_no_other(documents: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", documents)) | set(
        re.findall(r"^make ([a-z-]+)", documents, re.MULTILINE)
    )
    assert targets >= {"run", "test"}
    assert not (missing := targets - named), lines(missing)
    assert not (unknown := named - targets), lines(unknown)


def test_every_figure_is_documented_and_every_alert_is_about_one(stack: Stack) -> None:
    told = ""
    for part in (*DOCUMENTED, "gateway", "legacy"):
        headers = {"X-Darkroom-Service-Token": stack.service_token}
        answer = httpx2.get(
            f"http://127.0.0.1:{stack.ports[part]}/metrics", headers=headers, trust_env=False
        ).raise_for_status()
        told += answer.text
    found = set(re.findall(r"^# TYPE (darkroom_\w+) ", told, re.MULTILINE))
    named = set(FIGURE.findall((ROOT / "docs/operations.md").read_text()))
    assert not (missing := found - named), lines(missing)
    assert not (unknown := named - found - FIGURES_IN_USE), lines(unknown)
    alerted = set(FIGURE.findall(read(*(ROOT / "deploy").rglob("*.y*ml"))))
    assert not (unknown := alerted - found - FIGURES_IN_USE), lines(unknown)


def leaves(command: Any, words: str = "") -> Iterator[str]:
    """The commands of a command line, without what begins it. A group of them has `commands`."""
    if not hasattr(command, "commands"):
        yield words
        return
    for name, one in command.commands.items():
        yield from leaves(one, f"{words} {name}".strip())


@pytest.mark.parametrize("start", COMMANDS)
def test_every_command_is_documented(start: str, documents: str) -> None:
    found = list(leaves(get_command(COMMANDS[start])))
    assert all(found)
    missing = {words for words in found if not re.search(rf"[`\s]{re.escape(words)}\b", documents)}
    assert start in documents
    assert not missing, lines(f"{start} {words}" for words in missing)


def test_every_place_that_is_named_is_there(documents: str) -> None:
    missing = {name for name in NAMES_IN_TEXT.findall(documents) if not (ROOT / name).exists()}
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                missing.add(f"{page.relative_to(ROOT)}: {target}")
    assert not missing, lines(missing)
