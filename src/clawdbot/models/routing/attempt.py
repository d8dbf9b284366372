"""One attempt at a step as it is kept: the question to the policy, its decision, the call, and what checks said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

from clawdbot.models.routing.decision import Decision
from clawdbot.models.routing.step_context import Failure, FailureKind, StepContext

ServedFrom = Literal["model", "cache", "stale_cache", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What a check by code said of an answer: schema, sql, chart, report, mail, citations, numbers, result."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What asking the chosen model gave.  Times in ms, money in US dollars."""

    model: str
    served_from: ServedFrom = "model"
    age_s: float = 0.0
    """Age of a cached answer."""
    tries: int = 1
    """Calls over the network, the first too."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    ms: int = 0
    error: FailureKind | None = None
    error_text: str = ""
    masked: dict[str, int] | None = None
    """Things replaced by a pseudonym, by kind; None when the call was not masked."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A row of the ledger's table of attempts."""

    id: str
    at: str
    context: StepContext
    decision: Decision
    call: Call | None
    """None when no model could be asked."""
    reserved_usd: Decimal = Decimal(0)
    spent_usd: Decimal = Decimal(0)
    all_cloud_usd: Decimal = Decimal(0)
    """What the same tokens would have cost at the dearest model of the ladder."""
    prices: dict[str, dict[str, str]] | None = None
    """The prices that were used, by model."""
    validations: tuple[Validation, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """JSON values; money as text."""
        body = asdict(self)
        for name in ("reserved_usd", "spent_usd", "all_cloud_usd"):
            body[name] = str(body[name])
        body["decision"] = self.decision.as_json()
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Attempt:
        """The attempt that :meth:`as_json` wrote."""
        context = dict(body["context"])
        context["failures"] = tuple(Failure(**f) for f in context["failures"])
        return cls(
            **{
                **body,
                "context": StepContext(**context),
                "decision": Decision.from_json(dict(body["decision"])),
                "call": Call(**body["call"]) if body["call"] else None,
                "validations": tuple(Validation(**v) for v in body["validations"]),
                **{name: Decimal(body[name]) for name in ("reserved_usd", "spent_usd", "all_cloud_usd")},
            }
        )
