"""Processing: one image at once, and jobs."""

from bench import at_once, jobs
from bench.rows import Row
from bench.stack import Stack


def run(stack: Stack) -> list[Row]:
    """The table's rows."""
    return [*at_once.run(stack), *jobs.run(stack)]
