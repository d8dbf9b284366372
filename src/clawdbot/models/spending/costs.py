"""What runs cost, summed over the rows that the ledger keeps for each run and model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clawdbot.store.attempt_costs import CostRow
from clawdbot.store.spending import SpendingLedger, Used, day_account

_DAYS = 31


@dataclass(frozen=True, kw_only=True)
class Costs:
    """A sum.  Money in US dollars; a step counts where its last attempt was served."""

    steps: int = 0
    local_steps: int = 0
    cloud_steps: int = 0
    attempts: int = 0
    kept_answers: int = 0
    """Attempts that were answered from the cache of answers."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens, those that the models had in their prompt caches."""
    completion_tokens: int = 0
    spent_usd: Decimal = Decimal(0)
    all_cloud_usd: Decimal = Decimal(0)
    """What the same tokens would have cost at the dearest model of the ladder."""

    @property
    def local_share(self) -> float | None:
        """Of the steps that a model served, the share of local ones, 0 to 1; None when there are none."""
        served = self.local_steps + self.cloud_steps
        return self.local_steps / served if served else None

    @property
    def saved_share(self) -> float | None:
        """What was saved against all-cloud, 0 to 1; None when that would have been free, or cheaper."""
        if self.all_cloud_usd <= 0 or self.spent_usd > self.all_cloud_usd:
            return None
        return float(1 - self.spent_usd / self.all_cloud_usd)

    def as_json(self) -> dict[str, Any]:
        """JSON values; money as text."""
        return {
            "steps": self.steps, "local_steps": self.local_steps, "cloud_steps": self.cloud_steps,
            "local_share": self.local_share, "attempts": self.attempts, "kept_answers": self.kept_answers,
            "prompt_tokens": self.prompt_tokens, "cached_tokens": self.cached_tokens,
            "completion_tokens": self.completion_tokens, "spent_usd": f"{self.spent_usd:f}",
            "all_cloud_usd": f"{self.all_cloud_usd:f}",
        }  # fmt: skip


def summed(rows: Iterable[CostRow]) -> Costs:
    """One sum of all rows."""
    known = tuple(rows)
    return Costs(
        steps=sum(row.steps for row in known),
        local_steps=sum(row.steps for row in known if row.model and not row.cloud),
        cloud_steps=sum(row.steps for row in known if row.cloud),
        attempts=sum(row.attempts for row in known),
        kept_answers=sum(row.cached for row in known),
        prompt_tokens=sum(row.prompt_tokens for row in known),
        cached_tokens=sum(row.cached_tokens for row in known),
        completion_tokens=sum(row.completion_tokens for row in known),
        spent_usd=sum((row.spent_usd for row in known), Decimal(0)),
        all_cloud_usd=sum((row.all_cloud_usd for row in known), Decimal(0)),
    )


def by_run(rows: Iterable[CostRow]) -> dict[str, Costs]:
    """A sum for each run, in the order of the rows."""
    runs: dict[str, list[CostRow]] = {}
    for row in rows:
        runs.setdefault(row.run_id, []).append(row)
    return {run_id: summed(own) for run_id, own in runs.items()}


def by_model(rows: Iterable[CostRow]) -> dict[str, Costs]:
    """A sum for each model that was asked, the dearest first."""
    models: dict[str, list[CostRow]] = {}
    for row in rows:
        if row.model:
            models.setdefault(row.model, []).append(row)
    sums = {model: summed(own) for model, own in models.items()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].spent_usd, -item[1].steps, item[0])))


def of_day(ledger: SpendingLedger, day: str) -> Used:
    """Money of everybody on a day (ISO date), as budgets count it."""
    return ledger.used([day_account(day)])[day_account(day)]


def of_month(ledger: SpendingLedger, day: str) -> Used:
    """Money of everybody in the month of ``day`` (ISO date)."""
    days = ledger.used(day_account(f"{day[:8]}{number:02}") for number in range(1, _DAYS + 1)).values()
    return Used(
        reserved=sum((used.reserved for used in days), Decimal(0)),
        spent=sum((used.spent for used in days), Decimal(0)),
    )
