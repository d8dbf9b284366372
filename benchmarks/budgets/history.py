"""A ledger that has been in use: many settled reservations of the same day, and their totals."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.budgets.counters import DAY
from clawdbot.store.database import Database, now
from clawdbot.store.owner import this_process
from clawdbot.store.routing_tables import reservations, spending_totals
from clawdbot.store.spending import Place

_STEPS = 20
"""Steps of a run."""
_COST = Decimal("0.000001")
_USERS = 50


def fill(database: Database, rows: int) -> None:
    """Write ``rows`` reservations as a long day leaves them, in one transaction."""
    if not rows:
        return
    moment, owner = now(), this_process()
    made, totals = [], dict[str, Decimal]()
    for number in range(rows):
        run = number // _STEPS
        place = Place(run_id=f"past-{run}", step=number % _STEPS, user=f"user-{run % _USERS}", day=DAY)
        made.append({
            "id": f"past{number:028}", "run_id": place.run_id, "step": place.step, "user": place.user, "day": DAY,
            "model": "cloud", "reserved_usd": str(_COST), "spent_usd": str(_COST), "state": "settled",
            "reserved_at": moment, "ended_at": moment, "owner": owner, "assumed": False,
        })  # fmt: skip
        for account in place.accounts.values():
            totals[account] = totals.get(account, Decimal(0)) + _COST
    with database.write() as connection:
        connection.execute(reservations.insert(), made)
        before = {row.account: row for row in connection.execute(spending_totals.select())}
        fresh = [account for account in totals if account not in before]
        connection.execute(
            spending_totals.insert(),
            [{"account": account, "reserved_usd": "0", "spent_usd": str(totals[account])} for account in fresh],
        )
        for account in totals.keys() & before.keys():
            spent = Decimal(before[account].spent_usd) + totals[account]
            own = spending_totals.c.account == account
            connection.execute(spending_totals.update().where(own).values(spent_usd=str(spent)))
