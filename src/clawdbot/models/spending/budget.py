"""Budgets for a step, a run, a user's day and everybody's day, which parallel runs cannot overspend."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal

from clawdbot.config import BudgetConfig
from clawdbot.errors import BudgetExceeded
from clawdbot.failpoints import reach
from clawdbot.models.routing.snapshot import Scope
from clawdbot.models.spending.money import dollars
from clawdbot.store.spending import Place, Reservation, Shortage, SpendingLedger

log = logging.getLogger(__name__)

_WHOSE: dict[Scope, str] = {
    "step": "of the step", "task": "of the run", "user_day": "of the user for today", "day": "of everybody for today",
}  # fmt: skip
_RENEWED: tuple[Scope, ...] = ("user_day", "day")


class Budgets:
    """Money in front of every call: reserved at its worst case, then settled at what it cost.

    ``day`` gives today's ISO date in the operator's zone; a reservation counts for the day on which it was made.
    Safe between threads and processes.  Methods raise StoreError when the ledger cannot be used.
    """

    def __init__(self, ledger: SpendingLedger, config: BudgetConfig, *, day: Callable[[], str]) -> None:
        self._ledger = ledger
        self._day = day
        limits: dict[Scope, Decimal | None] = {
            "step": config.step_usd, "task": config.task_usd, "user_day": config.user_day_usd, "day": config.day_usd,
        }  # fmt: skip
        self._limits: dict[Scope, Decimal] = {scope: limit for scope, limit in limits.items() if limit is not None}

    def capped(self, task_usd: Decimal | None) -> Budgets:
        """The same money, of which one run has no more than that; None changes nothing."""
        if task_usd is None:
            return self
        capped = copy.copy(self)
        capped._limits = {**self._limits, "task": min(task_usd, self._limits.get("task", task_usd))}
        return capped

    def left(self, *, run_id: str, step: int, user: str) -> Mapping[Scope, Decimal | None]:
        """US dollars that each scope still has, after what is spent and reserved; None where there is no limit."""
        accounts = Place(run_id=run_id, step=step, user=user, day=self._day()).accounts
        wanted = [accounts[scope] for scope in self._limits]
        used = self._ledger.used(wanted) if wanted else {}
        return {
            scope: max(Decimal(0), self._limits[scope] - used[account].total) if scope in self._limits else None
            for scope, account in accounts.items()
        }

    def reserve(self, *, run_id: str, step: int, user: str, model: str, usd: Decimal) -> str:
        """Set aside the most that a call can cost; returns what to settle or release, '' for a free call.

        All scopes are checked and the reservation is on the disk when it returns.  BudgetExceeded names the scope
        that has not enough left.
        """
        if usd == 0:
            return ""
        place = Place(run_id=run_id, step=step, user=user, day=self._day())
        found = self._ledger.reserve(place, model=model, usd=usd, limits=self._limits)
        if isinstance(found, Shortage):
            raise _exceeded(found, usd)
        reach("budget.reserved")
        return found

    def settle(self, reservation: str, *, spent: Decimal) -> None:
        """Record what the call cost by the server's own count.

        More than was reserved is recorded all the same, and logged.  One that has ended stays as it is.
        """
        if not reservation:
            return
        settled = self._ledger.settle(reservation, spent=spent)
        reach("budget.settled")
        if settled.spent_usd is not None and settled.spent_usd > settled.reserved_usd:
            log.warning(
                "A call of %s in run %s cost %s, more than the %s that were reserved: its server counted more tokens.",
                settled.model, settled.run_id, dollars(settled.spent_usd), dollars(settled.reserved_usd),
            )  # fmt: skip

    def release(self, reservation: str) -> None:
        """The call was not made, or cost nothing.  One that has ended stays as it is."""
        if reservation:
            self._ledger.release(reservation)

    def recover(self) -> tuple[Reservation, ...]:
        """Settle what killed processes left, at the whole reserved sum; returns those reservations, oldest first.

        Called at start.  One that was only out of sight (in another container) may still settle at the true sum.
        """
        return self._ledger.settle_left()


def _exceeded(shortage: Shortage, usd: Decimal) -> BudgetExceeded:
    scope = shortage.scope
    until = " or wait until tomorrow," if scope in _RENEWED else ""
    return BudgetExceeded(
        f"The budget {_WHOSE[scope]} ({dollars(shortage.limit)}) has {dollars(shortage.left)} left, "
        f"and this call may cost up to {dollars(usd)}.",
        hint=f"Raise [budget] {scope}_usd,{until} or let a free local model do it.",
        scope=scope,
        left=shortage.left,
    )
