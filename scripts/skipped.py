"""Fails when a test did not run: `python -m scripts.skipped RESULTS.xml`, with what pytest --junit-xml wrote.

On a machine of CI nothing may be missing that a test needs; on another one a skip is only named.
"""

import re
import sys
from pathlib import Path


def skipped(results: str) -> list[str]:
    """The tests that were skipped, each with its reason, from the text of a JUnit report.

    A report of our own pytest run is no foreign input, so a pattern over its text is enough.
    """
    found = []
    for case in re.finditer(r"<testcase ([^>]*[^/])>(.*?)</testcase>", results, re.DOTALL):
        if reason := re.search(r'<skipped [^>]*message="([^"]*)"', case[2]):
            name = dict(re.findall(r'(\w+)="([^"]*)"', case[1]))
            found.append(f"{name.get('classname', '')}.{name.get('name', '')}: {reason[1]}")
    return found


def main(path: str) -> int:
    """1, with a line for each test that was skipped; 0 when all ran."""
    names = skipped(Path(path).read_text())
    for name in names:
        print(f"skipped: {name}", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
