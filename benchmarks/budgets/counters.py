"""Two ways to keep a day's budget: reserve and settle, and the check before and the sum after that most programs do."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from sqlalchemy import Column, MetaData, Table, Text, select, update

from clawdbot.config import BudgetConfig
from clawdbot.errors import BudgetExceeded
from clawdbot.models.spending.budget import Budgets
from clawdbot.store.database import Database
from clawdbot.store.spending import SpendingLedger

DAY = "2026-11-21"
_spent = Table("naive_spent", MetaData(), Column("day", Text, primary_key=True), Column("usd", Text, nullable=False))


class Counter(Protocol):
    """Asked before each call, told after it."""

    def reserve(self, run: str, step: int, usd: Decimal) -> str:
        """Raises BudgetExceeded when the call may not be made."""

    def settle(self, reservation: str, spent: Decimal) -> None:
        """What the call cost."""

    def release(self, reservation: str) -> None:
        """The call was not made."""


class Reserving:
    """The product's budgets."""

    def __init__(self, database: Database, limit: Decimal) -> None:
        self.budgets = Budgets(SpendingLedger(database), BudgetConfig(day_usd=limit), day=lambda: DAY)

    def reserve(self, run: str, step: int, usd: Decimal) -> str:
        return self.budgets.reserve(run_id=run, step=step, user="benchmark", model="cloud", usd=usd)

    def settle(self, reservation: str, spent: Decimal) -> None:
        self.budgets.settle(reservation, spent=spent)

    def release(self, reservation: str) -> None:
        self.budgets.release(reservation)


class Checking:
    """The money is read before a call and added after it, each in a correct transaction of its own."""

    def __init__(self, database: Database, limit: Decimal) -> None:
        self._database = database
        self._limit = limit

    @staticmethod
    def prepare(database: Database) -> None:
        """Make the table."""
        with database.write() as connection:
            _spent.create(connection)
            connection.execute(_spent.insert().values(day=DAY, usd="0"))

    def total(self) -> Decimal:
        """Dollars that it counted."""
        with self._database.read() as connection:
            return Decimal(connection.scalars(select(_spent.c.usd)).one())

    def reserve(self, run: str, step: int, usd: Decimal) -> str:
        if self.total() + usd > self._limit:
            raise BudgetExceeded("The day's money is spent.")
        return "checked"

    def settle(self, reservation: str, spent: Decimal) -> None:
        with self._database.write() as connection:
            before = Decimal(connection.scalars(select(_spent.c.usd).with_for_update()).one())
            connection.execute(update(_spent).values(usd=str(before + spent)))

    def release(self, reservation: str) -> None:
        """There is nothing to give back."""
