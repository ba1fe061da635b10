"""The fuzzers' corpus, run as a test: what was once found is found for ever."""

from pathlib import Path

import pytest

from tests.fuzz.codecs import FUZZERS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", FUZZERS)
def test_the_corpus_holds(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert len(inputs) > 20
    for path in inputs:
        FUZZERS[name](path.read_bytes())
