"""All SQL on the items of jobs, and on the folders that their bytes stand in."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from services.processing.item_row import Item, NewItem, Stored, item_of
from services.processing.tables import folders, items, jobs
from services.processing.worker import Outcome
from shared.database.types import now
from shared.errors import NotFound

HERE = (items.c.job_id == bindparam("of_job")) & (items.c.position == bindparam("at"))
SAME_RUN = HERE & (items.c.run == bindparam("of_run")) & (items.c.state == "running")
NO_RESULT: dict[str, Any] = {
    "result_key": None, "result_size": None, "result_digest": None, "result_type": None,
    "width": None, "height": None, "error": None, "ended_at": None,
}  # fmt: skip
SHOWN = [
    items.c[name]
    for name in (
        "position", "name", "stem", "state", "attempts", "error", "pipeline", "original_key", "result_key",
        "result_type", "result_size", "result_digest", "width", "height", "stored_name", "store_error",
        "started_at", "ended_at",
    )
]  # fmt: skip


class ItemNotFound(NotFound):
    """The job has no item of that index."""

    code = "item_not_found"
    title = "There is no such item"


def add_items(connection: Connection, job_id: int, new: Sequence[NewItem]) -> None:
    """The items of a new job, in their order."""
    rows = [
        {
            "job_id": job_id,
            "position": index,
            "name": one.name,
            "stem": one.stem,
            "state": "waiting" if one.error is None else "failed",
            "error": one.error and json.dumps(one.error),
            "pipeline": one.pipeline,
            "run": 0,
            "attempts": 0,
            "crashes": 0,
            "image_name": one.image_name,
            **_columns("original", one.original),
        }
        for index, one in enumerate(new)
    ]
    connection.execute(insert(items), rows)


def _columns(what: str, stored: Stored | None) -> dict[str, Any]:
    return {
        f"{what}_key": stored and stored.key,
        f"{what}_size": stored and stored.size,
        f"{what}_digest": stored and stored.digest,
        f"{what}_type": stored and stored.media_type,
    }


def find(connection: Connection, job_id: int, index: int) -> Item:
    """Raises ItemNotFound."""
    row = connection.execute(select(items).where(items.c.job_id == job_id, items.c.position == index)).first()
    if row is None:
        raise ItemNotFound(f"job {job_id} has no item {index}")
    return item_of(row)


def page(connection: Connection, job_id: int, *, after: int = -1, limit: int) -> list[Item]:
    """Items behind the index `after`, in the order of the upload."""
    wanted = select(items).where(items.c.job_id == job_id, items.c.position > after)
    return [item_of(row) for row in connection.execute(wanted.order_by(items.c.position).limit(limit))]


def shown_page(
    connection: Connection, job_id: int, *, after: int, limit: int, state: str | None
) -> Sequence[Row[Any]]:
    """The same as bare rows of what is shown: a page has a thousand, and an Item costs as much again."""
    wanted = select(*SHOWN).where(items.c.job_id == job_id, items.c.position > after)
    if state is not None:
        wanted = wanted.where(items.c.state == state)
    return connection.execute(wanted.order_by(items.c.position).limit(limit)).all()


def find_shown(connection: Connection, job_id: int, index: int) -> Row[Any]:
    """One such row. Raises ItemNotFound."""
    found = shown_page(connection, job_id, after=index - 1, limit=1, state=None)
    if not found or found[0].position != index:
        raise ItemNotFound(f"job {job_id} has no item {index}")
    return found[0]


def counts(connection: Connection, job_id: int) -> dict[str, int]:
    """How many items are in each state."""
    wanted = select(items.c.state, func.count()).where(items.c.job_id == job_id).group_by(items.c.state)
    return {row[0]: row[1] for row in connection.execute(wanted)}


def take(connection: Connection, job_id: int, limit: int) -> list[Item]:
    """Hand out waiting items, the first ones first; each has a new run."""
    wanted = select(items).where(items.c.job_id == job_id, items.c.state == "waiting")
    found = [item_of(row) for row in connection.execute(wanted.order_by(items.c.position).limit(limit))]
    if not found:
        return []
    moment = now()
    change = update(items).where(HERE).values(state="running", run=items.c.run + 1, started_at=moment)
    connection.execute(change, [{"of_job": job_id, "at": one.index} for one in found])
    indices = [one.index for one in found]
    taken = select(items).where(items.c.job_id == job_id, items.c.position.in_(indices))
    return [item_of(row) for row in connection.execute(taken.order_by(items.c.position))]


def give_back(connection: Connection, job_id: int, taken: Sequence[tuple[int, int]] | None = None) -> None:
    """Items (index, run) wait again, as if never handed out; without any given, all that run."""
    back = {"state": "waiting", "started_at": None}
    if taken is None:
        running = update(items).where(items.c.job_id == job_id, items.c.state == "running")
        connection.execute(running.values(**back))
    elif taken:
        change = update(items).where(SAME_RUN).values(**back)
        connection.execute(change, [{"of_job": job_id, "at": at, "of_run": run} for at, run in taken])


def blame(
    connection: Connection, job_id: int, index: int, run: int, most: int, error: Mapping[str, Any]
) -> None:
    """The item's worker died at it: it waits again, or has failed with `error` after `most` such attempts."""
    of_run = {"of_job": job_id, "at": index, "of_run": run}
    counted = {"attempts": items.c.attempts + 1, "crashes": items.c.crashes + 1}
    again = update(items).where(SAME_RUN, items.c.crashes + 1 < most)
    connection.execute(again.values(state="waiting", started_at=None, **counted), of_run)
    last = update(items).where(SAME_RUN)
    connection.execute(
        last.values(state="failed", ended_at=now(), error=json.dumps(error), **counted), of_run
    )


