"""A goal in plain words as a step: a run of its own below the workflow's, driven in this process."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol

from clawdbot.agents.events import Listener
from clawdbot.errors import Drained, UsageError
from clawdbot.failpoints import reach
from clawdbot.store.ledger import RunRecord
from clawdbot.store.owner import this_process
from clawdbot.store.queue import Claimed, NewRun
from clawdbot.text.language import detect
from clawdbot.workflows.approver import Approver
from clawdbot.workflows.flow.calls import Performed, StepCall, StepFailed, StepWaits, Usage
from clawdbot.workflows.flow.envelopes import fence
from clawdbot.workflows.flow.rooms import carry
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.stop import Stop
from clawdbot.workflows.templates import TemplateFailed, render

_TOLD = ("thinking", "step")
"""Events of the run that are told as the workflow's."""


class Drive(Protocol):
    """As ``RunEngine.work``."""

    def __call__(self, claimed: Claimed, *, listener: Listener, approver: Approver, stop: Stop) -> RunResult: ...


class GoalSteps:
    """Does goal steps; ``drive`` works on a claimed run to its end, to a question, or back into the queue."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive

    def __call__(self, call: StepCall) -> Performed:
        """The step's goal to its end; StepFailed unless it is verified, with what it gave all the same."""
        return self.pursue(call, call.step.goal)

    def pursue(self, call: StepCall, template: str) -> Performed:
        """The same with other words for the goal."""
        child = child_id(call.frame.run_id, call.position, call.row.tries)
        record = _known(call, child)
        if record is not None and record.status in ("done", "cancelled"):
            return _outcome(call, child, record.status, record.result or {})
        claimed = self._begun(call, child, template) if record is None else _taken(call, child)
        reach("child.begun")
        stop = Stop(child)
        with call.frame.stop.passed_on(stop), _limited(stop, call.remaining_s) as over:
            result = self._drive(
                claimed, listener=_forwarded(call, child), approver=call.frame.asking.one_at_a_time, stop=stop
            )
        if result.status == "waiting":
            asked = call.frame.planner.ledger.approvals.waiting(child)
            raise StepWaits([(child, question.payload_hash) for question in asked])
        if over.is_set() and result.status != "done":
            raise StepFailed(
                f"The time of the step was used up after {result.usage['steps']} steps.", outcome="timeout"
            )
        return _outcome(call, child, result.status, result.as_json())

    def _begun(self, call: StepCall, child: str, template: str) -> Claimed:
        """A new run; it is written down in the step before it begins, so that nobody begins another."""
        frame, planner = call.frame, call.frame.planner
        try:
            goal = str(render(template, call.names)).strip()
        except TemplateFailed as error:
            raise StepFailed(str(error), outcome="retryable", again=False) from error
        if not goal:
            raise StepFailed("The goal is empty.", outcome="retryable", again=False)
        allowed = fence(frame.definition, call.step, template, names=call.names, config=planner.config)
        spec: dict[str, Any] = {"position": call.position, "fence": allowed, "label": frame.definition.label}
        if frame.definition.budget_usd is not None:
            spec["budget_usd"] = str(max(Decimal(0), frame.definition.budget_usd - call.spent_usd))
        frame.steps.works_on(frame.run_id, call.position, child)
        workspace = planner.workspace(child)
        carry(call.room, workspace, call.given)
        run = NewRun(
            goal=goal, language=detect(goal), user=frame.user, id=child, kind="ask" if call.step.ask else "goal",
            spec={key: value for key, value in spec.items() if value}, parent=frame.run_id,
        )  # fmt: skip
        return planner.ledger.queue.begin(run, this_process())


def child_id(run_id: str, position: str, tries: int) -> str:
    """The id of the run that does a step: the same after a crash, another for another attempt."""
    return "step-" + hashlib.sha256(f"{run_id}\n{position}\n{tries}".encode()).hexdigest()[:16]


def _known(call: StepCall, child: str) -> RunRecord | None:
    try:
        return call.frame.planner.ledger.get_run(child)
    except UsageError:
        return None


def _taken(call: StepCall, child: str) -> Claimed:
    """The run of an attempt that was cut off; the lease of whoever had it must have run out."""
    queue = call.frame.planner.ledger.queue
    while True:
        call.frame.stop.check()
        try:
            return queue.take(child, this_process())
        except UsageError as error:
            if call.remaining_s <= 0:
                raise StepFailed(str(error), outcome="timeout") from error
            time.sleep(min(queue.lease_s / 4, call.remaining_s))


@contextmanager
def _limited(stop: Stop, seconds: float) -> Iterator[threading.Event]:
    """The run is stopped when the time of its step is over, which the event then says."""
    over = threading.Event()

    def end() -> None:
        over.set()
        stop.ask("cancelled")

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _forwarded(call: StepCall, child: str) -> Listener:
    """What the run tells is told as the workflow's, with the step that it belongs to."""
    listener, run_id = call.frame.by.listener, call.frame.run_id

    def tell(body: Mapping[str, Any]) -> None:
        if body["event"] in _TOLD:
            listener({**body, "run_id": run_id, "child": child, "within": call.position})

    return tell


def _outcome(call: StepCall, child: str, status: str, result: Mapping[str, Any]) -> Performed:
    if status == "cancelled":
        raise StepFailed(f"The run {child} was cancelled.", outcome="policy", again=False)
    if status != "done":
        call.frame.stop.check()
        raise Drained(f"Run {child} goes on when the workflow does.")
    usage, steps = result["usage"], result["steps"]
    models = [step["model"] for step in steps if step["model"]]
    performed = Performed(
        text=result["answer"] or str(result["verdict"]),
        args={"goal": result["goal"]},
        answer=result["answer"],
        receipts=tuple({**receipt, "run_id": child} for receipt in result["receipts"]),
        citations=tuple(result["citations"]),
        usage=Usage(
            model=models[-1] if models else "",
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
            cost_usd=Decimal(usage["cost_usd"]),
            attempts=sum(step["attempts"] for step in steps),
            ms=sum(step["model_ms"] for step in steps),
        ),
        child=child,
        source=call.frame.planner.workspace(child),
    )
    if result["verdict"] != "verified":
        why = "; ".join(result["missing"]) or "it did not end well"
        raise StepFailed(f"{result['verdict']}: {why}", outcome="complaint", given=performed)
    return performed
