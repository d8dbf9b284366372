"""Schedules, and what came of every instant at which one was due.

A firing, the run that it starts and the next instant of its schedule are written in one transaction, and a firing is
unique by schedule and instant: whoever is killed wherever, and however many look at once, each instant counts once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, or_, select, update

from clawdbot.errors import UsageError
from clawdbot.store.database import Database
from clawdbot.store.durable_tables import events, firings, schedules
from clawdbot.store.queue import NewRun, RunQueue
from clawdbot.store.tables import runs
from clawdbot.store.upsert import insert

Outcome = Literal["started", "late", "waiting", "missed", "overlap", "paused", "failed"]
"""waiting: starts when the run before it is over; paused: left out because a person paused the schedule."""

OPEN = ("queued", "running", "waiting")
"""A run that stands so goes on by itself or with an answer; an interrupted one needs a person to take it up."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One trigger of an enabled workflow.  Times are ISO 8601 in UTC; ``next_at`` is the next instant, if one is known.

    ``spec`` is what the trigger says, ``seen`` what it remembers, both JSON values that ``workflows/schedules`` makes.
    """

    name: str
    workflow: str
    spec: Mapping[str, Any]
    paused: bool = False
    next_at: str | None = None
    seen: Mapping[str, Any] | None = None
    changed_at: str
    changed_by: str


@dataclass(frozen=True, kw_only=True)
class Firing:
    """What came of one instant.  ``ended_at`` is None while something is still to come of it."""

    schedule: str
    due_at: str
    fired_at: str
    outcome: Outcome
    ready_at: str
    run_id: str | None = None
    note: str = ""
    cause: str = ""
    inputs: Mapping[str, Any] | None = None
    begun_at: str | None = None
    ended_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Following:
    """A firing whose run is not known to have ended, and how that run stands; None: it is gone.

    ``cancelling``: somebody wants it cancelled.
    """

    firing: Firing
    status: str | None
    begun_at: str | None
    changed_at: str | None
    cancelling: bool


@dataclass(frozen=True, kw_only=True)
class EndedRun:
    """A workflow's run that ended."""

    run_id: str
    workflow: str
    status: str
    verdict: str | None
    changed_at: str
    spec: Mapping[str, Any]


