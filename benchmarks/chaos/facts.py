"""What is known from outside when all is quiet: every row of the ledger, the mails that went out, the model's bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from benchmarks.chaos.sink import Accepted
from clawdbot.store.database import Database
from clawdbot.store.durable_tables import events, firings, notice_deliveries, notices, outbox, workflow_steps
from clawdbot.store.routing_tables import reservations, spending_totals
from clawdbot.store.tables import approvals, effects, runs, steps

Row = Mapping[str, Any]

_TABLES = (
    runs, steps, effects, approvals, events, outbox, workflow_steps, firings, notices, notice_deliveries, reservations,
    spending_totals,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """``rows`` by table, in the order of their keys."""

    rows: Mapping[str, Sequence[Row]]
    mails: Sequence[Accepted]
    heard: frozenset[str] = frozenset()
    """Runs of which a caller was told that they are accepted."""
    billed: Decimal = Decimal(0)
    """US dollars that the model's server asks for its answers."""
    changes: Sequence[tuple[str, str]] = field(default=())
    """(run, what) that was seen to change although it never may, while the runs went on."""

    def of(self, table: str, run_id: str) -> list[Row]:
        """The rows of one run."""
        return [row for row in self.rows[table] if row["run_id"] == run_id]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that does not hold, and the run for which it does not ('' when it concerns all)."""

    rule: str
    run_id: str
    said: str


def read(
    database: Database,
    mails: Sequence[Accepted],
    *,
    heard: frozenset[str] = frozenset(),
    billed: Decimal = Decimal(0),
    changes: Sequence[tuple[str, str]] = (),
) -> Facts:
    """The facts as they stand in this ledger."""
    found: dict[str, list[Row]] = {}
    with database.read() as connection:
        for table in _TABLES:
            keys = tuple(table.primary_key.columns)
            found[table.name] = [dict(row._mapping) for row in connection.execute(select(table).order_by(*keys))]
    return Facts(rows=found, mails=mails, heard=heard, billed=billed, changes=changes)
