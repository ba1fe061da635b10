"""What a page does to people who cannot see or point, as axe-core finds it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "gateway" / "web" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations)"""


def findings(page: Page) -> list[str]:
    """Serious findings, each with the elements that it is about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text())  # a script element would need a weaker policy of the page
    violations: list[dict[str, Any]] = page.evaluate(RUN)
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']]}"
        for one in violations
        if one["impact"] in SERIOUS
    ]
