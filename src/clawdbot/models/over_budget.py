"""What happens at the limit of a budget: ``[budget] on_stop``, in its order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from clawdbot.config import BudgetConfig
from clawdbot.errors import ApprovalNeeded
from clawdbot.models.routing.decide import decide
from clawdbot.models.routing.decision import Decision
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import Snapshot
from clawdbot.models.routing.step_context import StepContext
from clawdbot.models.spending.money import dollars
from clawdbot.models.step_request import StepRequest
from clawdbot.text.language import Language

_CALLS = 4
"""Calls of the asked price that an approval covers: a repair and another model's try may follow."""
_CENT = Decimal("0.01")

_ASK: dict[Language, str] = {
    "zh": "任务 {run} 的第 {step} 步需要超出预算的费用：是否允许模型“{model}”在这一步最多花费 {usd}？（{why}）",
    "en": "Step {step} of run {run} needs more money than its budget has: may the model {model!r} spend up to {usd} on "
    "this step? ({why})",
}

Way = Literal["go", "beyond", "cache", "stop"]
"""go: as decided; beyond: a person allowed to go beyond the budget; cache: an answer that was kept; stop: no model."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What to do; for ``beyond`` the decision as it is without budgets."""

    way: Way
    decision: Decision


def within_budget(
    decision: Decision,
    context: StepContext,
    policy: Policy,
    snapshot: Snapshot,
    config: BudgetConfig,
    step: StepRequest,
    *,
    spent_usd: Decimal,
    usable: bool,
    kept: Callable[[], bool],
) -> Choice:
    """What ``on_stop`` says where money keeps the step from the model that it would go to.

    ``spent_usd`` is what the step has cost; ``usable``: the model of the decision may be asked; ``kept`` tells if there
    is an answer to give again.  Raises ApprovalNeeded with the sum where a person can be asked.
    """
    if not any(one.reason.startswith("budget_") for one in decision.candidates):
        return Choice(way="go", decision=decision)
    if decision.reserve_usd:
        return Choice(way="go", decision=decision)  # something that costs money is still within the budget
    wished = decide(context, policy, replace(snapshot, budget_left={}))
    if wished.chosen == decision.chosen:
        return Choice(way="go", decision=decision)
    for action in config.on_stop:
        if action == "local" and usable:
            return Choice(way="go", decision=decision)
        if action == "cache" and kept():
            return Choice(way="cache", decision=decision)
        if action == "ask" and wished.outcome == "chosen":
            needed, allowed = _approval(decision, wished, step)
            if needed.payload_hash in step.approvals:
                if spent_usd + wished.reserve_usd <= allowed:
                    return Choice(way="beyond", decision=wished)
            elif step.may_ask:
                raise needed
        if action == "partial":
            break
    return Choice(way="stop", decision=decision)


def _approval(decision: Decision, wished: Decision, step: StepRequest) -> tuple[ApprovalNeeded, Decimal]:
    allowed = (wished.reserve_usd * _CALLS).quantize(_CENT, rounding=ROUND_CEILING)
    why = next(one for one in decision.candidates if one.name == wished.chosen)
    text = _ASK[step.language].format(
        run=step.run_id,
        step=step.step,
        model=wished.chosen,
        usd=dollars(allowed),
        why=f"[budget] {why.reason.removeprefix('budget_')}_usd",
    )
    bound = hashlib.sha256(f"money {step.run_id} {step.step} {wished.chosen} {allowed}".encode()).hexdigest()
    said = "The budget is used up; a person may allow more."
    needed = ApprovalNeeded(said, tool="budget", payload=text, payload_hash=bound)
    return needed, allowed
