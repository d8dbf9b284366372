"""Whatever reserves, settles, dies and turns back the clock in whatever order: no limit is ever passed."""

from __future__ import annotations

import itertools
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import update

from clawdbot.config import BudgetConfig
from clawdbot.errors import BudgetExceeded
from clawdbot.models.spending.budget import Budgets
from clawdbot.store.database import Database, sqlite_url
from clawdbot.store.routing_tables import reservations
from clawdbot.store.spending import Place, SpendingLedger

_FOLDER = tempfile.TemporaryDirectory(prefix="budgets-")
_DATABASE = Database(sqlite_url(Path(_FOLDER.name) / "clawdbot.db"))
_GONE = "never-was#00000000/1/1"
"""Of another host: what is a day old counts as left behind."""
_examples = itertools.count()

USERS, RUNS, STEPS = ("wei", "li"), ("a", "b", "c"), (1, 2)
money = st.decimals(min_value="0.000001", max_value="0.6", places=6)
limit = st.none() | st.decimals(min_value="0", max_value="1.5", places=4)


class Spending(RuleBasedStateMachine):
    """Budgets beside a plain account book.  Every example has days and runs of its own in one database."""

    @initialize(step=limit, task=limit, user_day=limit, day=limit)
    def begin(self, **limits: Decimal | None) -> None:
        number = next(_examples)
        self.today = date(2026, 1, 1) + timedelta(days=100 * number)
        self.name = f"{number}-"
        self.ledger = SpendingLedger(_DATABASE)
        self.limits = {scope: value for scope, value in limits.items() if value is not None}
        config = BudgetConfig.model_validate({f"{scope}_usd": value for scope, value in self.limits.items()})
        self.budgets = Budgets(self.ledger, config, day=lambda: self.today.isoformat())
        self.open: dict[str, tuple[Place, Decimal]] = {}
        self.ended: list[str] = []
        self.used: dict[str, Decimal] = {}

    def place(self, run: str, step: int, user: str) -> dict[str, Any]:
        return {"run_id": self.name + run, "step": step, "user": user}

    def count(self, place: Place, usd: Decimal) -> None:
        for account in place.accounts.values():
            self.used[account] = self.used.get(account, Decimal(0)) + usd

    @rule(run=st.sampled_from(RUNS), step=st.sampled_from(STEPS), user=st.sampled_from(USERS), usd=money)
    def reserve(self, run: str, step: int, user: str, usd: Decimal) -> None:
        where = self.place(run, step, user)
        place = Place(**where, day=self.today.isoformat())
        fits = all(
            self.used.get(place.accounts[scope], Decimal(0)) + usd <= most  # type: ignore[index]  # names of scopes
            for scope, most in self.limits.items()
        )
        try:
            reservation = self.budgets.reserve(**where, model="big", usd=usd)
        except BudgetExceeded as refused:
            assert not fits, "what fits is not refused"
            assert refused.left is not None and refused.left < usd
            return
        assert fits, "what does not fit is refused"
        self.open[reservation] = (place, usd)
        self.count(place, usd)

    @rule(data=st.data(), share=st.integers(0, 100))
    def settle(self, data: st.DataObject, share: int) -> None:
        if not self.open:
            return
        reservation = data.draw(st.sampled_from(sorted(self.open)))
        place, usd = self.open.pop(reservation)
        spent = usd * share / 100
        if share:
            self.budgets.settle(reservation, spent=spent)
        else:
            self.budgets.release(reservation)
        self.count(place, spent - usd)
        self.ended.append(reservation)

    @rule(data=st.data())
    def end_again(self, data: st.DataObject) -> None:
        if self.ended:
            self.budgets.settle(data.draw(st.sampled_from(self.ended)), spent=Decimal("9"))

    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """The owner is killed; another start settles what it held at the whole sum."""
        if not self.open:
            return
        reservation = data.draw(st.sampled_from(sorted(self.open)))
        self.open.pop(reservation)
        long_ago = {"owner": _GONE, "reserved_at": "2020-01-01T00:00:00.000000+00:00"}
        with _DATABASE.write() as connection:
            connection.execute(update(reservations).where(reservations.c.id == reservation).values(**long_ago))
        assert [found.id for found in self.budgets.recover()] == [reservation]

    @rule(days=st.integers(-2, 2))
    def turn_the_clock(self, days: int) -> None:
        self.today += timedelta(days=days)

    @invariant()
    def no_limit_is_passed_and_the_books_agree(self) -> None:
        if not hasattr(self, "used"):
            return
        kept = self.ledger.used(self.used)
        assert {account: used.total for account, used in kept.items()} == self.used
        for account, used in self.used.items():
            most = self.limits.get(account.partition(":")[0])
            assert most is None or used <= most
        left = self.budgets.left(**self.place("a", 1, "wei"))
        assert all(value is None or value >= 0 for value in left.values())


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
