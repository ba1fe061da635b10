"""Names: what becomes of what people type, and what is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.imagestore.names import InvalidName, clean_name
from tests.services.imagestore.store import Store, picture, problem


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("sunset.jpg", "sunset.jpg"),
        ("my photo 1.jpg", "my_photo_1.jpg"),
        ("a\u00a0b\u2003c.png", "a_b_c.png"),
        ("e\u0301te\u0301.jpg", "été.jpg"),
        ("日本.jpg", "日本.jpg"),
        ("a", "a"),
        ("noise%2F.jpg", "noise%2F.jpg"),
        ("é" * 127, "é" * 127),
        (" .jpg", "_.jpg"),
    ],
)
def test_what_becomes_of_a_name(given: str, name: str) -> None:
    assert clean_name(given) == name


@pytest.mark.parametrize(
    "given",
    [
        "", ".hidden", "-rf", "a/b", "a\\b", "..", "a..b", "../../etc/passwd", "a\x00b", "a\nb", "a\x7fb",
        "a\x85b",        "a\u2028b", "a\ud800b", "é" * 128, "x" * 256,
    ],
)  # fmt: skip
def test_what_cannot_be_a_name(given: str) -> None:
    with pytest.raises(InvalidName) as refusal:
        clean_name(given)
    assert refusal.value.code == "invalid_name"
    assert refusal.value.detail


@given(st.text(max_size=300))
def test_a_name_that_is_taken_is_safe_and_stays_as_it_is(typed: str) -> None:
    try:
        name = clean_name(typed)
    except InvalidName:
        return
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert 1 <= len(name.encode()) <= 255
    assert not set(name) & set("/\\\0\n\r ")
    assert name[0] not in ".-"
    assert ".." not in name


@pytest.mark.parametrize("name", ["a#b?c&d=e%.png", "日本 語.png", "quote'.png", "+;,.png"])
def test_every_name_comes_back_through_urls(store: Store, name: str) -> None:
    content = picture()
    kept = clean_name(name)
    made = store.upload((name, content)).json()["items"][0]
    assert made["name"] == kept
    url = made["image"]["url"].removeprefix("https://photos.example/api/imagestore")
    assert store.get(url).json()["name"] == kept
    assert store.get(f"{url}/content").content == content
    assert store.delete(url).status_code == 204
    assert problem(store.get(url)) == (404, "image_not_found")


def test_a_data_folder_may_have_any_name(make_store: object, tmp_path: object) -> None:
    folder = tmp_path / "a b#c?d%41é"  # type: ignore[operator]
    store = make_store(data_dir=folder)  # type: ignore[operator]
    store.put_image("a.png", picture())
    assert store.get("/v1/images/a.png/content").content == picture()
    assert [path.name for path in folder.iterdir()] == ["imagestore"]
    assert (folder / "imagestore/imagestore.db").is_file()
    assert len(store.stored()) == 1
