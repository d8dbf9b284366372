"""Runs in this process: started, suspended for a person, cut off and resumed, always from the last checkpoint."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from clawdbot.agents.asking import answered
from clawdbot.agents.briefing import compile_brief
from clawdbot.agents.events import Listener, event, silent
from clawdbot.agents.graph import build_graph
from clawdbot.agents.planner import Planner
from clawdbot.errors import ClawdbotError, StoreError, UsageError
from clawdbot.store.answers import Answer
from clawdbot.store.ledger import RunRecord
from clawdbot.workflows.result import RunResult, Status, make_result

Approver = Callable[[Mapping[str, Any]], Answer | bool | None]
"""Answers an approval request {tool, payload, payload_hash, args}; None when nobody is there to answer."""

_NODES_PER_STEP = 2


def nobody(request: Mapping[str, Any]) -> Answer | bool | None:
    """The approver of a run that nobody watches: the run waits."""
    return None


class RunEngine:
    """Starts and resumes runs, one at a time in the calling thread."""

    def __init__(self, planner: Planner, checkpoints: Path) -> None:
        self._planner = planner
        self._connection = _opened(checkpoints)
        self._graph = build_graph(planner, SqliteSaver(self._connection))

    def close(self) -> None:
        """Release the checkpoint file."""
        self._connection.close()

    def start(
        self,
        goal: str,
        *,
        user: str,
        ask: bool = False,
        listener: Listener = silent,
        approver: Approver = nobody,
    ) -> RunResult:
        """Run a goal to its end, or until a person must answer; ``ask`` is a question to the documents alone.

        Raises UsageError on an unusable goal before anything is recorded.  KeyboardInterrupt leaves a run that
        :meth:`resume` continues.
        """
        brief = compile_brief(goal, self._planner.config, tools=frozenset(self._planner.tools))
        run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
        self._planner.ledger.create_run(goal=goal, language=brief.language, user=user, run_id=run_id)
        listener(event("run", run_id, goal=goal, resumed=False))
        return self._drive(run_id, {"run_id": run_id, "goal": goal, "user": user, "ask": ask}, listener, approver)

    def resume(self, run_id: str, *, listener: Listener = silent, approver: Approver = nobody) -> RunResult:
        """Go on with a run that was cut off or waits for a person; UsageError when it has ended."""
        record = self._planner.ledger.get_run(run_id)
        if record.status == "done":
            raise UsageError(f"Run {record.id} has ended.", hint=f"See it with: clawdbot show {record.id}")
        listener(event("run", record.id, goal=record.goal, resumed=True))
        state = self._graph.get_state(self._settings(record.id, silent))
        if not state.values:
            begun = {"run_id": record.id, "goal": record.goal, "user": record.user}
            return self._drive(record.id, begun, listener, approver)
        if state.interrupts:
            return self._answered(record, state.interrupts[0].value, dict(state.values), listener, approver)
        return self._drive(record.id, None, listener, approver)

    def _answered(
        self,
        record: RunRecord,
        request: Mapping[str, Any],
        values: Mapping[str, Any],
        listener: Listener,
        approver: Approver,
    ) -> RunResult:
        """Resume with a decision that was recorded meanwhile, or ask now."""
        known = self._planner.ledger.approvals.answer(record.id, str(request["payload_hash"]))
        answer = known or self._decide(record.id, request, listener, approver)
        if answer is None:
            return self._result(values, "waiting", approval=request)
        return self._drive(record.id, _resume(request, answer), listener, approver)

    def _drive(self, run_id: str, start: Any, listener: Listener, approver: Approver) -> RunResult:
        self._planner.ledger.set_status(run_id, "running")
        with self._resumable(run_id):
            while True:
                state = self._graph.invoke(start, self._settings(run_id, listener), durability="sync")
                waiting = state.get("__interrupt__")
                if not waiting:
                    return self._end(state, listener)
                request = waiting[0].value
                answer = self._decide(run_id, request, listener, approver)
                if answer is None:
                    return self._result(state, "waiting", approval=request)
                start = _resume(request, answer)

    def _decide(self, run_id: str, request: Mapping[str, Any], listener: Listener, approver: Approver) -> Answer | None:
        """The answer that stands, the approver's or one that came in meanwhile; None: the run waits from now on."""
        approvals = self._planner.ledger.approvals
        payload_hash = str(request["payload_hash"])
        approvals.ask(
            run_id, payload_hash, payload=str(request["payload"]), tool=str(request["tool"]), args=request.get("args"),
            expire_s=self._planner.config.approvals.expire_s,
        )  # fmt: skip
        listener(event("approval", run_id, **request))
        given = approver(request)
        if given is None:
            waits = approvals.wait_for(run_id, [(run_id, payload_hash)])
            return None if waits else approvals.answer(run_id, payload_hash)
        if isinstance(given, bool):
            given = Answer(decision="approved" if given else "refused", by="terminal")
        standing, _ = approvals.settle(run_id, payload_hash, given)
        return standing.answer

    def _end(self, state: Mapping[str, Any], listener: Listener) -> RunResult:
        result = self._result(state, "done")
        self._planner.ledger.finish_run(result.run_id, verdict=result.verdict, result=result.as_json())
        listener(event("end", result.run_id, verdict=result.verdict, missing=list(result.missing)))
        return result

    def _result(self, state: Mapping[str, Any], status: Status, approval: Mapping[str, Any] | None = None) -> RunResult:
        workspace = self._planner.workspace(str(state["run_id"]))
        return make_result(state, status=status, workspace=workspace, approval=approval)

    @contextlib.contextmanager
    def _resumable(self, run_id: str) -> Iterator[None]:
        """Whatever ends the run from outside leaves it resumable, with the reason on record."""
        try:
            yield
        except BaseException as error:
            note = str(error) if isinstance(error, ClawdbotError) else type(error).__name__
            with contextlib.suppress(ClawdbotError):
                self._planner.ledger.set_status(run_id, "interrupted", error=note)
            if isinstance(error, sqlite3.Error | OSError):
                raise _unwritable(error, self._planner.runs.parent) from error
            raise

    def _settings(self, run_id: str, listener: Listener) -> RunnableConfig:
        limit = _NODES_PER_STEP * self._planner.config.planner.max_steps + 20
        return {"configurable": {"thread_id": run_id, "listener": listener}, "recursion_limit": limit}


def _resume(request: Mapping[str, Any], answer: Answer) -> Command[Any]:
    return Command(resume=answered(str(request["payload_hash"]), answer))


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except (sqlite3.Error, OSError) as error:
        raise _unwritable(error, path.parent) from error
    return connection


def _unwritable(error: Exception, home: Path) -> StoreError:
    return StoreError(
        f"The run cannot be kept in {str(home)!r}: {error}.",
        hint="Make room on the disk, or check the rights of [app] home; what was done so far is kept.",
    )
