"""Sums over attempts: what runs cost, by model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

Read = tuple[str, int, str, dict[str, Any]]
"""Run, step, moment and record of an attempt."""


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """One run at one model.  Money in US dollars, times ISO 8601 in UTC.

    ``model`` is empty for attempts at which none was asked.  ``steps`` counts each step of the run once, at the model
    of its last attempt, so that the rows of a run add up to its steps.
    """

    run_id: str
    model: str
    cloud: bool
    first_at: str
    last_at: str
    steps: int
    attempts: int
    cached: int
    """Attempts that were answered from the cache of answers, without a call."""
    prompt_tokens: int
    cached_tokens: int
    """Of the prompt tokens, those that the model had in its prompt cache."""
    completion_tokens: int
    spent_usd: Decimal
    all_cloud_usd: Decimal
    """What the same tokens would have cost at the dearest model of the ladder."""


def summed(read: Iterable[Read], *, order: Sequence[str]) -> list[CostRow]:
    """The rows of the runs in ``order``; ``read`` has their attempts, those of a run together and in order."""
    by_run: dict[str, dict[str, CostRow]] = {}
    last: tuple[str, int, str] = ("", 0, "")
    for run_id, step, at, record in read:
        models = by_run.setdefault(run_id, {})
        one = _one(run_id, at, record)
        before = models.get(one.model)
        models[one.model] = one if before is None else _both(before, one)
        if last[:2] == (run_id, step):
            models[last[2]] = _with_steps(models[last[2]], -1)
        models[one.model] = _with_steps(models[one.model], 1)
        last = (run_id, step, one.model)
    return [row for run_id in order for row in by_run.get(run_id, {}).values()]


def _one(run_id: str, at: str, record: Mapping[str, Any]) -> CostRow:
    call: Mapping[str, Any] = record.get("call") or {}
    model = str(call.get("model", ""))
    asked = call.get("served_from", "nothing") == "model"
    candidates = (record.get("decision") or {}).get("candidates", ())
    return CostRow(
        run_id=run_id,
        model=model,
        cloud=any(candidate["cloud"] for candidate in candidates if candidate["name"] == model),
        first_at=at,
        last_at=at,
        steps=0,
        attempts=1,
        cached=int(call.get("served_from") in ("cache", "stale_cache")),
        prompt_tokens=int(call.get("prompt_tokens", 0)) if asked else 0,
        cached_tokens=int(call.get("cached_tokens", 0)) if asked else 0,
        completion_tokens=int(call.get("completion_tokens", 0)) if asked else 0,
        spent_usd=Decimal(record.get("spent_usd", "0")),
        all_cloud_usd=Decimal(record.get("all_cloud_usd", "0")),
    )


def _both(a: CostRow, b: CostRow) -> CostRow:
    return CostRow(
        run_id=a.run_id,
        model=a.model,
        cloud=a.cloud or b.cloud,
        first_at=min(a.first_at, b.first_at),
        last_at=max(a.last_at, b.last_at),
        steps=a.steps,
        attempts=a.attempts + b.attempts,
        cached=a.cached + b.cached,
        prompt_tokens=a.prompt_tokens + b.prompt_tokens,
        cached_tokens=a.cached_tokens + b.cached_tokens,
        completion_tokens=a.completion_tokens + b.completion_tokens,
        spent_usd=a.spent_usd + b.spent_usd,
        all_cloud_usd=a.all_cloud_usd + b.all_cloud_usd,
    )


def _with_steps(row: CostRow, more: int) -> CostRow:
    return replace(row, steps=row.steps + more)
