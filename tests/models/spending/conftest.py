"""Budgets over the ledger's databases, and an independent look at their books."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from sqlalchemy import select

from clawdbot.store.database import Database
from clawdbot.store.routing_tables import reservations, spending_totals
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "postgres"]  # both databases, as the store's tests have them

DAY = "2026-11-21"


@pytest.fixture
def database(ledger_url: str) -> Iterator[Database]:
    opened = Database(ledger_url, busy_timeout_s=60)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def ended_process() -> str:
    """Name of a process of this machine that has ended."""
    script = "from clawdbot.store.owner import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


@dataclass(frozen=True, kw_only=True)
class Books:
    """Sums over single reservations, not over the running totals."""

    reserved: Decimal
    """Of all reservations ever made."""
    settled: Decimal
    """What was reserved by those that were settled."""
    released: Decimal
    open: Decimal
    spent: Decimal


def books(database: Database) -> Books:
    """The sums, after a check that the running totals of everybody's days say the same."""
    with database.read() as connection:
        rows = connection.execute(select(reservations)).all()
        totals = {row.account: row for row in connection.execute(select(spending_totals))}
    state: dict[str, Decimal] = dict.fromkeys(("settled", "released", "reserved"), Decimal(0))
    for row in rows:
        state[row.state] += Decimal(row.reserved_usd)
    spent = sum((Decimal(row.spent_usd or 0) for row in rows), Decimal(0))
    days = [row for account, row in totals.items() if account.startswith("day:")]
    assert sum(Decimal(row.spent_usd) for row in days) == spent
    assert sum(Decimal(row.reserved_usd) for row in days) == state["reserved"]
    return Books(
        reserved=sum(state.values(), Decimal(0)),
        settled=state["settled"], released=state["released"], open=state["reserved"], spent=spent,
    )  # fmt: skip
