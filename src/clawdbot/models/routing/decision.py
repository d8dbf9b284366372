"""What the policy decided for one attempt, and why, as it is kept and explained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal

Verdict = Literal["chosen", "standby", "dearer", "filtered"]
"""standby: the one to try next; dearer: it could have served too, later; filtered: it could not serve at all."""

Reason = Literal[
    "", "label", "rule_deny", "rule_allow", "not_pinned", "unavailable", "breaker_open", "context", "no_price",
    "budget_step", "budget_task", "budget_user_day", "budget_day", "deadline", "failed_before",
]  # fmt: skip
"""Why a candidate was filtered; empty for the others."""

Outcome = Literal["chosen", "refused", "over_budget", "nothing_available"]
"""refused: labels, rules or missing prices leave no model; over_budget: money does; nothing_available: what is down,
too small, too late or has failed for good."""

Why = Literal["only", "cheapest", "sticky", "start_rule", "escalated", "pinned", "none"]
"""sticky: another would be cheaper but for the warm prompt cache and the trouble of moving; escalated: another one
after a failure; none: nothing was chosen."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A rung weighed for one attempt.  Money in US dollars, time in seconds."""

    name: str
    cloud: bool
    verdict: Verdict
    reason: Reason = ""
    detail: str = ""
    """What the reason stands on, for example the two labels or the rule's name; short, no prose."""
    price_usd: Decimal = Decimal(0)
    """Expected price of the call itself."""
    worst_usd: Decimal = Decimal(0)
    """Most that the call can cost: what is reserved."""
    seconds: float = 0.0
    success: float = 0.0
    expected_usd: float = 0.0
    """Price, time and odds in one figure, with the cost of what follows a failure."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer of :func:`clawdbot.models.routing.decide.decide`."""

    outcome: Outcome
    chosen: str = ""
    standby: tuple[str, ...] = ()
    """Rungs to try next, in order, when the chosen one does not answer."""
    reserve_usd: Decimal = Decimal(0)
    masked: bool = False
    """The chosen rung may see the step only after masking."""
    candidates: tuple[Candidate, ...] = ()
    rules: tuple[str, ...] = ()
    """Names of the operator's rules that fired."""
    why: Why = "none"
    policy_hash: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON values; money as text."""
        body = asdict(self)
        body["reserve_usd"] = str(self.reserve_usd)
        for candidate in body["candidates"]:
            candidate["price_usd"] = str(candidate["price_usd"])
            candidate["worst_usd"] = str(candidate["worst_usd"])
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Decision:
        """The decision that :meth:`as_json` wrote."""
        candidates = tuple(
            Candidate(**{**c, "price_usd": Decimal(c["price_usd"]), "worst_usd": Decimal(c["worst_usd"])})
            for c in body["candidates"]
        )
        return cls(
            **{
                **body,
                "candidates": candidates,
                "standby": tuple(body["standby"]),
                "rules": tuple(body["rules"]),
                "reserve_usd": Decimal(body["reserve_usd"]),
            }
        )
