"""SQL of landmarks: where in the whole of a search its pages begin."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from services.imagestore.repository import SORTS, Search, filtered
from services.imagestore.tables import images


@dataclass(frozen=True, slots=True)
class Landmarks:
    """How many images fit, the place (sort key, id) of the last one of each page, where one image stands."""

    total: int
    places: list[tuple[Any, int]]
    at: int | None


def landmarks(connection: Connection, wanted: Search, every: int, name: str | None) -> Landmarks:
    """The landmarks of the whole search, in its order, one after each `every` images; `name` from 0.

    A page that begins after a place has `every` images; what follows the last place is the rest.
    """
    column = SORTS[wanted.sort.removeprefix("-")]
    down = wanted.sort.startswith("-")
    order = (column.desc(), images.c.id.desc()) if down else (column, images.c.id)
    numbered = filtered(
        select(column.label("key"), images.c.id, func.row_number().over(order_by=order).label("number")),
        wanted,
    ).subquery()
    ends = select(numbered.c.key, numbered.c.id).where(numbered.c.number % every == 0)
    places = [(key, row_id) for key, row_id in connection.execute(ends.order_by(numbered.c.number))]
    total = connection.scalar(filtered(select(func.count()).select_from(images), wanted)) or 0
    return Landmarks(total, places, None if name is None else _at(connection, wanted, name))


def _at(connection: Connection, wanted: Search, name: str) -> int | None:
    """How many images come before that of the name; None where it does not fit the search."""
    column = SORTS[wanted.sort.removeprefix("-")]
    query = filtered(select(column, images.c.id), wanted).where(images.c.name == name)
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    key, row_id = found
    down = wanted.sort.startswith("-")
    before = column > key if down else column < key
    earlier = images.c.id > row_id if down else images.c.id < row_id
    counted = filtered(select(func.count()).select_from(images), wanted)
    return connection.scalar(counted.where(or_(before, and_(column == key, earlier)))) or 0
