"""How the queue stands: what waits, what is worked on and by whom, and what people must look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Table, func, select

from clawdbot.store.clock import clock
from clawdbot.store.database import Database
from clawdbot.store.durable_tables import notices, outbox, schedules
from clawdbot.store.tables import approvals, effects, runs


@dataclass(frozen=True, kw_only=True)
class RunningRun:
    """A run that somebody works on.  ``lease_s`` is what its lease has left, below 0 when it has run out."""

    id: str
    goal: str
    user: str
    kind: str
    owner: str
    lease_s: float
    updated_at: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The numbers of one moment; times are ISO 8601 in UTC."""

    runs: dict[str, int]
    """Runs by status; those that are steps of others are not counted."""
    ready: int
    """Of the queued ones those whose time has come."""
    oldest_ready_s: float | None
    """How long the first of them has been waiting for a worker, seconds."""
    running: tuple[RunningRun, ...]
    approvals: int
    """Questions that nobody has answered."""
    unknown_effects: int
    """Effects of which nobody knows if they happened."""
    mails_on_their_way: int
    failed_notices: int
    schedules: int
    paused: int
    next_schedule: str | None
    next_at: str | None


def overview(database: Database) -> Overview:
    """Read it in one transaction.  StoreError as Database raises it."""
    now = datetime.now(UTC)
    moment = now.isoformat(timespec="microseconds")
    with database.read() as connection:
        top = runs.c.parent.is_(None)
        by_status = connection.execute(select(runs.c.status, func.count()).where(top).group_by(runs.c.status))
        counts = {status: int(count) for status, count in by_status}
        due = (runs.c.status == "queued", runs.c.ready_at <= moment, top)
        ready, oldest = connection.execute(select(func.count(), func.min(runs.c.ready_at)).where(*due)).one()
        soon = (
            select(schedules.c.name, schedules.c.next_at)
            .where(schedules.c.paused.is_(False), schedules.c.next_at.is_not(None))
            .order_by(schedules.c.next_at, schedules.c.name)
            .limit(1)
        )
        first = connection.execute(soon).one_or_none()
        return Overview(
            runs=counts,
            ready=int(ready),
            oldest_ready_s=None if oldest is None else (now - datetime.fromisoformat(oldest)).total_seconds(),
            running=_running(connection),
            approvals=_open_questions(connection),
            unknown_effects=_count(connection, effects, effects.c.state == "unknown"),
            mails_on_their_way=_count(connection, outbox, outbox.c.state.in_(("queued", "sending"))),
            failed_notices=_count(connection, notices, notices.c.state.in_(("failed", "unknown"))),
            schedules=_count(connection, schedules),
            paused=_count(connection, schedules, schedules.c.paused.is_(True)),
            next_schedule=first.name if first else None,
            next_at=first.next_at if first else None,
        )


def _running(connection: Connection) -> tuple[RunningRun, ...]:
    moment = clock(connection)
    columns = (runs.c.id, runs.c.goal, runs.c.user, runs.c.kind, runs.c.owner, runs.c.lease_until, runs.c.updated_at)
    rows = connection.execute(select(*columns).where(runs.c.status == "running").order_by(runs.c.id)).mappings()
    return tuple(
        RunningRun(**{k: v for k, v in row.items() if k != "lease_until"}, lease_s=(row["lease_until"] or 0.0) - moment)
        for row in rows
    )


def _open_questions(connection: Connection) -> int:
    asking = select(func.count()).select_from(approvals.join(runs)).where(approvals.c.decision.is_(None))
    return int(connection.scalar(asking.where(runs.c.status.not_in(("done", "cancelled")))) or 0)


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(table).where(*where)) or 0)
