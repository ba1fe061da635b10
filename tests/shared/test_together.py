"""Writes that share a transaction: each has its own answer, and one that fails undoes no other."""

import asyncio
from collections.abc import Awaitable, Sequence

from sqlalchemy import text

from shared.database import Connection, Database, make_engine, whole
from shared.errors import Conflict
from tests.postgres import NewDatabase


def test_writes_that_wait_together_share_a_transaction_and_fail_alone(new_database: NewDatabase) -> None:
    lefts: list[int | None] = []

    async def run() -> tuple[list[object], list[tuple[int, int]]]:
        database = Database(make_engine(new_database()))
        await database.write(lambda c: c.execute(text("CREATE TABLE seen (number int, xid bigint)")))

        def work(
            connection: Connection, numbers: Sequence[int], left: int | None
        ) -> tuple[list[int | Conflict], int]:
            query = text("INSERT INTO seen VALUES (:n, txid_current())")
            with whole(connection):
                connection.execute(query, [{"n": number} for number in numbers if number != 13])
            lefts.append(left)
            return [number if number != 13 else Conflict("unlucky") for number in numbers], len(lefts)

        def put(number: int) -> Awaitable[int]:
            return database.write_together("one", number, work)

        first = await asyncio.gather(*(put(number) for number in range(10)), return_exceptions=True)
        second = await asyncio.gather(*(put(number) for number in range(10, 20)), return_exceptions=True)
        rows = await database.read(
            lambda c: [tuple(row) for row in c.execute(text("SELECT number, xid FROM seen ORDER BY number"))]
        )
        await database.close()
        return [*first, *second], rows

    answers, rows = asyncio.run(run())
    assert [n for n, _ in rows] == [number for number in range(20) if number != 13]
    assert [str(answer) for answer in answers] == [str(n) if n != 13 else "unlucky" for n in range(20)]
    assert len({xid for number, xid in rows if number < 10}) == 1
    assert lefts == [None, *range(1, len(lefts))]  # each finds what the one before has left


def test_nothing_is_run_again_when_the_commit_itself_has_failed(new_database: NewDatabase) -> None:
    """Whether it was done nobody knows: run again it might be done twice."""
    times: list[int] = []

    async def run() -> list[object]:
        database = Database(make_engine(new_database()))
        deferred = "PRIMARY KEY DEFERRABLE INITIALLY DEFERRED"
        await database.write(lambda c: c.execute(text(f"CREATE TABLE once (number int {deferred})")))

        def work(connection: Connection, items: Sequence[int], left: str | None) -> tuple[Sequence[int], str]:
            assert left is None  # nothing is left by what was not committed
            times.append(len(items))
            connection.execute(text("INSERT INTO once VALUES (7), (7)"))
            return items, "left"

        found = await asyncio.gather(
            *(database.write_together("one", number, work) for number in range(3)), return_exceptions=True
        )
        await database.close()
        return list(found)

    assert all(isinstance(error, Exception) for error in asyncio.run(run()))
    assert sum(times) == 3
