"""What a jobs table tells an operator: is work waiting, and for how long."""

from sqlalchemy import Connection, Table, func, select

from shared.database.types import now
from shared.figures import Figure

UNENDED = ("waiting", "running")


def job_figures(connection: Connection, table: Table) -> list[Figure]:
    """Jobs that have not ended, and the seconds that the first in line has waited."""
    state = table.c.state
    counted = select(state, func.count()).where(state.in_(UNENDED)).group_by(state)
    counts: dict[str, int] = dict(connection.execute(counted).all())
    first = select(table.c.created_at).where(state == "waiting").order_by(table.c.id).limit(1)
    since = connection.scalar(first)
    waited = 0.0 if since is None else max(0.0, (now() - since).total_seconds())
    return [
        *(Figure("darkroom_jobs", "Jobs", counts.get(name, 0), {"state": name}) for name in UNENDED),
        Figure("darkroom_jobs_oldest_waiting_seconds", "How long the first job in line has waited", waited),
    ]
