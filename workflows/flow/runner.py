"""The runner of workflow runs: which step is due, beside which others, and when the run waits or is over."""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from clawdbot.access.identity import Identity
from clawdbot.agents.events import silent
from clawdbot.agents.planner import Planner
from clawdbot.errors import Drained, PolicyRefused, UsageError
from clawdbot.failpoints import reach
from clawdbot.models.interruption import Interrupted
from clawdbot.store.approvals import Approval
from clawdbot.store.leases import Lease
from clawdbot.store.queue import Claimed
from clawdbot.text.language import Language
from clawdbot.workflows.approver import nobody
from clawdbot.workflows.approving import CallSite, gone_on
from clawdbot.workflows.definition import Definition, Step, StepKind
from clawdbot.workflows.flow.asking import Asking
from clawdbot.workflows.flow.calls import Frame, Perform, StepCall, StepFailed, StepWaits
from clawdbot.workflows.flow.outcome import result_of
from clawdbot.workflows.flow.progress import Progress
from clawdbot.workflows.flow.settling import Settling
from clawdbot.workflows.flow.tool_step import call_site
from clawdbot.workflows.flow.tool_step import question as shown
from clawdbot.workflows.flow.views import Named
from clawdbot.workflows.goals import Attendance
from clawdbot.workflows.inputs import named
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.stop import Stop
from clawdbot.workflows.templates import TemplateFailed, moments

MOST_AT_ONCE = 4
"""Steps of one run that are done at the same time."""


class WorkflowRuns:
    """Drives runs of the kind ``workflow``; thread-safe, a run at a time in the calling thread."""

    def __init__(self, planner: Planner, performers: Mapping[StepKind, Perform]) -> None:
        self._planner = planner
        self._performers = performers

    def run(self, claimed: Claimed, by: Attendance) -> RunResult:
        """From where the run stands to its end, or until a person must answer, when it waits in the ledger too.

        Steps that ended are not repeated.  Stops between steps with what ``by.stop`` raises; its goals stop too.
        """
        halt = Stop(claimed.lease.run_id)
        with by.stop.passed_on(halt):
            frame = _frame(claimed, by, halt, self._planner)
            return _Flow(frame, self._performers).run()

    @contextmanager
    def site(self, question: Approval) -> Iterator[CallSite]:
        """Where the call of a question stands, as ``workflows/approving.py`` wants it."""
        record = self._planner.ledger.get_run(question.run_id)
        claimed = Claimed(
            lease=Lease(run_id=record.id, owner=record.owner, token=record.token), kind="workflow", goal=record.goal,
            user=record.user, spec=record.spec or {}, attempts=0,
        )  # fmt: skip
        halt = Stop(record.id)
        frame = _frame(
            claimed, Attendance(listener=silent, approver=nobody, stop=halt, before_wait=_nothing), halt, self._planner
        )
        progress = Progress(frame)
        settling = Settling(frame, progress, self._performers)
        for step in frame.definition.step:
            if step.tool != question.tool or progress.over(step.id):
                continue
            with suppress(TemplateFailed, StepFailed), settling.calls(step) as calls:
                found = next((call for call in calls if _asks(call, question)), None)
                if found is not None:
                    yield call_site(found)
                    return
        raise gone_on(question)


def _asks(call: StepCall, question: Approval) -> bool:
    """It is this call that the question is about."""
    try:
        return shown(call).payload_hash == question.payload_hash
    except (UsageError, PolicyRefused, StepFailed):
        return False


def _nothing() -> None:
    """Nobody is told that this run waits: it waits already."""


class _Flow:
    """One run while it is worked on."""

    def __init__(self, frame: Frame, performers: Mapping[StepKind, Perform]) -> None:
        self._frame = frame
        self._progress = Progress(frame)
        self._settling = Settling(frame, self._progress, performers)
        self._waiting: dict[str, tuple[tuple[str, str], ...]] = {}

    def run(self) -> RunResult:
        """See :meth:`WorkflowRuns.run`."""
        approvals = self._frame.planner.ledger.approvals
        while True:
            self._waiting = {}
            self._advance()
            questions = [question for asked in self._waiting.values() for question in asked]
            if not questions:
                return result_of(self._frame, self._progress, "done")
            self._frame.by.stop.check()
            self._frame.by.before_wait()
            reach("run.before_wait")
            waits = approvals.wait_for(self._frame.run_id, questions)
            reach("run.after_wait")
            if waits:
                return result_of(self._frame, self._progress, "waiting")

    def _advance(self) -> None:
        """Do steps until none is left that can be done now; what went wrong in one stops the others, and is raised."""
        working: dict[Future[None], Step] = {}
        with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="workflow-step") as pool:
            try:
                while True:
                    self._frame.by.stop.check()
                    for step in self._due({step.id for step in working.values()}):
                        working[pool.submit(contextvars.copy_context().run, self._settling.settle, step)] = step
                    if not working:
                        return
                    ended, _ = wait(working, return_when=FIRST_COMPLETED)
                    for future in ended:
                        step = working.pop(future)
                        try:
                            future.result()
                        except StepWaits as waits:
                            self._waiting[step.id] = waits.questions
            except BaseException as error:
                self._frame.stop.ask("drain")
                pool.shutdown(cancel_futures=True)
                raise _telling(error, working) from error

    def _due(self, working: set[str]) -> list[Step]:
        """Steps whose needs are over, in the order of the file."""
        definition, over = self._frame.definition, self._progress.over
        return [
            step
            for step in definition.step
            if step.id not in working | self._waiting.keys()
            and not over(step.id)
            and all(over(name) for name in definition.needs(step))
        ]


def _telling(first: BaseException, others: Iterable[Future[None]]) -> BaseException:
    """Of what several steps raised at once the one that says why; the others only stopped because of it."""
    raised = [first, *(error for future in others if not future.cancelled() and (error := future.exception()))]
    return next((error for error in raised if not isinstance(error, Drained | Interrupted | StepWaits)), first)


def _frame(claimed: Claimed, by: Attendance, halt: Stop, planner: Planner) -> Frame:
    spec, run_id = claimed.spec, claimed.lease.run_id
    definition = Definition.from_json(spec["definition"])
    record = planner.ledger.get_run(run_id)
    language: Language = "zh" if record.language == "zh" else "en"
    day = date.fromisoformat(spec["day"])
    inputs: Mapping[str, Any] = spec["inputs"]
    given = named(inputs, definition)
    names = {
        "inputs": Named(given),
        "run": Named({"id": run_id, "user": claimed.user}),
        "workflow": Named({"name": definition.name, "version": definition.version, "title": claimed.goal}),
        "language": language,
        **moments(day),
    }
    return Frame(
        run_id=run_id,
        user=claimed.user,
        definition=definition,
        inputs=inputs,
        day=day,
        language=language,
        goal=_goal(claimed.goal, given),
        identity=Identity.of(claimed.user, planner.config.groups),
        planner=planner,
        steps=planner.ledger.workflow_steps,
        asking=Asking(run_id, planner.ledger.approvals, by, expire_s=planner.config.approvals.expire_s),
        by=by,
        stop=halt,
        names=names,
    )


def _goal(title: str, inputs: Mapping[str, Any]) -> str:
    """The title with the inputs: figures and names in them may be said in texts."""
    said = [f"{name}: {_words(value)}" for name, value in inputs.items() if value not in (None, "", [])]
    return f"{title} ({'; '.join(said)})" if said else title


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