def end(connection: Connection, job_id: int, outcomes: Sequence[Outcome]) -> None:
    """Write what became of items, unless another run has been handed out since."""
    for outcome in outcomes:
        error = None if outcome.error is None else json.dumps(outcome.error)
        change = update(items).where(SAME_RUN).values(
            state=outcome.state, attempts=items.c.attempts + 1, error=error, ended_at=now(), **outcome.result
        )  # fmt: skip
        connection.execute(change, {"of_job": job_id, "at": outcome.index, "of_run": outcome.run})


def cancel(connection: Connection, job_id: int) -> None:
    """What has not ended is cancelled."""
    open_ = update(items).where(items.c.job_id == job_id, items.c.state.in_(("waiting", "running")))
    connection.execute(open_.values(state="cancelled", ended_at=now()))


def retry(connection: Connection, job_id: int) -> int:
    """Failed and cancelled items wait again; returns how many."""
    ended = update(items).where(items.c.job_id == job_id, items.c.state.in_(("failed", "cancelled")))
    again = {**NO_RESULT, "state": "waiting", "attempts": 0, "crashes": 0, "started_at": None}
    return connection.execute(ended.values(**again)).rowcount


def keep_original(connection: Connection, job_id: int, index: int, original: Stored) -> None:
    """The item's bytes have been fetched."""
    change = update(items).where(HERE).values(**_columns("original", original))
    connection.execute(change, {"of_job": job_id, "at": index})


def unstored(connection: Connection, job_id: int, after: int, limit: int) -> list[Item]:
    """Finished items whose results the image store does not have yet."""
    wanted = select(items).where(
        items.c.job_id == job_id,
        items.c.state == "finished",
        items.c.stored_name.is_(None),
        items.c.position > after,
    )
    return [item_of(row) for row in connection.execute(wanted.order_by(items.c.position).limit(limit))]


def mark_stored(
    connection: Connection, job_id: int, index: int, name: str | None, error: Mapping[str, Any] | None
) -> None:
    """The image store has the result under that name, or refused it."""
    told = None if error is None else json.dumps(error)
    change = update(items).where(HERE).values(stored_name=name, store_error=told)
    connection.execute(change, {"of_job": job_id, "at": index})


def stored_count(connection: Connection, job_id: int) -> int:
    """How many results the image store has."""
    wanted = select(func.count()).where(items.c.job_id == job_id, items.c.stored_name.is_not(None))
    return connection.execute(wanted).scalar_one()


def add_folder(connection: Connection, token: str, job_id: int, *, store: bool) -> None:
    """The job's bytes stand in that folder; `store`: its results are for the image store, too."""
    connection.execute(
        insert(folders).values(token=token, job_id=job_id, store_wanted=store, created_at=now())
    )


def want_stored(connection: Connection, job_id: int) -> None:
    """From now on the job's results are for the image store, too."""
    connection.execute(update(folders).where(folders.c.job_id == job_id).values(store_wanted=True))


def is_store_wanted(connection: Connection, job_id: int) -> bool:
    """Whether the results are for the image store, too."""
    wanted = select(folders.c.store_wanted).where(folders.c.job_id == job_id)
    return bool(connection.execute(wanted).scalar_one_or_none())


def stored_jobs(connection: Connection, job_ids: Sequence[int]) -> set[int]:
    """Those of the jobs whose results are for the image store, too."""
    wanted = select(folders.c.job_id).where(folders.c.job_id.in_(job_ids), folders.c.store_wanted)
    return {job_id for (job_id,) in connection.execute(wanted)}


def known_folders(connection: Connection) -> set[str]:
    """Every folder that a job has."""
    return {token for (token,) in connection.execute(select(folders.c.token))}


def forget_folder(connection: Connection, token: str) -> None:
    """Its bytes are gone."""
    connection.execute(delete(folders).where(folders.c.token == token))


def waiting_items(connection: Connection) -> int:
    """How many images of jobs that have not ended no worker has yet."""
    unended = items.join(jobs, (items.c.job_id == jobs.c.id) & jobs.c.state.in_(("waiting", "running")))
    counted = select(func.count()).select_from(unended).where(items.c.state == "waiting")
    return connection.execute(counted).scalar_one()


def waiting_jobs(connection: Connection) -> int:
    """How many jobs nobody has begun."""
    return connection.execute(select(func.count()).where(jobs.c.state == "waiting")).scalar_one()
