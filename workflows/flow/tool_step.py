"""A fixed tool call: through the executor, with an effect key from the run and the step's position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clawdbot.errors import ApprovalNeeded, BudgetExceeded, ClawdbotError, UsageError
from clawdbot.store.answers import Answer
from clawdbot.tools.answered import call_with_answers
from clawdbot.tools.executor import RunFrame
from clawdbot.tools.question import Question
from clawdbot.workflows.approving import CallSite
from clawdbot.workflows.drift import changes
from clawdbot.workflows.flow.calls import Performed, StepCall, StepFailed, StepWaits
from clawdbot.workflows.flow.envelopes import addressed, envelope
from clawdbot.workflows.flow.goal_step import GoalSteps
from clawdbot.workflows.flow.wording import words
from clawdbot.workflows.templates import render_all


class ToolSteps:
    """Does tool steps; where a call does not stand on what it was frozen on any longer, ``goals`` plans anew."""

    def __init__(self, goals: GoalSteps) -> None:
        self._goals = goals

    def __call__(self, call: StepCall) -> Performed:
        """Call the step's tool with its rendered arguments."""
        changed = _drifted(call)
        if not changed:
            return _called(call)
        said = words(call.frame.language)["drifted"].format(changes="; ".join(changed))
        if call.step.on_drift == "fail" or not call.step.original:
            raise StepFailed(said, again=False)
        performed = self._goals.pursue(call, call.step.original)
        return replace(performed, notes=(said, *performed.notes))


def _drifted(call: StepCall) -> tuple[str, ...]:
    stands_on = call.step.stands_on
    if stands_on is None:
        return ()
    planner = call.frame.planner
    return changes(stands_on, planner.databases, planner.config, language=call.frame.language)


def _called(call: StepCall) -> Performed:
    args = call.args if call.args is not None else rendered(call)
    try:
        answered = call_with_answers(
            call.frame.planner.executor, call.step.tool, args, run=_run_frame(call, args), step=call.number,
            ask=lambda needed: _answer(call, needed),
        )  # fmt: skip
    except BudgetExceeded as error:
        raise StepFailed(str(error), outcome="policy", again=False) from error
    outcome = answered.outcome
    if not outcome.ok:
        kind = outcome.error_kind or "terminal"
        given = Performed(text=outcome.observation, args=answered.args)
        raise StepFailed(outcome.observation, outcome=kind, again=kind != "policy", given=given)
    receipts = () if outcome.receipt is None else (outcome.receipt,)
    return Performed(
        text=outcome.observation, args=answered.args, receipt=outcome.receipt, receipts=receipts,
        notes=(answered.changed,) if answered.changed else (),
    )  # fmt: skip


def question(call: StepCall) -> Question:
    """What a person would read of the call; UsageError or PolicyRefused when it cannot be made as it is."""
    args = rendered(call)
    return call.frame.planner.executor.question(call.step.tool, args, run=_run_frame(call, args), step=call.number)


def call_site(call: StepCall) -> CallSite:
    """Where the call stands, with the fence of the arguments that the file gives it."""
    return CallSite(run=_run_frame(call, rendered(call)), step=call.number)


def rendered(call: StepCall) -> dict[str, Any]:
    """The arguments of the call; None leaves an argument to the tool's default.  StepFailed for a broken template."""
    args = _render(call, call.step.args)
    kept: dict[str, Any] = {name: value for name, value in args.items() if value is not None}
    if call.frame.planner.fixed_tools[call.step.tool].provides == "mail" and "to" in kept:
        kept["to"] = addressed(kept["to"], call.frame.planner.config)
    return kept


def _run_frame(call: StepCall, args: Mapping[str, Any]) -> RunFrame:
    frame, planner = call.frame, call.frame.planner
    try:
        fence = envelope(
            frame.definition,
            call.step,
            planner.fixed_tools[call.step.tool],
            args,
            names=call.names,
            config=planner.config,
        )
    except ClawdbotError as error:
        raise StepFailed(str(error), outcome="retryable", again=False) from error
    return RunFrame(
        run_id=frame.run_id, goal=frame.goal, language=frame.language, workspace=call.room, envelope=fence,
        deadline=call.deadline, identity=frame.identity, done=call.receipts, spent_usd=call.spent_usd,
        position=call.position,
    )  # fmt: skip


def _answer(call: StepCall, needed: ApprovalNeeded) -> Answer:
    """The answer to a question of the tool's; what was approved with the whole step is not asked again."""
    if needed.payload_hash in call.granted:
        return Answer(decision="approved", by=call.granted_by)
    answer = call.frame.asking.answer(needed.as_json())
    if answer is None:
        raise StepWaits([(call.frame.run_id, needed.payload_hash)])
    return answer


def _render(call: StepCall, value: Any) -> Any:
    try:
        return render_all(value, call.names)
    except UsageError as error:
        raise StepFailed(str(error), outcome="retryable", again=False) from error
