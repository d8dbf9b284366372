"""The queue of runs: accepted, taken by one worker at a time under a lease, waiting, ended.

The queue is the ledger's own rows: what was accepted is there before the caller hears of it, and a state changes
together with the records that belong to it (docs/adr/0026-queue-in-the-ledger.md).

States: queued -> running -> waiting | interrupted | done | cancelled; waiting | interrupted -> queued | running;
running -> running under a new token when its lease ran out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, text, update

from clawdbot.errors import LeaseLost, UsageError
from clawdbot.store import plain_json
from clawdbot.store.clock import clock as clock_of
from clawdbot.store.database import Database, now
from clawdbot.store.leases import Lease, Leases
from clawdbot.store.owner import has_ended
from clawdbot.store.tables import runs

RunKind = Literal["goal", "ask", "workflow"]

INTERACTIVE = 0
SCHEDULED = 10
"""Priorities: the lower number goes first."""

_CLAIMS = text("SELECT pg_advisory_xact_lock(7263002)")
"""Claims take turns, so that limits on running runs hold exactly."""


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A run to be accepted.  ``spec`` is what its kind needs besides, JSON values; an empty id gets a fresh one."""

    goal: str
    language: str
    user: str
    id: str = ""
    kind: RunKind = "goal"
    spec: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    priority: int = INTERACTIVE
    ready_at: str = ""
    """Not before this moment, ISO 8601 in UTC; empty is at once."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most runs at once: of everybody together, and of one user; None is no limit."""

    everybody: int | None = None
    per_user: int | None = None


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A run that is this process's to work on.  ``attempts`` counts takings since it last made progress."""

    lease: Lease
    kind: RunKind
    goal: str
    user: str
    spec: Mapping[str, Any]
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """After a heartbeat: runs that another has now, and runs that a person wants cancelled, by id."""

    lost: frozenset[str]
    cancelled: frozenset[str]


def new_run_id() -> str:
    """Sorts by time, and nobody else has it: 20260131-235959-a1b2c3."""
    return time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)


