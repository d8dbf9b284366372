"""What the planner tells of a step to those who choose its model, and what checks by code said of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clawdbot import __version__
from clawdbot.agents.offers import FINISH
from clawdbot.agents.planner import Frame
from clawdbot.agents.progress import AnyTool, is_data_tool
from clawdbot.agents.quotations import QUOTE, SEARCH
from clawdbot.agents.steps import Outcome, Step
from clawdbot.config import StepKind
from clawdbot.errors import ModelUnavailable
from clawdbot.models.routing.attempt import Validation
from clawdbot.models.routing.intent import intent_of
from clawdbot.models.routing.step_context import Failure, FailureKind
from clawdbot.models.step_request import StepRequest

_FAILURES: dict[Outcome, FailureKind] = {
    "invalid": "schema_invalid",
    "retryable": "tool_refused",
    "terminal": "tool_refused",
    "repeat": "tool_refused",
    "complaint": "result_wrong",
}
"""Outcomes that another model might have avoided."""

_MODELS_OWN: dict[Outcome, bool] = {"ok": True, "complaint": False, "retryable": False, "repeat": False}
"""Outcomes that say something of the model's answer; the others come from the tool or from a person."""

_DETAIL = 300


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What a person allows beyond the budget: whether one may be asked, and the hashes of what was approved."""

    may_ask: bool
    approvals: frozenset[str]


def step_request(frame: Frame, kind: StepKind, allowed: Allowed) -> StepRequest:
    """The step that the run is at, as the cost policy sees it."""
    return StepRequest(
        run_id=frame.state["run_id"],
        step=len(frame.steps) + 1,
        user=frame.state.get("user", ""),
        kind=kind,
        intent=intent_of(frame.brief.goal),
        label=frame.label,
        deadline_s=frame.remaining_s,
        failures=failures(frame.steps, frame.progress.part),
        previous=next((s.model for s in reversed(frame.steps) if s.model), ""),
        may_ask=allowed.may_ask,
        approvals=allowed.approvals,
        language=frame.brief.language,
        versions={"clawdbot": __version__},
        pinned=_pinned(frame),
        budget_usd=Decimal(usd) if (usd := frame.state.get("budget_usd")) else None,
    )


def _pinned(frame: Frame) -> str:
    """The model that the run asked for when it was put into the queue; ModelUnavailable when it is there no longer."""
    model = frame.state.get("model", "")
    if model and model not in frame.planner.models.ladder.settings:
        raise ModelUnavailable(f"The run asks for the model {model!r}, which is not in [models].")
    return model


def failures(steps: Sequence[Step], part: int) -> tuple[Failure, ...]:
    """What models did wrong at this part of the goal since something succeeded there."""
    found: list[Failure] = []
    for step in steps:
        if step.part != part:
            continue
        kind = _FAILURES.get(step.outcome)
        if step.ok:
            found = []
        elif kind is not None and step.model:
            found.append(Failure(model=step.model, kind=kind, detail=step.observation[:_DETAIL]))
    return tuple(found)


def validation(step: Step, tool: AnyTool | None, *, documents_only: bool) -> Validation | None:
    """What our checks said of a step that a model wrote; None when they say nothing of the model."""
    ok = _MODELS_OWN.get(step.outcome)
    if ok is None or not step.model:
        return None
    return Validation(
        name=_check_of(step, tool, documents_only=documents_only),
        ok=ok,
        detail="" if ok else step.observation[:_DETAIL],
    )


def _check_of(step: Step, tool: AnyTool | None, *, documents_only: bool) -> str:
    if step.tool in (QUOTE, SEARCH) or (step.tool == FINISH and documents_only):
        return "citations"
    if step.tool == FINISH:
        return "numbers"
    if tool is None or tool.provides is None or step.outcome == "repeat":
        return "result"
    if is_data_tool(tool):
        return "sql" if step.outcome != "complaint" else "result"
    return str(tool.provides)
