"""`python -m tests.fuzz NAME [SECONDS]`: fuzz a codec, guided by what of it each input reaches.

Inputs that reach something new go to tests/fuzz/corpus/NAME; one that crashes to crash-* beside the caller.
The tests run the whole corpus.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["gateway.legacy", "tests.fuzz.codecs"]):
    from tests.fuzz.codecs import FUZZERS

CORPUS = Path(__file__).parent / "corpus"
MEMORY_MIB = 512
INPUT_BYTES = 4096
HANG_SECONDS = 5


def main() -> None:
    """Run for ten minutes, unless told otherwise."""
    name = sys.argv[1]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    options = [
        sys.argv[0],
        str(CORPUS / name),
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_BYTES}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-timeout={HANG_SECONDS}",
        "-print_final_stats=1",
    ]
    atheris.Setup(options, FUZZERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
