"""What models did for a run: its steps with their attempts, and the sums over them.  Pure; rows are passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from clawdbot.models.routing.attempt import Attempt

Place = Literal["local", "cloud", "none", "unknown"]
"""Where a step's model runs; none: no model was needed, or a kept answer was given; unknown: it was not kept, or none
served."""


def cloud_of(attempt: Attempt, model: str) -> bool | None:
    """Whether a model that was weighed is in the cloud; None when it was not among them."""
    return next((c.cloud for c in attempt.decision.candidates if c.name == model), None)


def served(attempt: Attempt) -> bool:
    """A model, or a kept answer, gave something usable."""
    call = attempt.call
    return call is not None and call.error is None and call.served_from != "nothing"


@dataclass(frozen=True, kw_only=True)
class StepAccount:
    """One step: what it did, and the questions that were put to models for it, each with its attempts in order."""

    n: int
    tool: str
    """Empty when nothing valid was decided, or the run ended there."""
    outcome: str
    model: str
    """That gave the step; empty when none was needed or none served."""
    spent_usd: Decimal
    ms: int
    questions: tuple[tuple[Attempt, ...], ...]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts of all questions."""
        return tuple(attempt for question in self.questions for attempt in question)

    @property
    def needed_model(self) -> bool:
        """False when only one call was possible."""
        return bool(self.questions or self.model or not self.tool)

    @property
    def place(self) -> Place:
        """Where the model runs that answered last."""
        if not self.needed_model:
            return "none"
        last = next((a for a in reversed(self.attempts) if served(a)), None)
        if last is None or last.call is None:
            return "unknown"
        if last.call.served_from != "model":
            return "none"
        cloud = cloud_of(last, last.call.model)
        return "unknown" if cloud is None else "cloud" if cloud else "local"


@dataclass(frozen=True, kw_only=True)
class Sums:
    """The whole run in figures; money in US dollars."""

    steps: int
    local: int
    cloud: int
    without_model: int
    unknown: int
    """No model answered, or it was not kept which."""
    spent_usd: Decimal
    all_cloud_usd: Decimal
    """What the dearest model would have cost for everything; 0 when no model has a price."""
    taken_over: int
    """Attempts that another model took over after a failed one."""
    kept_answers: int
    masked: Mapping[str, int]
    """Things hidden from cloud models by kind: the most that any one call hid, since calls repeat the same."""
    rules: Mapping[str, int]
    """Attempts to which each rule of the operator applied."""

    @property
    def saved_usd(self) -> Decimal:
        """Against the dearest model for everything; never negative."""
        return max(self.all_cloud_usd - self.spent_usd, Decimal(0))

    def as_json(self) -> dict[str, Any]:
        """JSON values; money as text."""
        return {
            "steps": self.steps, "local": self.local, "cloud": self.cloud, "without_model": self.without_model,
            "unknown": self.unknown,
            "spent_usd": str(self.spent_usd), "all_cloud_usd": str(self.all_cloud_usd),
            "saved_usd": str(self.saved_usd), "taken_over": self.taken_over, "kept_answers": self.kept_answers,
            "masked": dict(self.masked), "rules": dict(self.rules),
        }  # fmt: skip


def account(records: Sequence[Mapping[str, Any]], attempts: Iterable[Attempt]) -> tuple[StepAccount, ...]:
    """The steps of a run in order, from the ledger's records of them and its attempts.

    A step that was attempted but never taken, where the run ended, is among them.
    """
    asked: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        asked.setdefault(attempt.context.step, []).append(attempt)
    known = {int(record["n"]): record for record in records}
    return tuple(_step(n, known.get(n, {}), asked.get(n, [])) for n in sorted(known.keys() | asked.keys()))


def add_up(steps: Sequence[StepAccount]) -> Sums:
    """The sums over a run's steps."""
    attempts = [attempt for step in steps for attempt in step.attempts]
    places = Counter(step.place for step in steps)
    masked: dict[str, int] = {}
    for attempt in attempts:
        for kind, count in ((attempt.call and attempt.call.masked) or {}).items():
            masked[kind] = max(masked.get(kind, 0), count)
    return Sums(
        steps=len(steps),
        local=places["local"],
        cloud=places["cloud"],
        without_model=places["none"],
        unknown=places["unknown"],
        spent_usd=sum((step.spent_usd for step in steps), Decimal(0)),
        all_cloud_usd=sum((attempt.all_cloud_usd for attempt in attempts), Decimal(0)),
        taken_over=sum(attempt.decision.why == "escalated" for attempt in attempts),
        kept_answers=sum(a.call is not None and a.call.served_from in ("cache", "stale_cache") for a in attempts),
        masked=masked,
        rules=Counter(rule for attempt in attempts for rule in attempt.decision.rules),
    )


def _step(n: int, record: Mapping[str, Any], attempts: Sequence[Attempt]) -> StepAccount:
    spent = sum((attempt.spent_usd for attempt in attempts), Decimal(0))
    asked_ms = sum(attempt.call.ms for attempt in attempts if attempt.call)
    return StepAccount(
        n=n,
        tool=str(record.get("tool", "")),
        outcome=str(record.get("outcome", "")),
        model=str(record.get("model", "")),
        spent_usd=spent if attempts else Decimal(str(record.get("cost_usd", "0"))),
        ms=max(int(record.get("ms", 0)), asked_ms),
        questions=_questions(attempts),
    )


def _questions(attempts: Sequence[Attempt]) -> tuple[tuple[Attempt, ...], ...]:
    """One step may put several questions to models (to judge, then to decide): each counts its attempts from one."""
    found: list[list[Attempt]] = []
    for attempt in attempts:
        before = found[-1][-1].context if found else None
        if before is None or attempt.context.attempt <= before.attempt or attempt.context.kind != before.kind:
            found.append([])
        found[-1].append(attempt)
    return tuple(tuple(question) for question in found)
