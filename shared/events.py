"""Events as rows: written in the transaction of the change they tell of, read in their order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)

from shared.contracts.events import StreamPosition
from shared.database.prepared import Prepared
from shared.database.types import Instant, microseconds, now

ORDER_LOCK = 0x6576656E  # "even"
TOLD = ("type", "subject", "time", "data")
RECOVERED = "system.recovered"  # the kind of the event that the restore of a backup leaves behind all others
# PostgreSQL: the lock is taken before a row has its sequence, and the rows get theirs in the order given.
_LOCKED_INSERT = Prepared(
    text(
        """
        WITH locked AS (SELECT pg_advisory_xact_lock(:lock))
        INSERT INTO events (type, subject, time, data)
        SELECT CAST(:type AS text), CAST(:subject AS text), CAST(:time AS bigint), told.data
        FROM locked, unnest(CAST(:data AS text[])) WITH ORDINALITY AS told(data, place)
        ORDER BY told.place
        """
    )
)
_compact = json.JSONEncoder(separators=(",", ":")).encode


def events_table(metadata: MetaData) -> Table:
    """The table of a deployable's events. Sequences only grow, and are never used twice."""
    return Table(
        "events",
        metadata,
        Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("type", String(100), nullable=False),
        Column("subject", Text, nullable=False),
        Column("time", Instant, nullable=False),
        Column("data", Text, nullable=False),
        sqlite_autoincrement=True,
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event as it goes out: its sequence, and the CloudEvent as JSON text."""

    sequence: int
    json: str


class EventLog:
    """Appends to and reads from a deployable's events table. All calls are inside a transaction."""

    def __init__(self, service: str, table: Table) -> None:
        self.service = service
        self._table = table
        self._insert = Prepared(
            insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in TOLD})
        )

    def append(self, connection: Connection, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """Tell of a change. `kind` is the type without the service, such as image.created.

        Call it last in a transaction. On PostgreSQL it takes a lock until the commit: sequences then
        become visible in their order, and who reads on from a cursor cannot jump over a late one.
        """
        self.append_all(connection, kind, subject, [data])

    def facts(self, kind: str, subject: str) -> dict[str, Any]:
        """What events of this moment have beside their data, and the number of the lock on their order."""
        facts = {"type": f"{self.service}.{kind}", "subject": subject, "time": microseconds(now())}
        return {**facts, "lock": ORDER_LOCK}

    def append_all(
        self, connection: Connection, kind: str, subject: str, data: Sequence[Mapping[str, Any]]
    ) -> None:
        """Tell of several changes of one kind and subject, in their order. See `append`."""
        values = self.facts(kind, subject)
        texts = [_compact(each) for each in data]
        if connection.dialect.name == "postgresql":
            _LOCKED_INSERT.run(connection, {**values, "data": texts})
            return
        for each in texts:
            self._insert.run(connection, {**values, "data": each})

    def position(self, connection: Connection) -> StreamPosition:
        """What is still kept. The newest event is never trimmed, so the end is always known."""
        sequence = self._table.c.sequence
        oldest, newest = connection.execute(select(func.min(sequence), func.max(sequence))).one()
        return StreamPosition(oldest=oldest or 0, newest=newest or 0)

    def after(self, connection: Connection, sequence: int, limit: int = 500) -> list[Recorded]:
        """Events that follow `sequence`, oldest first, at most `limit`."""
        table = self._table
        rows = connection.execute(
            select(table).where(table.c.sequence > sequence).order_by(table.c.sequence).limit(limit)
        )
        return [Recorded(row.sequence, self._as_json(row)) for row in rows]

    def is_undone(self, connection: Connection, sequence: int) -> bool:
        """True where the sequence was given after the backup that the system was restored from.

        What was told of by then has not happened any more, and what follows does not tell so.
        """
        table = self._table
        restored = table.c.type == f"{self.service}.{RECOVERED}"
        found = connection.scalars(select(table.c.data).where(table.c.sequence > sequence, restored))
        return any(json.loads(data)["after"] < sequence for data in found)

    def trim(self, connection: Connection, before: datetime) -> int:
        """Forget events older than `before`, all but the newest; returns how many."""
        table = self._table
        newest = select(func.max(table.c.sequence)).scalar_subquery()
        done = connection.execute(delete(table).where(table.c.time < before, table.c.sequence < newest))
        return done.rowcount

    def _as_json(self, row: Any) -> str:
        head = {
            "specversion": "1.0",
            "id": f"{self.service}:{row.sequence}",
            "source": f"/{self.service}",
            "type": row.type,
            "subject": row.subject,
            "time": row.time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
        }
        return f'{json.dumps(head, separators=(",", ":"))[:-1]},"data":{row.data}}}'


def is_gap(position: StreamPosition, after: int) -> bool:
    """True where a reader who has seen `after` cannot go on: what follows is forgotten, or never was."""
    return after > position.newest or after < position.oldest - 1