class RunQueue:
    """The ledger's runs as a queue; safe between threads and processes.  StoreError as Database raises it.

    A lease lasts ``lease_s`` seconds after it was taken or renewed, by the database's clock.
    """

    def __init__(self, database: Database, leases: Leases, *, lease_s: float = 15.0) -> None:
        self._database = database
        self.leases = leases
        self.lease_s = lease_s

    def accept(self, run: NewRun) -> str:
        """Put a run into the queue; on the disk when this returns its id.  The same id again changes nothing."""
        with self._database.write(durable=True) as connection:
            return self.accept_in(connection, run)

    def accept_in(
        self, connection: Connection, run: NewRun, *, status: Literal["queued", "interrupted"] = "queued"
    ) -> str:
        """The same within a transaction of the caller's, for what must happen together with it.

        An ``interrupted`` run is left alone until somebody takes it.
        """
        return _insert(connection, run, {"status": status})

    def begin(self, run: NewRun, owner: str) -> Claimed:
        """Accept a run and take it at once, for work in this process."""
        with self._database.write(durable=True) as connection:
            until = clock_of(connection) + self.lease_s
            taken = {"status": "running", "owner": owner, "token": 1, "lease_until": until, "attempts": 1}
            run_id = _insert(connection, run, taken)
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one()
        return self._held(row, owner)

    def claim(self, owner: str, *, limits: Limits = Limits(), worked_on: Iterable[str] = ()) -> Claimed | None:
        """Take the next run: lowest priority number, oldest first; of others those whose lease ran out.  None: nothing.

        ``worked_on`` are runs that threads of this process still work on, whatever became of their leases.
        """
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(_CLAIMS)
            clock = clock_of(connection)
            wanted = _next(connection, clock, limits, tuple(worked_on))
            return None if wanted is None else self._taken(connection, wanted, owner, clock)

    def take(self, run_id: str, owner: str) -> Claimed:
        """Take that run, to go on with it here; UsageError when it has ended or somebody works on it.

        A process of this machine that has surely ended works on nothing, whatever its lease says.
        """
        with self._database.write() as connection:
            clock = clock_of(connection)
            row = connection.execute(select(runs).where(runs.c.id == run_id).with_for_update()).one_or_none()
            if row is None:
                raise UsageError(f"There is no run {run_id!r}.", hint="List them with: clawdbot runs")
            if row.status in ("done", "cancelled"):
                raise UsageError(f"Run {row.id} has ended.", hint=f"See it with: clawdbot show {row.id}")
            leased = row.status == "running" and row.lease_until is not None and row.lease_until > clock
            if leased and not has_ended(row.owner):
                raise UsageError(
                    f"Run {row.id} is being worked on by {row.owner}.", hint=f"Follow it with: clawdbot show {row.id}"
                )
            return self._taken(connection, row, owner, clock)

    def renew(self) -> Renewed:
        """The heartbeat: prolong every lease that this process holds, in one transaction."""
        held = {lease.run_id: lease for lease in self.leases.held()}
        if not held:
            return Renewed(lost=frozenset(), cancelled=frozenset())
        with self._database.write() as connection:
            until = clock_of(connection) + self.lease_s
            for lease in sorted(held.values(), key=lambda lease: lease.run_id):  # one order, so that nobody locks up
                connection.execute(update(runs).where(*_ours(lease)).values(lease_until=until))
            found = connection.execute(
                select(runs.c.id, runs.c.token, runs.c.status, runs.c.cancel_by).where(runs.c.id.in_(held))
            ).all()
        kept = {row.id: row for row in found if row.token == held[row.id].token and row.status == "running"}
        return Renewed(
            lost=frozenset(held.keys() - kept.keys()),
            cancelled=frozenset(run_id for run_id, row in kept.items() if row.cancel_by is not None),
        )

    def requeue(self, run_id: str, *, lease: Lease | None = None, ready_at: str = "", note: str = "") -> None:
        """Back into the queue: with a lease, given back by whoever works on it; without, taken up again because a
        person has answered.  Nothing happens to a run without a lease that is not waiting or interrupted."""
        whose = [runs.c.id == run_id, runs.c.status.in_(("waiting", "interrupted"))] if lease is None else _ours(lease)
        values = {"status": "queued", "ready_at": ready_at or now(), "owner": "", "lease_until": None, "error": note}
        with self._database.write(durable=True) as connection:
            found = connection.execute(update(runs).where(*whose).values(**values, updated_at=now())).rowcount
        if lease is not None and found != 1:
            raise LeaseLost(run_id)

    def cancel(self, run_id: str, *, by: str) -> Literal["cancelled", "asked", "ended"]:
        """Cancel a run: at once when nobody works on it, else its worker is asked and stops at its next safe place.

        Its children go with it.  ``ended``: it had ended before, nothing was changed.
        """
        with self._database.write(durable=True) as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id).with_for_update()).one_or_none()
            if row is None:
                raise UsageError(f"There is no run {run_id!r}.", hint="List them with: clawdbot runs")
            if row.status in ("done", "cancelled"):
                return "ended"
            family = or_(runs.c.id == run_id, runs.c.parent == run_id)
            alive = and_(runs.c.status == "running", runs.c.lease_until > clock_of(connection))
            open_ones = runs.c.status.in_(("queued", "running", "waiting", "interrupted"))
            asked = {"cancel_by": plain_json.text(by), "updated_at": now()}
            connection.execute(update(runs).where(family, alive).values(**asked))
            ended = {**asked, "status": "cancelled", "owner": "", "lease_until": None, "token": runs.c.token + 1}
            connection.execute(update(runs).where(family, open_ones, ~alive).values(**ended))
            status = connection.scalar(select(runs.c.status).where(runs.c.id == run_id))
        return "cancelled" if status == "cancelled" else "asked"

    def depth(self) -> dict[str, int]:
        """How many runs there are by status."""
        statement = select(runs.c.status, func.count()).where(runs.c.parent.is_(None)).group_by(runs.c.status)
        with self._database.read() as connection:
            return {status: int(count) for status, count in connection.execute(statement)}

    @contextmanager
    def held(self, lease: Lease) -> Iterator[None]:
        """While inside, what this process writes of the run is fenced by its lease."""
        self.leases.add(lease)
        try:
            yield
        finally:
            self.leases.drop(lease)

    def _taken(self, connection: Connection, row: Row[Any], owner: str, clock: float) -> Claimed:
        values = {
            "status": "running", "owner": owner, "token": row.token + 1, "lease_until": clock + self.lease_s,
            "attempts": row.attempts + 1, "error": "", "updated_at": now(),
        }  # fmt: skip
        connection.execute(update(runs).where(runs.c.id == row.id).values(**values))
        return self._held(connection.execute(select(runs).where(runs.c.id == row.id)).one(), owner)

    def _held(self, row: Row[Any], owner: str) -> Claimed:
        return Claimed(
            lease=Lease(run_id=row.id, owner=owner, token=row.token),
            kind=row.kind,
            goal=row.goal,
            user=row.user,
            spec=row.spec or {},
            attempts=row.attempts,
        )


