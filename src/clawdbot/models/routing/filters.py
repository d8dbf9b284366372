"""What forbids a rung to serve a step, whatever it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from clawdbot.models.routing.decision import Reason
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.rules import RANK, Rule
from clawdbot.models.routing.snapshot import RungState, Scope, Snapshot
from clawdbot.models.routing.step_context import FailureKind, StepContext

MENDABLE: frozenset[FailureKind] = frozenset({"schema_invalid", "truncated", "tool_refused", "result_wrong"})
"""The model answered, and the error text may help it."""
FINAL: frozenset[FailureKind] = frozenset({"auth", "context_overflow", "policy"})
"""Asking the same model the same again cannot go better."""

_SCOPES: tuple[tuple[Scope, Reason], ...] = (
    ("step", "budget_step"),
    ("task", "budget_task"),
    ("user_day", "budget_user_day"),
    ("day", "budget_day"),
)

Barred = tuple[Reason, str]
"""Why, and what that stands on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """How a rung fared at this very step."""

    mendable: int = 0
    """Answers of its that were no use."""
    last: FailureKind | None = None
    final: FailureKind | None = None


UNTRIED = History()


def histories(context: StepContext) -> dict[str, History]:
    """The step's failures by model."""
    found: dict[str, History] = {}
    for failure in context.failures:
        before = found.get(failure.model, UNTRIED)
        found[failure.model] = History(
            mendable=before.mendable + (failure.kind in MENDABLE),
            last=failure.kind,
            final=failure.kind if failure.kind in FINAL else before.final,
        )
    return found


class Gate:
    """The filters of one step; asked once for each rung."""

    def __init__(self, context: StepContext, policy: Policy, snapshot: Snapshot, rules: Sequence[Rule]) -> None:
        self._context = context
        self._left = snapshot.budget_left
        self._limit = policy.cloud_max_label
        self._too_sensitive = RANK[context.masked_label] > RANK[policy.cloud_max_label]
        self._rules = [rule for rule in rules if rule.allow or rule.deny]
        allowing = [rule.allow for rule in self._rules if rule.allow]
        self._allowed = reduce(frozenset.intersection, allowing) if allowing else None
        denying = [rule.deny for rule in self._rules if rule.deny]
        self._denied: frozenset[str] = reduce(frozenset.union, denying, frozenset())

    def bars(self, rung: RungState, history: History) -> Barred | None:
        """Why the rung cannot serve, None when it may as far as money is not concerned."""
        context = self._context
        if context.pinned and rung.name != context.pinned:
            return "not_pinned", context.pinned
        if rung.name in self._denied:
            return "rule_deny", next(rule.name for rule in self._rules if rung.name in rule.deny)
        if self._allowed is not None and rung.name not in self._allowed:
            return "rule_allow", next(rule.name for rule in self._rules if rule.allow and rung.name not in rule.allow)
        if rung.cloud and self._too_sensitive:
            return "label", f"{context.masked_label} > {self._limit}"
        if not rung.available:
            return "unavailable", rung.unavailable
        if rung.breaker == "open":
            return "breaker_open", ""
        if context.prompt_tokens + context.max_tokens > rung.context:
            return "context", f"{context.prompt_tokens} + {context.max_tokens} > {rung.context}"
        if rung.cloud and rung.price is None:
            return "no_price", ""
        if history.final is not None:
            return "failed_before", history.final
        if context.deadline_s <= 0:
            return "deadline", "0"
        return None

    def too_dear(self, worst: Decimal) -> Barred | None:
        """The first budget that the call could exceed; a call that costs nothing exceeds none."""
        if not worst:
            return None
        for scope, reason in _SCOPES:
            left = self._left.get(scope)
            if left is not None and worst > left:
                return reason, f"{worst.normalize():f} > {left.normalize():f}"
        return None


def spent_chances(history: History, escalate_after: int) -> str:
    """Why the rung should not be asked again while another can serve; empty when it may."""
    if history.last is None:
        return ""
    if history.mendable > escalate_after:
        return f"{history.last} x{history.mendable}"
    return "" if history.last in MENDABLE else history.last
