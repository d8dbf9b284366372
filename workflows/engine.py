"""Runs that survive: accepted, worked on under a lease, stopped and taken up again, always from the last checkpoint.

One process works on a run at a time, which its lease proves in every transaction.  What happens to a run is written in
the transaction that moves it on (docs/adr/0026-queue-in-the-ledger.md).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

from clawdbot.agents.events import Listener, event, silent
from clawdbot.agents.planner import Planner
from clawdbot.errors import ClawdbotError, Drained, LeaseLost, RunCancelled, StoreError, UsageError
from clawdbot.failpoints import reach
from clawdbot.models.interruption import Interrupted, interruptible
from clawdbot.store.ledger import RunRecord
from clawdbot.store.owner import this_process
from clawdbot.store.queue import INTERACTIVE, Claimed, NewRun, RunKind
from clawdbot.workflows.accepting import accept, new_goal
from clawdbot.workflows.approver import Approver, nobody
from clawdbot.workflows.checkpoints import LedgerCheckpoints
from clawdbot.workflows.goals import Attendance, GoalRuns
from clawdbot.workflows.heartbeat import Heartbeat
from clawdbot.workflows.result import RunResult, Status, so_far
from clawdbot.workflows.stop import Stop
from clawdbot.workflows.time_travel import Checkpoint, TimeTravel

log = logging.getLogger(__name__)

Runner = Callable[[Claimed, Attendance], RunResult]
"""Drives a claimed run of one kind until it is ``done``, or ``waiting`` (which it has written down by then).

