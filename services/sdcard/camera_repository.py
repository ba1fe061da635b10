"""All SQL on cameras and on what is known of their cards as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, delete, func, not_, or_, select, update

from services.sdcard.tables import cameras, cards
from shared.database.upsert import insert_missing

Source = Literal["ini", "pattern", "rest"]


@dataclass(frozen=True, slots=True)
class CameraRow:
    """A camera; `password` and `private_key` are sealed, keys of hosts are fingerprints."""

    id: str
    name: str
    host: str
    port: int
    user: str | None
    card_path: str
    config_path: str | None
    model: str
    source: Source
    created_at: datetime
    updated_at: datetime
    version: int = 1
    password: str | None = None
    private_key: str | None = None
    accepted_key: str | None = None
    offered_key: str | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CardRow:
    """What was last seen of a camera's card; sizes in bytes, `recording_plan` as JSON."""

    camera_id: str
    state: str = "never_seen"
    detail: str = ""
    checked_at: datetime | None = None
    size: int | None = None
    used: int | None = None
    available: int | None = None
    recording_plan: str | None = None
    refreshed_at: datetime | None = None
    claimed_until: datetime | None = None
    claimed_by: str | None = None


# A row that the pattern made, of a camera that never showed a key: a typing error, or one that was off.
_ONLY_TRIED = and_(
    cameras.c.source == "pattern", cameras.c.accepted_key.is_(None), cameras.c.offered_key.is_(None)
)


def _camera(row: Row[Any]) -> CameraRow:
    return CameraRow(**{field.name: getattr(row, field.name) for field in fields(CameraRow)})


def find(connection: Connection, camera_id: str, *, lock: bool = False) -> CameraRow | None:
    """The row of that id, also one that is deleted."""
    wanted = select(cameras).where(cameras.c.id == camera_id)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    return None if row is None else _camera(row)


def page(connection: Connection, after: str | None, limit: int) -> list[CameraRow]:
    """Cameras by id, beginning after one; ids that somebody only tried, by the pattern, are left out."""
    wanted = select(cameras).where(cameras.c.deleted_at.is_(None), not_(_ONLY_TRIED))
    wanted = wanted.order_by(cameras.c.id).limit(limit)
    if after is not None:
        wanted = wanted.where(cameras.c.id > after)
    return [_camera(row) for row in connection.execute(wanted)]


def drop_tried(connection: Connection, before: datetime) -> None:
    """Forget ids that somebody only tried, so long ago."""
    connection.execute(delete(cameras).where(_ONLY_TRIED, cameras.c.created_at < before))


def put(connection: Connection, row: CameraRow) -> None:
    """The row as given, new or in place of the one with its id."""
    if not put_missing(connection, row):
        values = {field.name: getattr(row, field.name) for field in fields(CameraRow)}
        connection.execute(update(cameras).where(cameras.c.id == row.id).values(values))


def put_missing(connection: Connection, row: CameraRow) -> bool:
    """The row, unless one of that id is there; whether it was added."""
    return insert_missing(connection, cameras, {f.name: getattr(row, f.name) for f in fields(CameraRow)})


def set_host_keys(
    connection: Connection, camera_id: str, *, accepted: str | None, offered: str | None
) -> None:
    """Remember which key is trusted, and which was shown besides."""
    values = {"accepted_key": accepted, "offered_key": offered}
    connection.execute(update(cameras).where(cameras.c.id == camera_id).values(values))


def card(connection: Connection, camera_id: str) -> CardRow:
    """What is known of the camera's card; of one never asked, nothing."""
    row = connection.execute(select(cards).where(cards.c.camera_id == camera_id)).one_or_none()
    return CardRow(camera_id) if row is None else _card(row)


def card_states(connection: Connection, camera_ids: Sequence[str]) -> dict[str, CardRow]:
    """The same for several."""
    rows = connection.execute(select(cards).where(cards.c.camera_id.in_(camera_ids)))
    found = {row.camera_id: _card(row) for row in rows}
    return {camera_id: found.get(camera_id, CardRow(camera_id)) for camera_id in camera_ids}


def count_states(connection: Connection) -> dict[str, int]:
    """How many cameras are in which state; a card without a row was never asked for."""
    state = func.coalesce(cards.c.state, "never_seen")
    joined = cameras.outerjoin(cards, cards.c.camera_id == cameras.c.id)
    counted = select(state, func.count()).select_from(joined).where(cameras.c.deleted_at.is_(None))
    return dict(connection.execute(counted.group_by(state)).all())


def _card(row: Row[Any]) -> CardRow:
    return CardRow(**{field.name: getattr(row, field.name) for field in fields(CardRow)})


def set_card(connection: Connection, camera_id: str, values: Mapping[str, Any]) -> None:
    """Write what was seen of the card, whether its row is there or not."""
    _make_card(connection, camera_id)
    connection.execute(update(cards).where(cards.c.camera_id == camera_id).values(dict(values)))


def _make_card(connection: Connection, camera_id: str) -> None:
    insert_missing(connection, cards, {"camera_id": camera_id, "state": "never_seen", "detail": ""})


def free_claims(connection: Connection) -> None:
    """Give back every right to refresh: for a start where no other process can hold one."""
    connection.execute(update(cards).values(claimed_until=None, claimed_by=None))


def lock_card(connection: Connection, camera_id: str) -> None:
    """Let nobody else write the camera's listing until the commit (PostgreSQL; SQLite has one writer)."""
    _make_card(connection, camera_id)
    connection.execute(select(cards.c.camera_id).where(cards.c.camera_id == camera_id).with_for_update())


def claim_card(
    connection: Connection, camera_id: str, owner: str, moment: datetime, lease: timedelta
) -> bool:
    """Take the right to refresh the listing for as long as `lease`; False while another one has it."""
    _make_card(connection, camera_id)
    free = or_(cards.c.claimed_until.is_(None), cards.c.claimed_until < moment, cards.c.claimed_by == owner)
    take = update(cards).where(and_(cards.c.camera_id == camera_id, free))
    done = connection.execute(take.values(claimed_until=moment + lease, claimed_by=owner))
    return done.rowcount == 1


def release_card(connection: Connection, camera_id: str, owner: str) -> None:
    """Give the right back."""
    mine = and_(cards.c.camera_id == camera_id, cards.c.claimed_by == owner)
    connection.execute(update(cards).where(mine).values(claimed_until=None, claimed_by=None))
