"""Landmarks: any page of a long list at once."""

import pytest

from tests.services.imagestore.store import Store, picture, problem
from tests.services.imagestore.test_catalogue import SORTS


@pytest.fixture
def many(store: Store) -> Store:
    """65 images of few sizes, every third with a tag."""
    store.upload(*((f"{number:02}.png", picture(number, (8 + number % 3, 8))) for number in range(65)))
    for number in range(0, 65, 3):
        store.patch(f"/v1/images/{number:02}.png", json={"add_tags": ["third"]})
    return store


def test_every_page_is_reached_at_once_in_every_order(many: Store) -> None:
    for sort in SORTS:
        whole = many.names(sort=sort, limit=1000)
        found = many.get("/v1/landmarks", params={"sort": sort, "every": 20, "at": whole[31]}).json()
        assert (found["total"], found["every"], found["at"]) == (65, 20, 31), sort
        pages = [
            many.names(sort=sort, limit=20, **({"cursor": cursor} if cursor else {}))
            for cursor in (None, *found["cursors"])
        ]
        assert [len(page) for page in pages] == [20, 20, 20, 5]
        assert [name for page in pages for name in page] == whole, sort


def test_they_are_those_of_the_search(many: Store) -> None:
    third = many.get(
        "/v1/landmarks", params={"tag": "third", "every": 20, "at": "03.png", "sort": "name"}
    ).json()
    assert (third["total"], len(third["cursors"]), third["at"]) == (22, 1, 1)
    assert many.names(tag="third", sort="name", cursor=third["cursors"][0]) == ["60.png", "63.png"]
    other = many.get("/v1/landmarks", params={"q": "1.p", "at": "03.png"}).json()
    assert other == {"total": 7, "every": 100, "cursors": [], "at": None}
    many.delete("/v1/images/03.png")
    assert many.get("/v1/landmarks", params={"at": "03.png"}).json()["at"] is None
    assert many.get("/v1/landmarks").json()["total"] == 64


def test_an_empty_store_has_none(store: Store) -> None:
    assert store.get("/v1/landmarks").json() == {"total": 0, "every": 100, "cursors": [], "at": None}
    assert problem(store.get("/v1/landmarks?every=1")) == (422, "validation_failed")
