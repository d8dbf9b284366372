"""What is true of the models and the budgets at the moment of a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from clawdbot.models.spending.price import Price

BreakerState = Literal["closed", "half_open", "open"]
Scope = Literal["step", "task", "user_day", "day"]
"""What a budget is kept for."""


@dataclass(frozen=True, kw_only=True)
class Odds:
    """A Beta distribution over success, as counts; ``mean`` is the expected share of usable answers, a half when
    nothing is known."""

    successes: float = 1.0
    failures: float = 1.0

    @property
    def mean(self) -> float:
        known = self.successes + self.failures
        return self.successes / known if known > 0 else 0.5


@dataclass(frozen=True, kw_only=True)
class RungState:
    """One model now, for one step: health, queue, speed, odds and what of the prompt it has cached."""

    name: str
    cloud: bool
    context: int
    price: Price | None
    """None: no price is known.  A local model is free unless it was given one."""
    available: bool = True
    unavailable: str = ""
    """Why not, in words."""
    breaker: BreakerState = "closed"
    concurrency: int = 1
    running: int = 0
    waiting: int = 0
    loaded: bool = True
    load_s: float = 0.0
    """Seconds to load it, when it is not loaded."""
    prompt_tokens_s: float = 100.0
    completion_tokens_s: float = 20.0
    cached_tokens: int = 0
    """Tokens of this step's prompt that the model has in its prompt cache."""
    expected_tokens: float = 150.0
    """Mean length of an answer for this kind of step."""
    odds: Odds = field(default_factory=Odds)
    """Of a usable answer for this kind and size of step."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The rungs in the operator's order, cheapest first, and the money that is left in each scope (None: no limit)."""

    rungs: tuple[RungState, ...]
    budget_left: Mapping[Scope, Decimal | None] = field(default_factory=dict)
