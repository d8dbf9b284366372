"""The act node: carry the intent out through the executor, check what came back, keep the step."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from clawdbot.agents.checks import UNSUPPORTED, check_answer, check_call, check_outcome, wrong_language
from clawdbot.agents.events import Ask, Listener, event
from clawdbot.agents.guards import repeated
from clawdbot.agents.offers import FINISH
from clawdbot.agents.own_words import in_own_words
from clawdbot.agents.planner import Frame, Planner
from clawdbot.agents.routing import validation
from clawdbot.agents.state import RunState
from clawdbot.agents.steps import Intent, Outcome, Step
from clawdbot.agents.verdict import done_kinds
from clawdbot.errors import ApprovalNeeded
from clawdbot.store.answers import Answer
from clawdbot.tools.answered import call_with_answers


def act_node(planner: Planner, state: RunState, listener: Listener, ask: Ask) -> dict[str, Any]:
    """Carry out ``intent``; gives the new steps, and the ``answer`` when it was ``finish``."""
    frame = Frame.of(planner, state)
    body = state["intent"]
    assert body is not None, "the graph comes here with an intent only"
    intent = Intent.from_json(body)
    began = time.monotonic()
    recorded = planner.ledger.step(state["run_id"], len(frame.steps) + 1)
    if recorded is not None:
        return _taken_up(frame, intent, Step.from_json(recorded), listener)
    if intent.tool == FINISH:
        return _finish(frame, intent, listener, began)
    step = _repeat(frame, intent) or _call(frame, intent, ask)
    step = _kept(frame, step, listener, began)
    return {"steps": [*state["steps"], step.as_json()], "intent": None, "elapsed_s": frame.elapsed_s}


def _taken_up(frame: Frame, intent: Intent, step: Step, listener: Listener) -> dict[str, Any]:
    """The run was cut off after this step was recorded and before its state was kept: what was done stays done."""
    listener(event("step", frame.state["run_id"], **step.as_json()))
    changes: dict[str, Any] = {
        "steps": [*frame.state["steps"], step.as_json()],
        "intent": None,
        "elapsed_s": frame.elapsed_s,
    }
    accepted = intent.tool == FINISH and step.outcome == "ok"
    return {**changes, "answer": str(intent.args["answer"]).strip()} if accepted else changes


def _step(
    frame: Frame,
    intent: Intent,
    observation: str,
    outcome: Outcome,
    *,
    receipt: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> Step:
    return Step(
        n=len(frame.steps) + 1,
        thought=intent.thought,
        tool=intent.tool,
        args=intent.args,
        observation=observation,
        outcome=outcome,
        receipt=receipt,
        part=frame.progress.part,
        notes=(*intent.notes, *notes),
        model=intent.model,
        label=frame.label,
        prompt_tokens=intent.prompt_tokens,
        cached_tokens=intent.cached_tokens,
        completion_tokens=intent.completion_tokens,
        cost_usd=intent.cost_usd,
        attempts=intent.attempts,
        ms=0,
        model_ms=intent.ms,
    )


def _kept(frame: Frame, step: Step, listener: Listener, began: float) -> Step:
    """The step with its time, recorded and told; what checks said of it is reported to those who choose models."""
    step = replace(step, ms=step.model_ms + round((time.monotonic() - began) * 1000))
    run_id = frame.state["run_id"]
    said = validation(step, frame.planner.tools.get(step.tool), documents_only=frame.brief.documents == "only")
    if said is not None:
        frame.planner.models.report(run_id, step.n, said)
    frame.planner.ledger.add_step(run_id, step.n, step.as_json())
    listener(event("step", run_id, **step.as_json()))
    return step


def _repeat(frame: Frame, intent: Intent) -> Step | None:
    earlier = repeated(intent.tool, intent.args, frame.steps, part=frame.progress.part)
    if earlier is None:
        return None
    text = f"This call was made in step {earlier.n} already; it was not made again. Do something else."
    return _step(frame, intent, text, "repeat")


def _call(frame: Frame, intent: Intent, ask: Ask) -> Step:
    wrong = check_call(frame, intent)
    if wrong:
        written = in_own_words(frame, intent)
        if written is None:
            return _step(frame, intent, wrong, "retryable")
        intent = written
    run_id = frame.state["run_id"]

    def answer(needed: ApprovalNeeded) -> Answer:
        return frame.planner.ledger.approvals.answer(run_id, needed.payload_hash) or ask(needed)

    called = call_with_answers(
        frame.planner.executor, intent.tool, intent.args, run=frame.call_frame(), step=len(frame.steps) + 1, ask=answer
    )
    outcome = called.outcome
    intent = replace(intent, args=called.args, notes=(*intent.notes, *([called.changed] if called.changed else ())))
    if not outcome.ok:
        return _step(frame, intent, outcome.observation, outcome.error_kind or "terminal")
    complaints = check_outcome(frame, intent, outcome)
    text = outcome.observation + "".join(f"\nBut: {c}" for c in complaints)
    if not complaints:
        _drop_mended(frame, outcome.receipt)
    return _step(
        frame, intent, text, "complaint" if complaints else "ok", receipt=outcome.receipt, notes=tuple(complaints)
    )


def _drop_mended(frame: Frame, receipt: dict[str, Any] | None) -> None:
    """A right result takes the place of the ones that were complained of, so that no chart is drawn from those."""
    if not (receipt and receipt.get("table")):
        return
    wrong = {
        str(s.receipt["table"])
        for s in frame.steps
        if s.outcome == "complaint" and s.part == frame.progress.part and s.receipt and s.receipt.get("table")
    }
    for info in frame.workspace.tables():
        if info.name in wrong:
            frame.workspace.drop_table(info.name)


def _finish(frame: Frame, intent: Intent, listener: Listener, began: float) -> dict[str, Any]:
    """Take the answer when every number and deed in it is supported; else send it back with what is not."""
    answer = str(intent.args["answer"]).strip()
    done = done_kinds(frame.brief, frame.steps, frame.planner.tools)
    wrong = check_answer(frame, answer, done)
    if not answer:
        wrong = ["an empty answer"]
    if not wrong and (reminder := wrong_language(frame, answer)):
        step = _step(frame, intent, reminder, "complaint")
        wrong = [reminder]
    elif wrong:
        text = f"{UNSUPPORTED}{', '.join(wrong)}. State only what the results show."
        step = _step(frame, intent, text, "complaint", notes=tuple(wrong))
    else:
        step = _step(frame, intent, "accepted", "ok")
    step = _kept(frame, step, listener, began)
    changes: dict[str, Any] = {
        "steps": [*frame.state["steps"], step.as_json()],
        "intent": None,
        "elapsed_s": frame.elapsed_s,
    }
    return changes if wrong else {**changes, "answer": answer}
