"""What ``clawdbot runs --costs`` tells: the newest runs that asked a model, and the money of today and this month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clawdbot.config import Config
from clawdbot.errors import StoreError, UsageError
from clawdbot.models.spending.costs import Costs, by_model, by_run, of_day, of_month, summed
from clawdbot.models.spending.day import day_in
from clawdbot.store.attempts import AttemptStore
from clawdbot.store.database import Database, ledger_url
from clawdbot.store.ledger import RunLedger
from clawdbot.store.spending import SpendingLedger, Used


@dataclass(frozen=True, kw_only=True)
class CostReport:
    """Sums over the runs that are shown; ``today`` and ``month`` are over everything, as budgets count."""

    runs: Mapping[str, Costs]
    goals: Mapping[str, str]
    models: Mapping[str, Costs]
    total: Costs
    day: str
    today: Used
    month: Used
    day_limit: Decimal | None

    def as_json(self) -> dict[str, Any]:
        """JSON values; money as text."""
        limit = None if self.day_limit is None else f"{self.day_limit:f}"
        return {
            "runs": [
                {"id": run_id, "goal": self.goals.get(run_id, ""), **costs.as_json()}
                for run_id, costs in self.runs.items()
            ],
            "models": [{"model": model, **costs.as_json()} for model, costs in self.models.items()],
            "total": self.total.as_json(),
            "today": {"day": self.day, **_money(self.today), "limit_usd": limit},
            "month": {"month": self.day[:7], **_money(self.month)},
        }


def cost_report(config: Config, *, limit: int) -> CostReport:
    """What the newest ``limit`` runs cost.  StoreError when the ledger cannot be used."""
    day = day_in(config.app.timezone)()
    database = Database(ledger_url(config))
    try:
        rows = AttemptStore(database).costs(limit=limit)
        ledger = SpendingLedger(database)
        today, month = of_day(ledger, day), of_month(ledger, day)
    finally:
        database.close()
    runs = by_run(rows)
    return CostReport(
        runs=runs, goals=_goals(config, runs), models=by_model(rows), total=summed(rows),
        day=day, today=today, month=month, day_limit=config.budget.day_usd,
    )  # fmt: skip


def _goals(config: Config, runs: Iterable[str]) -> dict[str, str]:
    """What the runs were for; without those whose record is gone."""
    ledger = RunLedger.open(config)
    found = {}
    try:
        for run_id in runs:
            try:
                found[run_id] = ledger.get_run(run_id).goal
            except StoreError:
                raise
            except UsageError:
                continue
    finally:
        ledger.close()
    return found


def _money(used: Used) -> dict[str, str]:
    return {"spent_usd": f"{used.spent:f}", "reserved_usd": f"{used.reserved:f}"}