def moment_text(moment: datetime) -> str:
    """As the ledger writes moments, so that they sort and are equal when they are the same."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def run_id_of(schedule: str, due: datetime) -> str:
    """The id of the run that an instant starts: always the same, sorts by time, one for each schedule."""
    own = hashlib.sha256(f"{schedule} {moment_text(due)}".encode()).hexdigest()[:12]
    return f"{due.astimezone(UTC):%Y%m%d-%H%M%S}-{own}"


class ScheduleStore:
    """Schedules and firings; safe between threads and processes.  StoreError as Database raises it.

    Methods ending in ``_in`` work in a transaction of the caller's.
    """

    def __init__(self, database: Database, queue: RunQueue) -> None:
        self.database = database
        self._queue = queue

    def all(self) -> tuple[Schedule, ...]:
        """Every schedule by name, without what it has seen, which may be much."""
        columns = [column for column in schedules.columns if column.name != "seen"]
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).order_by(schedules.c.name))
            return tuple(Schedule(**row._mapping) for row in rows)

    def seen(self, name: str) -> Mapping[str, Any] | None:
        """What the trigger of that schedule remembers."""
        with self.database.read() as connection:
            found: Mapping[str, Any] | None = connection.scalar(
                select(schedules.c.seen).where(schedules.c.name == name)
            )
            return found

    def get(self, name: str) -> Schedule:
        """A schedule by its name, or by its workflow's when that has only one; UsageError for another name."""
        of_that = or_(schedules.c.name == name, schedules.c.workflow == name)
        with self.database.read() as connection:
            found = [Schedule(**row._mapping) for row in connection.execute(select(schedules).where(of_that))]
        exact = [schedule for schedule in found if schedule.name == name] or found
        if len(exact) == 1:
            return exact[0]
        if exact:
            names = ", ".join(sorted(schedule.name for schedule in exact))
            raise UsageError(f"Workflow {name!r} has several schedules.", hint=f"Name one: {names}.")
        raise UsageError(f"There is no schedule {name!r}.", hint="List them with: clawdbot schedule list")

    def locked_in(self, connection: Connection, name: str) -> Schedule | None:
        """A schedule that nobody else changes until the transaction ends; None when there is none any more."""
        statement = select(schedules).where(schedules.c.name == name).with_for_update()
        row = connection.execute(statement).one_or_none()
        return None if row is None else Schedule(**row._mapping)

    def add_in(self, connection: Connection, schedule: Schedule) -> bool:
        """Write a new schedule; False when another was first."""
        statement = insert(connection, schedules).values(**asdict(schedule)).on_conflict_do_nothing()
        return connection.execute(statement.returning(schedules.c.name)).first() is not None

    def change_in(self, connection: Connection, name: str, **values: Any) -> None:
        """Write columns of a schedule."""
        connection.execute(update(schedules).where(schedules.c.name == name).values(**values))

    def remove_in(self, connection: Connection, name: str) -> None:
        """The schedule is gone; what came of its instants stays."""
        connection.execute(delete(schedules).where(schedules.c.name == name))

    def fire_in(self, connection: Connection, firing: Firing, run: NewRun | None = None) -> bool:
        """Write what comes of an instant, and accept its run; False, and nothing is done, when that was done before."""
        row = {**asdict(firing), "run_id": None if run is None else run.id}
        statement = insert(connection, firings).values(**row).on_conflict_do_nothing()
        if connection.execute(statement.returning(firings.c.due_at)).first() is None:
            return False
        if run is not None:
            self._queue.accept_in(connection, run)
        return True

    def settle_in(self, connection: Connection, firing: Firing, run: NewRun | None = None, **values: Any) -> bool:
        """What waited comes to something, its run is accepted; False when somebody else was first."""
        waits = (*_is(firing), firings.c.outcome == "waiting")
        changed = {**values, "run_id": None if run is None else run.id}
        if connection.execute(update(firings).where(*waits).values(**changed)).rowcount != 1:
            return False
        if run is not None:
            self._queue.accept_in(connection, run)
        return True

    def mark_in(self, connection: Connection, firing: Firing, **values: Any) -> None:
        """Write columns of a firing."""
        connection.execute(update(firings).where(*_is(firing)).values(**values))

    def following_in(self, connection: Connection, schedule: str | None = None) -> tuple[Following, ...]:
        """Firings that something is still to come of, of one schedule or of all, by instant."""
        first = and_(events.c.run_id == firings.c.run_id, events.c.seq == 1)
        statement = (
            select(firings, runs.c.status, runs.c.token, runs.c.updated_at, runs.c.cancel_by, events.c.at)
            .outerjoin(runs, runs.c.id == firings.c.run_id)
            .outerjoin(events, first)
            .where(firings.c.ended_at.is_(None))
            .order_by(firings.c.due_at, firings.c.schedule)
        )
        if schedule is not None:
            statement = statement.where(firings.c.schedule == schedule)
        return tuple(_following(dict(row)) for row in connection.execute(statement).mappings())

    def free_instant_in(self, connection: Connection, schedule: str, moment: datetime) -> datetime:
        """That moment, or the first one after it (in microseconds) at which the schedule did not fire."""
        statement = select(firings.c.due_at).where(
            firings.c.schedule == schedule, firings.c.due_at >= moment_text(moment)
        )
        taken = set(connection.scalars(statement))
        while moment_text(moment) in taken:
            moment += moment.resolution
        return moment

    def history(self, schedule: str | None = None, *, limit: int = 50) -> tuple[Firing, ...]:
        """What came of the last instants, newest first."""
        statement = select(firings).order_by(firings.c.due_at.desc(), firings.c.schedule).limit(limit)
        if schedule is not None:
            statement = statement.where(firings.c.schedule == schedule)
        with self.database.read() as connection:
            return tuple(Firing(**row._mapping) for row in connection.execute(statement))

    def ended_runs_in(self, connection: Connection, workflow: str, *, since: str) -> tuple[EndedRun, ...]:
        """Runs of a workflow that ended, or were changed after their end, since that moment; oldest first."""
        of_that = runs.c.spec["workflow"].as_string() == workflow
        ended = runs.c.status.in_(("done", "cancelled"))
        statement = (
            select(runs)
            .where(runs.c.kind == "workflow", ended, runs.c.updated_at >= since, of_that)
            .order_by(runs.c.updated_at, runs.c.id)
        )
        return tuple(
            EndedRun(
                run_id=row.id, workflow=workflow, status=row.status, verdict=row.verdict, changed_at=row.updated_at,
                spec=row.spec or {},
            )
            for row in connection.execute(statement)
        )  # fmt: skip

    def caused_in(self, connection: Connection, schedule: str, causes: Iterable[str]) -> dict[str, str | None]:
        """Those of the causes that the schedule fired for, with the run."""
        statement = select(firings.c.cause, firings.c.run_id).where(
            firings.c.schedule == schedule, firings.c.cause.in_(tuple(causes))
        )
        return {row.cause: row.run_id for row in connection.execute(statement)}

    def spec_of_run_in(self, connection: Connection, run_id: str) -> Mapping[str, Any]:
        """What a run was started with; empty when it is gone."""
        return connection.scalar(select(runs.c.spec).where(runs.c.id == run_id)) or {}


def _is(firing: Firing) -> tuple[Any, Any]:
    return firings.c.schedule == firing.schedule, firings.c.due_at == firing.due_at


def _following(row: dict[str, Any]) -> Following:
    status, token = row.pop("status"), row.pop("token")
    changed_at, told_at, cancelled_by = row.pop("updated_at"), row.pop("at"), row.pop("cancel_by")
    worked_on = bool(token) and status != "cancelled"  # to cancel a run raises its token too
    begun_at = row["begun_at"] or told_at or (changed_at if worked_on else None)
    return Following(
        firing=Firing(**row), status=status, begun_at=begun_at, changed_at=changed_at,
        cancelling=cancelled_by is not None,
    )  # fmt: skip