def wake_in(connection: Connection, run_id: str) -> bool:
    """A run that waits goes back into the queue, for a step of a workflow the workflow; in the caller's transaction.

    False when it does not wait: whoever works on it will see what was answered.
    """
    parent = connection.scalar(select(runs.c.parent).where(runs.c.id == run_id))
    waits = (runs.c.id == (parent or run_id), runs.c.status == "waiting")
    values = {"status": "queued", "ready_at": now(), "owner": "", "lease_until": None, "error": "", "updated_at": now()}
    return connection.execute(update(runs).where(*waits).values(**values)).rowcount == 1


def _insert(connection: Connection, run: NewRun, state: Mapping[str, Any]) -> str:
    run_id, moment = run.id or new_run_id(), now()
    known = connection.scalar(select(runs.c.id).where(runs.c.id == run_id))
    if known is not None:
        return run_id
    row = {
        "id": run_id, "created_at": moment, "updated_at": moment, "user": plain_json.text(run.user),
        "goal": plain_json.text(run.goal), "language": run.language, "model": "", "error": "", "kind": run.kind,
        "spec": dict(run.spec), "parent": run.parent, "priority": run.priority, "ready_at": run.ready_at or moment,
    }  # fmt: skip
    connection.execute(runs.insert().values(**row, **state))
    return run_id


def _next(connection: Connection, clock: float, limits: Limits, but: tuple[str, ...]) -> Row[Any] | None:
    """The row of the run to take, locked where the database can."""
    alive = and_(runs.c.status == "running", runs.c.lease_until > clock)
    if limits.everybody is not None:
        running = connection.scalar(select(func.count()).select_from(runs).where(alive, runs.c.parent.is_(None)))
        if int(running or 0) >= limits.everybody:
            return None
    left_behind = and_(runs.c.status == "running", runs.c.lease_until <= clock)
    due = and_(runs.c.status == "queued", runs.c.ready_at <= now())
    wanted: list[ColumnElement[bool]] = [or_(due, left_behind), runs.c.parent.is_(None), runs.c.id.not_in(but)]
    if limits.per_user is not None:
        busy = (
            select(runs.c.user)
            .where(alive, runs.c.parent.is_(None))
            .group_by(runs.c.user)
            .having(func.count() >= limits.per_user)
        )
        wanted.append(runs.c.user.not_in(busy.scalar_subquery()))
    order = (runs.c.priority, runs.c.ready_at, runs.c.id)
    statement = select(runs).where(*wanted).order_by(*order).limit(1).with_for_update(skip_locked=True)
    return connection.execute(statement).one_or_none()


def _ours(lease: Lease) -> list[ColumnElement[bool]]:
    return [runs.c.id == lease.run_id, runs.c.token == lease.token, runs.c.status == "running"]
