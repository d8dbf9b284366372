"""Runs of the planner: a goal or a question through its graph, from checkpoint to checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from clawdbot.agents.asking import answered
from clawdbot.agents.events import Listener, event, silent
from clawdbot.agents.graph import build_graph
from clawdbot.agents.planner import Planner
from clawdbot.failpoints import reach
from clawdbot.store.answers import Answer
from clawdbot.store.queue import Claimed
from clawdbot.workflows.approver import Approver
from clawdbot.workflows.checkpoints import LedgerCheckpoints
from clawdbot.workflows.older_checkpoints import bring_in
from clawdbot.workflows.result import RunResult, Status, make_result
from clawdbot.workflows.stop import Stop

_NODES_PER_STEP = 2


@dataclass(frozen=True, kw_only=True)
class Attendance:
    """Who attends a run while it goes on; ``before_wait`` is called before it waits for a person."""

    listener: Listener
    approver: Approver
    stop: Stop
    before_wait: Callable[[], None]


class GoalRuns:
    """Drives the runs of the kinds ``goal`` and ``ask``; thread-safe, a run at a time in the calling thread."""

    def __init__(self, planner: Planner, checkpoints: LedgerCheckpoints) -> None:
        self._planner = planner
        self._checkpoints = checkpoints
        self._graph = build_graph(planner, checkpoints)

    def state(self, run_id: str) -> StateSnapshot:
        """Where the run stands; without values when it was never begun."""
        return self._graph.get_state(_settings(run_id))

    def run(self, claimed: Claimed, by: Attendance) -> RunResult:
        """From the last checkpoint to the end, or until a person must answer, when the run waits in the ledger too.

        Stops between nodes with what ``by.stop`` raises.
        """
        state = self.state(claimed.lease.run_id)
        older = self._planner.runs.parent / "checkpoints.db"
        if not state.values and bring_in(older, claimed.lease.run_id, self._checkpoints):
            state = self.state(claimed.lease.run_id)
        if not state.values:
            return self._driven(claimed, _beginning(claimed), by)
        self._forget_cut_off(state)
        if state.interrupts:
            request = state.interrupts[0].value
            known = self._planner.ledger.approvals.answer(claimed.lease.run_id, str(request["payload_hash"]))
            answer = known or self._decided(claimed, request, by)
            if answer is None:
                return self._result(state.values, "waiting", approval=request)
            return self._driven(claimed, _resume(request, answer), by)
        if not state.tasks:  # it ended, but that was not written down
            return self._result(state.values, "done")
        return self._driven(claimed, None, by)

    def _forget_cut_off(self, state: StateSnapshot) -> None:
        """What a step made that was cut off before it was recorded: the step is done again."""
        if state.created_at is None:
            return
        run_id = str(state.values["run_id"])
        receipts = [step["receipt"] for step in self._planner.ledger.steps(run_id) if step["receipt"]]
        self._planner.workspace(run_id).forget_unrecorded(
            tables={str(receipt["table"]) for receipt in receipts if receipt.get("table")},
            artifacts={str(made["name"]) for receipt in receipts for made in receipt.get("artifacts", ())},
            since=datetime.fromisoformat(state.created_at),
        )

    def _driven(self, claimed: Claimed, start: Any, by: Attendance) -> RunResult:
        while True:
            values, request = self._advance(claimed, start, by)
            if request is None:
                return self._result(values, "done")
            answer = self._decided(claimed, request, by)
            if answer is None:
                return self._result(values, "waiting", approval=request)
            start = _resume(request, answer)

    def _advance(
        self, claimed: Claimed, start: Any, by: Attendance
    ) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        """Node after node, to the end or to a question: the state, and the question."""
        values: Mapping[str, Any] = {}
        request: Mapping[str, Any] | None = None
        limit = _NODES_PER_STEP * self._planner.config.planner.max_steps + 20
        settings = _settings(claimed.lease.run_id, listener=by.listener, limit=limit)
        steps = self._graph.stream(start, settings, stream_mode=["updates", "values"], durability="sync")
        with closing(steps):  # type: ignore[type-var]  # a generator, which langgraph declares as an iterator
            for part in steps:
                mode, chunk = cast(tuple[str, Mapping[str, Any]], part)
                if mode == "values":
                    values = chunk
                    by.stop.check()
                elif waiting := chunk.get("__interrupt__"):
                    request = waiting[0].value
        return values, request

    def _decided(self, claimed: Claimed, request: Mapping[str, Any], by: Attendance) -> Answer | None:
        """The answer that stands, the approver's or one that came in meanwhile; None: the run waits from now on."""
        approvals, run_id = self._planner.ledger.approvals, claimed.lease.run_id
        payload_hash = str(request["payload_hash"])
        approvals.ask(
            run_id, payload_hash, payload=str(request["payload"]), tool=str(request["tool"]), args=request.get("args"),
            expire_s=self._planner.config.approvals.expire_s,
        )  # fmt: skip
        by.listener(event("approval", run_id, **request))
        given = by.approver(request)
        if given is None:
            by.stop.check()
            by.before_wait()
            reach("run.before_wait")
            waits = approvals.wait_for(run_id, [(run_id, payload_hash)])
            reach("run.after_wait")
            return None if waits else approvals.answer(run_id, payload_hash)
        if isinstance(given, bool):
            given = Answer(decision="approved" if given else "refused", by="terminal")
        standing, _ = approvals.settle(run_id, payload_hash, given)
        return standing.answer

    def _result(
        self, values: Mapping[str, Any], status: Status, approval: Mapping[str, Any] | None = None
    ) -> RunResult:
        workspace = self._planner.workspace(str(values["run_id"]))
        return make_result(values, status=status, workspace=workspace, approval=approval)


def _beginning(claimed: Claimed) -> dict[str, Any]:
    return {
        "run_id": claimed.lease.run_id, "goal": claimed.goal, "user": claimed.user, "ask": claimed.kind == "ask",
        "model": str(claimed.spec.get("model", "")), "label": str(claimed.spec.get("label", "")),
        "budget_usd": str(claimed.spec.get("budget_usd", "")), "fence": dict(claimed.spec.get("fence", {})),
    }  # fmt: skip


def _resume(request: Mapping[str, Any], answer: Answer) -> Command[Any]:
    return Command(resume=answered(str(request["payload_hash"]), answer))


def _settings(run_id: str, *, listener: Listener = silent, limit: int = 1) -> RunnableConfig:
    return {"configurable": {"thread_id": run_id, "listener": listener}, "recursion_limit": limit}
