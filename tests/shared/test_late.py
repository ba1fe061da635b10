"""What is loaded late: nothing of it before it is used, all of it after."""

import subprocess
import sys

import pytest

from shared.late import LateModule, not_importable

APPS = ("gateway.app", "gateway.legacy.app", "services.tagging.app", "services.imagestore.app",
        "services.processing.app", "services.sdcard.app")  # fmt: skip
HEAVY = {"alembic", "av", "cv2", "matplotlib.pyplot", "pygments", "rich", "sqlalchemy.orm", "typer"}


def test_a_late_module_is_prepared_once_and_then_as_the_real_one() -> None:
    prepared: list[str] = []
    late = LateModule("colorsys", lambda module: prepared.append(module.__name__))
    assert prepared == []
    assert late.rgb_to_hsv(1, 0, 0) == (0.0, 1.0, 1.0)
    assert late.hsv_to_rgb(0.0, 1.0, 1.0) == (1.0, 0, 0)
    assert prepared == ["colorsys"]


def test_what_is_not_importable_is_again_afterwards() -> None:
    with not_importable("this", "json"):
        import json  # it is loaded already

        with pytest.raises(ImportError):
            import this  # noqa: F401
    assert json.loads("1") == 1
    assert "this" not in sys.modules


def test_apps_that_have_just_been_imported_have_not_loaded_what_they_may_never_need() -> None:
    code = f"import sys, {', '.join(APPS)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY == set()