It writes neither the run's end nor an ``end`` event, lets pass what the attendance's stop raises, and lets whatever
else it raises pass: the run is taken up again.
"""

Told = Callable[[RunRecord], None]
"""Called in the transaction that ends a run which nobody watches, or before it waits; may be called again."""

_PAUSE_S = (1.0, 60.0)
"""First and longest pause before a run whose work went wrong is taken up again."""

_GIVEN_UP = {
    "zh": "处理此任务的进程已连续 {count} 次意外中断且没有任何进展（[worker] crashes），不再重试。",
    "en": "The process that worked on this run was cut off {count} times in a row without any progress "
    "([worker] crashes); it is not tried again.",
}


@dataclass(frozen=True, kw_only=True)
class _Work:
    """A run that is being worked on; ``watched``: a person sits before it."""

    claimed: Claimed
    listener: Listener
    approver: Approver
    stop: Stop
    watched: bool

    @property
    def run_id(self) -> str:
        return self.claimed.lease.run_id


class RunEngine:
    """Starts, accepts and resumes runs, and works on those that were claimed; safe to share between threads."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._ledger = planner.ledger
        self._queue = planner.ledger.queue
        self._goals = GoalRuns(planner, LedgerCheckpoints(planner.ledger.database, planner.ledger.leases))
        self._travel = TimeTravel(planner.ledger, planner.runs)
        self._heartbeat = Heartbeat(planner.ledger.queue)
        self._runners: dict[RunKind, Runner] = {}
        self._on_end: list[Told] = []
        self._on_wait: list[Told] = []

    def serve(self, kind: RunKind, runner: Runner) -> None:
        """Runs of that kind go to ``runner``; those of the planner are served without."""
        self._runners[kind] = runner

    def on_end(self, told: Told) -> None:
        """Tell of ends; what ``told`` writes through the ledger's database is part of the transaction."""
        self._on_end.append(told)

    def on_wait(self, told: Told) -> None:
        """Tell of runs that wait for a person."""
        self._on_wait.append(told)

    def start(
        self,
        goal: str,
        *,
        user: str,
        ask: bool = False,
        listener: Listener = silent,
        approver: Approver = nobody,
    ) -> RunResult:
        """Run a goal in this process to its end, or until a person must answer; ``ask`` is a question to documents.

        Raises UsageError on an unusable goal before anything is recorded.  KeyboardInterrupt leaves a run that
        :meth:`resume` continues; a killed process leaves one that a worker takes over.
        """
        run = new_goal(self._planner.config, goal, user=user, ask=ask)
        return self.begin(run, listener=listener, approver=approver)

    def begin(self, run: NewRun, *, listener: Listener = silent, approver: Approver = nobody) -> RunResult:
        """Accept any run and work on it at once, in this process; like :meth:`start` otherwise."""
        claimed = self._queue.begin(run, this_process())
        reach("run.accepted")
        return self._work(claimed, listener, approver, None, watched=True)

    def accept(self, goal: str, *, user: str, ask: bool = False, model: str = "", priority: int = INTERACTIVE) -> str:
        """Put a goal into the queue for workers; see :func:`clawdbot.workflows.accepting.accept`."""
        return accept(self._ledger, self._planner.config, goal, user=user, ask=ask, model=model, priority=priority)

    def resume(self, run_id: str, *, listener: Listener = silent, approver: Approver = nobody) -> RunResult:
        """Go on, in this process, with a run that was cut off, waits or is queued; UsageError when it has ended or
        somebody works on it."""
        record = self._ledger.get_run(run_id)
        if record.parent is not None:
            raise UsageError(
                f"Run {record.id} is a step of the workflow run {record.parent}.",
                hint=f"Go on with that one: clawdbot run --resume {record.parent}",
            )
        return self._work(self._queue.take(record.id, this_process()), listener, approver, None, watched=True)

    def work(
        self,
        claimed: Claimed,
        *,
        listener: Listener = silent,
        approver: Approver = nobody,
        stop: Stop | None = None,
    ) -> RunResult:
        """Drive a claimed run to its end, until it waits, or back into the queue (status ``queued``) when it is
        drained; a cancelled one ends ``cancelled``.

        Raises LeaseLost when another has the run now, of which nothing more was written by then.  Whatever else goes
        wrong is raised too; by then the run is back in the queue, for a moment later.
        """
        return self._work(claimed, listener, approver, stop, watched=False)

    def checkpoints(self, run_id: str) -> tuple[Checkpoint, ...]:
        """The states of a run that were kept, oldest first; UsageError for an unknown run."""
        return self._travel.checkpoints(run_id)

    def fork(self, run_id: str, *, step: int = 0, checkpoint: str = "", user: str) -> str:
        """A new run that begins at that step, or checkpoint, of another; see :meth:`TimeTravel.fork`."""
        return self._travel.fork(run_id, step=step, checkpoint=checkpoint, user=user)

    def _work(
        self, claimed: Claimed, listener: Listener, approver: Approver, stop: Stop | None, *, watched: bool
    ) -> RunResult:
        run_id = claimed.lease.run_id
        own = Stop(run_id)
        with ExitStack() as held:
            # The lease is given up last: until then every write is fenced by it.
            held.enter_context(self._queue.held(claimed.lease))
            held.enter_context(self._heartbeat.watching(run_id, own))
            held.enter_context(interruptible(own.interruption))
            if stop is not None:
                held.enter_context(stop.passed_on(own))
            reach("run.claimed")
            work = _Work(claimed=claimed, listener=listener, approver=approver, stop=own, watched=watched)
            with self._left_well(work):
                try:
                    return self._carried_out(work)
                except Interrupted:
                    return self._stopped(work, own.error())
                except (RunCancelled, Drained, LeaseLost) as error:
                    return self._stopped(work, error)

    def _carried_out(self, work: _Work) -> RunResult:
        claimed, run_id = work.claimed, work.run_id
        record = self._ledger.get_run(run_id)
        self._tell(work, event("run", run_id, goal=claimed.goal, resumed=claimed.lease.token > 1))
        if record.cancel_by is not None:
            raise RunCancelled(f"Run {run_id} was cancelled.")
        if claimed.attempts > self._planner.config.worker.crashes:
            return self._given_up(work, record)
        work.stop.check()
        result = self._driven(work)
        if result.status == "done":
            return self._end(work, result)
        self._told(work, self._on_wait)
        return result

    def _driven(self, work: _Work) -> RunResult:
        def tell(body: Mapping[str, Any]) -> None:
            self._tell(work, body)

        by = Attendance(
            listener=tell,
            approver=work.approver,
            stop=work.stop,
            before_wait=partial(self._told, work, self._on_wait),
        )
        return self._runners.get(work.claimed.kind, self._goals.run)(work.claimed, by)

    def _stopped(self, work: _Work, error: ClawdbotError) -> RunResult:
        """The run was told to stop, and has: it ends cancelled, or waits for another worker."""
        if isinstance(error, LeaseLost):
            raise error
        record = self._ledger.get_run(work.run_id)
        if isinstance(error, RunCancelled):
            return self._end(work, self._so_far(record, "cancelled"))
        self._queue.requeue(work.run_id, lease=work.claimed.lease, ready_at=record.ready_at)  # it keeps its turn
        return self._so_far(record, "queued")

    def _given_up(self, work: _Work, record: RunRecord) -> RunResult:
        """The run takes down whoever works on it."""
        why = _GIVEN_UP["zh" if record.language == "zh" else "en"].format(count=work.claimed.attempts - 1)
        result = self._so_far(replace(record, error=why), "done", verdict="failed")
        return self._end(work, replace(result, stop_kind="crashes"), error=why)

    def _end(self, work: _Work, result: RunResult, *, error: str = "") -> RunResult:
        status: Literal["done", "cancelled"] = "cancelled" if result.status == "cancelled" else "done"
        told = event("end", work.run_id, verdict=result.verdict, missing=list(result.missing), status=status)
        reach("run.before_end")
        with self._ledger.database.together():
            self._ledger.events.append(work.run_id, told)
            self._ledger.finish_run(
                work.run_id, verdict=result.verdict, result=result.as_json(), error=error, status=status
            )
            self._told(work, self._on_end)
        reach("run.after_end")
        work.listener(told)
        return result

    def _tell(self, work: _Work, body: Mapping[str, Any]) -> None:
        """Keep an event and show it."""
        self._ledger.events.append(work.run_id, body)
        work.listener(body)

    def _told(self, work: _Work, whom: Sequence[Told]) -> None:
        if whom and not work.watched:
            record = self._ledger.get_run(work.run_id)
            for told in whom:
                told(record)

    def _so_far(self, record: RunRecord, status: Status, *, verdict: str | None = None) -> RunResult:
        workspace = self._planner.workspace(record.id)
        return so_far(record, self._ledger, workspace, status=status, verdict=verdict)

    @contextmanager
    def _left_well(self, work: _Work) -> Iterator[None]:
        """Whatever ends the work leaves a run that goes on, with the reason on record: at once when nobody watches it,
        else when the person says so."""
        try:
            yield
        except LeaseLost:
            raise
        except BaseException as error:
            note = str(error) if isinstance(error, ClawdbotError) else type(error).__name__
            with suppress(ClawdbotError):
                if work.watched:
                    self._ledger.set_status(work.run_id, "interrupted", error=note)
                else:
                    again = _after(work.claimed.attempts)
                    self._queue.requeue(work.run_id, lease=work.claimed.lease, ready_at=again, note=note)
            if isinstance(error, OSError):
                raise _unwritable(error, self._planner.runs.parent) from error
            raise


def _after(attempts: int) -> str:
    """When to take up a run again that went wrong so often."""
    pause_s = min(_PAUSE_S[0] * 2 ** max(0, attempts - 1), _PAUSE_S[1])
    return (datetime.now(UTC) + timedelta(seconds=pause_s)).isoformat(timespec="microseconds")


def _unwritable(error: OSError, home: Path) -> StoreError:
    return StoreError(
        f"The run cannot be kept in {str(home)!r}: {error}.",
        hint="Make room on the disk, or check the rights of [app] home; what was done so far is kept.",
    )
