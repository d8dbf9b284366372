"""Removing runs that ended long ago: a run with its children and everything that was recorded of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select

from clawdbot.store.database import Database
from clawdbot.store.durable_tables import (
    checkpoint_writes,
    checkpoints,
    events,
    firings,
    notices,
    outbox,
    workflow_steps,
)
from clawdbot.store.routing_tables import attempts, reservations, spending_totals
from clawdbot.store.tables import approvals, effects, runs, steps

_BELONGS = (
    steps, events, checkpoint_writes, checkpoints, attempts, approvals, outbox, effects, workflow_steps, notices,
)  # fmt: skip
"""Tables with a column ``run_id`` whose rows go with their run."""
_ENDED = ("done", "cancelled")
_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Family:
    """A run and the runs that are steps of it."""

    run_ids: tuple[str, ...]
    rows: int = 0
    """Rows that were removed with them, of all tables."""


class RunRemoval:
    """Removes ended runs, a family in one transaction.  StoreError as Database raises it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ended_before(self, moment: str) -> Iterator[str]:
        """Runs that are no step of another and ended before ``moment`` (ISO 8601 in UTC), oldest first."""
        other = runs.alias()
        on_its_own = or_(runs.c.parent.is_(None), ~exists().where(other.c.id == runs.c.parent))
        after: tuple[str, str] = ("", "")
        while True:
            rest = or_(runs.c.updated_at > after[0], and_(runs.c.updated_at == after[0], runs.c.id > after[1]))
            page = (
                select(runs.c.updated_at, runs.c.id)
                .where(runs.c.status.in_(_ENDED), runs.c.updated_at < moment, on_its_own, rest)
                .order_by(runs.c.updated_at, runs.c.id)
                .limit(_PAGE)
            )
            with self._database.read() as connection:
                found = connection.execute(page).all()
            if not found:
                return
            yield from (row.id for row in found)
            after = (found[-1].updated_at, found[-1].id)

    def removable(self, run_id: str, moment: str) -> Family | None:
        """The run's family when all of it may go; None when one goes on, or an effect waits for a person to settle."""
        with self._database.read() as connection:
            family = _family(connection, run_id)
            return Family(run_ids=family) if family and _may_go(connection, family, moment) else None

    def remove(self, run_id: str, moment: str, *, files: Callable[[Sequence[str]], None]) -> Family | None:
        """Remove the run's family when all of it may go; ``files`` puts their files aside, within the transaction.

        Nobody else can change the family meanwhile.  None: nothing was removed.
        """
        with self._database.write(durable=True) as connection:
            family = _family(connection, run_id, lock=True)
            if not family or not _may_go(connection, family, moment):
                return None
            removed = _remove_spending(connection, family)
            for table in _BELONGS:
                removed += connection.execute(delete(table).where(table.c.run_id.in_(family))).rowcount
            removed += connection.execute(delete(firings).where(firings.c.run_id.in_(family), _not_last())).rowcount
            removed += connection.execute(delete(runs).where(runs.c.id.in_(family))).rowcount
            files(family)
        return Family(run_ids=family, rows=removed)

    def remove_loose(self, moment: str) -> int:
        """Remove what is older than ``moment`` and belongs to no run; returns how many rows."""
        known = select(runs.c.id)
        with self._database.write() as connection:
            gone = [
                delete(firings).where(firings.c.run_id.is_(None), firings.c.fired_at < moment, _not_last()),
                delete(notices).where(
                    notices.c.run_id.is_(None), notices.c.at < moment, notices.c.state.in_(("sent", "kept", "failed"))
                ),
                delete(attempts).where(attempts.c.at < moment, attempts.c.run_id.not_in(known)),
            ]
            return sum(connection.execute(statement).rowcount for statement in gone)

    def exists_for_sure(self, run_id: str, *, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Call ``then`` when the run is recorded, ``otherwise`` when it is not; nobody removes it meanwhile."""
        with self._database.write() as connection:
            found = connection.scalar(select(runs.c.id).where(runs.c.id == run_id).with_for_update())
            if found is not None:
                then()
        if found is None:
            otherwise()


def _family(connection: Connection, run_id: str, *, lock: bool = False) -> tuple[str, ...]:
    """The run and all below it; empty when there is no such run."""
    found: list[str] = []
    level = runs.c.id == run_id
    while True:
        wanted = select(runs.c.id).where(level).order_by(runs.c.id)
        ids = list(connection.scalars(wanted.with_for_update() if lock else wanted))
        if not ids:
            return tuple(found)
        found += ids
        level = runs.c.parent.in_(ids)


def _may_go(connection: Connection, family: Sequence[str], moment: str) -> bool:
    going_on = runs.c.id.in_(family) & ~(runs.c.status.in_(_ENDED) & (runs.c.updated_at < moment))
    unsettled = effects.c.run_id.in_(family) & effects.c.state.in_(("intent", "unknown"))
    on_its_way = outbox.c.run_id.in_(family) & outbox.c.state.in_(("queued", "sending", "unknown"))
    paying = reservations.c.run_id.in_(family) & (reservations.c.state == "reserved")
    reasons: tuple[ColumnElement[bool], ...] = (going_on, unsettled, on_its_way, paying)
    return not any(connection.scalar(select(exists().where(reason))) for reason in reasons)


def _remove_spending(connection: Connection, family: Sequence[str]) -> int:
    """The sums of the runs and of their steps go; those of days stay, as they count for everybody."""
    mine = reservations.c.run_id.in_(family)
    places = connection.execute(select(reservations.c.run_id, reservations.c.step).where(mine).distinct()).all()
    accounts = [f"step:{run_id}/{step}" for run_id, step in places] + [f"task:{run_id}" for run_id in family]
    removed = 0
    for start in range(0, len(accounts), _PAGE):
        page = accounts[start : start + _PAGE]
        removed += connection.execute(delete(spending_totals).where(spending_totals.c.account.in_(page))).rowcount
    return removed + connection.execute(delete(reservations).where(mine)).rowcount


def _not_last() -> ColumnElement[bool]:
    """The last firing of a schedule stays: it says what became of it."""
    other = firings.alias()
    last = select(func.max(other.c.due_at)).where(other.c.schedule == firings.c.schedule).scalar_subquery()
    return firings.c.due_at < last
