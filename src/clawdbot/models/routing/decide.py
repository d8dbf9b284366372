"""Which model takes a step: a pure function of the step, the operator's policy and the state of the world.

First what forbids a rung (label, rules, health, size, price, earlier failures), then the budgets, then the expected
cost, then the choice.  It reads no clock and does no I/O, so a recorded decision can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clawdbot.models.routing.decision import Candidate, Decision, Outcome, Reason, Verdict, Why
from clawdbot.models.routing.expected import Estimate, Worth, expected_costs
from clawdbot.models.routing.filters import UNTRIED, Barred, Gate, History, histories, spent_chances
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.rules import Rule
from clawdbot.models.routing.snapshot import RungState, Snapshot
from clawdbot.models.routing.step_context import StepContext

MOVING = 0.1
"""What leaving the rung of the last step is taken to cost, as a share of the new rung's call.  The lost prompt cache is
priced by itself; this keeps small errors of the estimates from making a run go to and fro."""

_NOW: frozenset[Reason] = frozenset({"unavailable", "breaker_open", "context", "deadline", "failed_before"})
"""Reasons that may not hold at another time or for another prompt."""


@dataclass(kw_only=True, slots=True)
class _Weighed:
    rung: RungState
    history: History
    estimate: Estimate
    barred: Barred | None
    expected: float = 0.0


def decide(context: StepContext, policy: Policy, snapshot: Snapshot) -> Decision:
    """The rung that takes the step, those that stand by, and why.  Total and deterministic.

    A rung that is filtered is never chosen, whatever the weights, rules and prices.  Raising a price never makes a
    rung the choice where it was not.  Ties go to the rung that comes first in the operator's order.
    """
    rules = policy.fired(context)
    weighed = _weigh(context, policy, snapshot, rules)
    serving = _serving(weighed, context, policy)
    if not serving:
        return Decision(
            outcome=_outcome(weighed, context),
            candidates=tuple(_candidate(one, "filtered") for one in weighed),
            rules=tuple(rule.name for rule in rules),
            policy_hash=policy.hash,
        )
    weights = policy.weights_for(context.intent)
    expected = expected_costs(
        [one.estimate for one in serving],
        context.prompt_tokens,
        quality=weights.quality,
        failure_usd=policy.failure_usd,
    )
    for one, cost in zip(serving, expected, strict=True):
        one.expected = cost
    chosen, why = _choose(serving, context, rules)
    order = sorted((one for one in serving if one is not chosen), key=lambda one: one.expected)
    next_one = order[0] if order else None
    return Decision(
        outcome="chosen",
        chosen=chosen.rung.name,
        standby=tuple(one.rung.name for one in order),
        reserve_usd=chosen.estimate.worst,
        masked=chosen.rung.cloud and policy.needs_masking(context),
        candidates=tuple(_candidate(one, _verdict(one, chosen, next_one)) for one in weighed),
        rules=tuple(rule.name for rule in rules),
        why=why,
        policy_hash=policy.hash,
    )


def _weigh(context: StepContext, policy: Policy, snapshot: Snapshot, rules: Sequence[Rule]) -> list[_Weighed]:
    gate, past = Gate(context, policy, snapshot, rules), histories(context)
    worth = Worth.of(policy, policy.weights_for(context.intent))
    found = []
    for rung in snapshot.rungs:
        history = past.get(rung.name, UNTRIED)
        estimate = Estimate(
            context,
            rung,
            worth,
            failed=history.mendable,
            repairs=policy.escalate_after - history.mendable,
        )
        barred = gate.bars(rung, history) or gate.too_dear(estimate.worst)
        found.append(_Weighed(rung=rung, history=history, estimate=estimate, barred=barred))
    return found


def _serving(weighed: Sequence[_Weighed], context: StepContext, policy: Policy) -> list[_Weighed]:
    """Those that may serve.  One that failed before, or would be late by its estimate, gives way while there is a
    better one; it is still better than nothing."""
    tiers: tuple[list[_Weighed], ...] = ([], [], [], [])
    soft: list[tuple[_Weighed, Barred]] = []
    for one in weighed:
        if one.barred is not None:
            continue
        late = one.estimate.seconds > context.deadline_s
        failed = spent_chances(one.history, policy.escalate_after)
        tiers[2 * bool(failed) + late].append(one)
        if failed:
            soft.append((one, ("failed_before", failed)))
        elif late:
            soft.append((one, ("deadline", f"{one.estimate.seconds:.0f} > {context.deadline_s:.0f}")))
    best = next((tier for tier in tiers if tier), [])
    for one, reason in soft:
        if one not in best:
            one.barred = reason
    return best


def _outcome(weighed: Sequence[_Weighed], context: StepContext) -> Outcome:
    reasons = {one.barred[0] for one in weighed if one.barred is not None and one.barred[0] != "not_pinned"}
    if any(reason.startswith("budget_") for reason in reasons):
        return "over_budget"
    return "nothing_available" if not reasons or reasons & _NOW else "refused"


def _choose(serving: Sequence[_Weighed], context: StepContext, rules: Sequence[Rule]) -> tuple[_Weighed, Why]:
    if context.pinned:
        return serving[0], "pinned"
    last = context.failures[-1].model if context.failures else ""
    if len(serving) == 1:
        return serving[0], "escalated" if last not in ("", serving[0].rung.name) else "only"
    by_name = {one.rung.name: one for one in serving}
    for rule in rules:
        first = by_name.get(rule.start)
        if first is not None and first.history.last is None:
            return first, "start_rule"
    previous = by_name.get(context.previous)
    if previous is not None and previous.history.last is not None:
        previous = None
    chosen = serving[0] if previous is None else previous
    at_stake = _with_fee(chosen, previous)
    for one in serving:
        cost = _with_fee(one, previous)
        if cost < at_stake:
            chosen, at_stake = one, cost
    if last not in ("", chosen.rung.name):
        return chosen, "escalated"
    cold = min(one.expected for one in serving if one is not previous)
    stays = chosen is previous and chosen.expected + chosen.estimate.warm > cold
    return chosen, "sticky" if stays else "cheapest"


def _with_fee(one: _Weighed, previous: _Weighed | None) -> float:
    return one.expected if previous is None or one is previous else one.expected + MOVING * one.estimate.call


def _verdict(one: _Weighed, chosen: _Weighed, next_one: _Weighed | None) -> Verdict:
    if one is chosen:
        return "chosen"
    if one.barred is not None:
        return "filtered"
    return "standby" if one is next_one else "dearer"


def _candidate(one: _Weighed, verdict: Verdict) -> Candidate:
    reason, detail = one.barred or ("", "")
    return Candidate(
        name=one.rung.name,
        cloud=one.rung.cloud,
        verdict=verdict,
        reason=reason,
        detail=detail,
        price_usd=one.estimate.price,
        worst_usd=one.estimate.worst,
        seconds=one.estimate.seconds,
        success=one.estimate.success,
        expected_usd=one.expected,
    )
