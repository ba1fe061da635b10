"""Cursors: they come back as they went out, and any other word is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.web.cursors import MAX_INTEGER, decode_cursor, encode_cursor


@given(st.text(), st.integers(-MAX_INTEGER, MAX_INTEGER))
def test_what_goes_out_comes_back(key: str, number: int) -> None:
    cursor = encode_cursor(key, number)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&? ")
    assert decode_cursor(cursor, str, int) == [key, number]


@given(st.text(max_size=60))
def test_any_word_is_taken_or_refused(word: str) -> None:
    try:
        (number,) = decode_cursor(word, int)
    except BadRequest as refusal:
        code = refusal.code
    else:
        assert isinstance(number, int)
        return
    assert code == "invalid_cursor"


@pytest.mark.parametrize(
    ("cursor", "kinds"),
    [
        (encode_cursor(1), (str,)),
        (encode_cursor("1"), (int,)),
        (encode_cursor(1, 2), (int,)),
        (encode_cursor(), (int,)),
        (encode_cursor(None), (int,)),
        (encode_cursor(True), (int,)),
        (encode_cursor(MAX_INTEGER + 1), (int,)),
        ("e30", (int,)),
        ("W1tb" * 20_000, (int,)),
        ("", (int,)),
        ("é", (int,)),
    ],
)
def test_a_cursor_of_another_list_is_refused(cursor: str, kinds: tuple[type, ...]) -> None:
    with pytest.raises(BadRequest) as refusal:
        decode_cursor(cursor, *kinds)
    assert refusal.value.code == "invalid_cursor"
