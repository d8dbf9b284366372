"""Why no model takes a step, as the error that ends it: what is wrong, and what a person can do."""

from __future__ import annotations

from collections.abc import Sequence

from clawdbot.config import Label
from clawdbot.errors import BudgetExceeded, ClawdbotError, ContextOverflow, ModelUnavailable, PolicyRefused
from clawdbot.models.routing.decision import Candidate, Decision, Reason
from clawdbot.models.routing.step_context import StepContext
from clawdbot.models.standing import Prices


def refusal(decision: Decision, context: StepContext, prices: Prices, *, limit: Label) -> ClawdbotError:
    """The error of a decision that chose no model."""
    by_reason: dict[Reason, list[Candidate]] = {}
    for candidate in decision.candidates:
        by_reason.setdefault(candidate.reason, []).append(candidate)
    if decision.outcome == "over_budget":
        return over_budget(decision)
    if decision.outcome == "refused":
        return _refused(by_reason, context, prices, limit)
    if context.deadline_s <= 0:
        return ModelUnavailable("No time is left to ask the model.", hint="Raise [planner] deadline_s.")
    if too_small := by_reason.get("context"):
        one = too_small[-1]
        return ContextOverflow(
            f"The prompt (about {context.prompt_tokens} tokens) and the answer (up to {context.max_tokens}) do not fit "
            f"the {one.detail.rpartition('> ')[2]} tokens of {one.name!r}.",
            hint=f"Shorten the goal or the tables' descriptions, or raise context in [models.{one.name}].",
        )
    told = [_told(one) for one in decision.candidates if one.reason not in ("", "not_pinned")]
    return ModelUnavailable(
        f"No model can take this step. {' '.join(told)}".strip(),
        hint="Start the server, wait, or add a model to [models] and [router] order.",
    )


def _refused(
    by_reason: dict[Reason, list[Candidate]], context: StepContext, prices: Prices, limit: Label
) -> PolicyRefused:
    if clouds := by_reason.get("label"):
        return PolicyRefused(
            f"{context.masked_label!r} data may not go to the cloud model{_names(clouds)} (limit {limit!r}).",
            hint="Use a local model (--model), or raise [router] cloud_max_label.",
        )
    if unpriced := by_reason.get("no_price"):
        told = [prices.warnings.get(one.name, "") for one in unpriced]
        return PolicyRefused(" ".join(t for t in told if t) or f"The price of the model{_names(unpriced)} is unknown.")
    barred = [*by_reason.get("rule_deny", ()), *by_reason.get("rule_allow", ())]
    rules = ", ".join(dict.fromkeys(repr(one.detail) for one in barred))
    return PolicyRefused(
        f"The rules {rules} leave no model for this step.",
        hint="Change [[router.rule]]; see which fires with: clawdbot router check",
    )


def over_budget(decision: Decision) -> BudgetExceeded:
    """The error of a step whose models all cost more than is left."""
    dear = [one for one in decision.candidates if one.reason.startswith("budget_")]
    one = min(dear, key=lambda candidate: candidate.worst_usd)
    scope = one.reason.removeprefix("budget_")
    return BudgetExceeded(
        f"The budget is used up: {one.name!r} may cost more than is left ({one.detail} US dollars).",
        hint=f"Raise [budget] {scope}_usd, or let a free local model do it.",
        scope=scope,
    )


def _told(one: Candidate) -> str:
    if one.reason == "unavailable":
        return f"{one.name}: {one.detail}"
    words = {
        "label": "may not see this data",
        "rule_deny": "denied by a rule",
        "rule_allow": "not allowed by a rule",
        "breaker_open": "failed too often and is left alone for a moment",
        "context": "the prompt does not fit",
        "no_price": "its price is unknown",
        "failed_before": "failed at this step",
        "deadline": "would be late",
    }
    return f"{one.name}: {words.get(one.reason, one.reason)}."


def _names(found: Sequence[Candidate]) -> str:
    return ("s " if len(found) > 1 else " ") + ", ".join(repr(one.name) for one in found)
