"""Time travel: the checkpoints of a run, and new runs that begin at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from clawdbot.agents.planner import Planner
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunRecord
from clawdbot.store.queue import NewRun, new_run_id
from clawdbot.workflows.checkpoints import LedgerCheckpoints
from clawdbot.workflows.goals import GoalRuns


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A state of a run that was kept.  ``step`` is the step that comes next, from 1; ``next`` what is done of it:
    ``brief``, ``reason``, ``act``, ``verify``, or empty at the end."""

    id: str
    step: int
    next: str
    at: str
    asks: bool
    """It waits there for a person."""


class TimeTravel:
    """Reads and forks the runs of the planner."""

    def __init__(self, planner: Planner, goals: GoalRuns, checkpoints: LedgerCheckpoints) -> None:
        self._planner = planner
        self._goals = goals
        self._checkpoints = checkpoints

    def checkpoints(self, run_id: str) -> tuple[Checkpoint, ...]:
        """All states of a run that were kept, oldest first; none for a workflow's.  UsageError for an unknown run."""
        record = self._planner.ledger.get_run(run_id)
        return tuple(_checkpoint(state) for state in self._states(record))

    def fork(self, run_id: str, *, step: int = 0, checkpoint: str = "", user: str) -> str:
        """A new run of ``user`` that is at the beginning of that step, or at that checkpoint; returns its id.

        It has the files that were made until then.  What comes after is its own: effects happen again, and people are
        asked again.  It is ``interrupted`` until it is resumed.  UsageError for an unknown run or place.
        """
        record = self._planner.ledger.get_run(run_id)
        state = self._chosen(record, step, checkpoint)
        place: RunnableConfig = {"configurable": dict(state.config["configurable"])}
        found = self._checkpoints.get_tuple(place)
        assert found is not None, "it was listed"
        new_id, values = new_run_id(), found.checkpoint["channel_values"]
        for one in (values, values.get("__start__")):
            if one is not None:
                one.update(run_id=new_id, user=user, model="")
        steps = values.get("steps", [])
        self._copy_files(record.id, new_id, [one["receipt"] for one in steps if one["receipt"]])
        begun_at = {"run": record.id, "step": len(steps) + 1}
        run = NewRun(
            id=new_id, goal=record.goal, language=record.language, user=user, kind=record.kind,
            spec={"forked": begun_at},
        )  # fmt: skip
        ledger = self._planner.ledger
        with ledger.database.together():
            with ledger.database.write() as connection:
                ledger.queue.accept_in(connection, run, status="interrupted")
            for one in steps:
                ledger.add_step(new_id, one["n"], one)
            into: RunnableConfig = {"configurable": {"thread_id": new_id, "checkpoint_ns": ""}}
            self._checkpoints.put(into, found.checkpoint, {**found.metadata, "source": "fork"}, {})
        return new_id

    def _states(self, record: RunRecord) -> tuple[StateSnapshot, ...]:
        return tuple(reversed(self._goals.history(record.id)))

    def _chosen(self, record: RunRecord, step: int, checkpoint: str) -> StateSnapshot:
        states = self._states(record)
        if not states:
            raise UsageError(
                f"Run {record.id} has no checkpoints to begin at.",
                hint="Run its goal again, or for a workflow: clawdbot workflow run NAME.",
            )
        if checkpoint:
            chosen = [state for state in states if _id(state) == checkpoint]
        else:
            chosen = [state for state in states if _steps(state) == step - 1 and "reason" in _nodes(state)]
        if not chosen:
            last = max(_steps(state) for state in states if "reason" in _nodes(state) or state is states[0]) + 1
            raise UsageError(
                f"Run {record.id} has no such place.",
                hint=f"Give a step from 1 to {last}, or a checkpoint of: clawdbot show {record.id} --checkpoints",
            )
        return chosen[0]

    def _copy_files(self, run_id: str, new_id: str, receipts: Sequence[dict[str, object]]) -> None:
        tables = [str(receipt["table"]) for receipt in receipts if receipt.get("table")]
        made = [one for receipt in receipts for one in _artifacts(receipt)]
        source, target = self._planner.workspace(run_id), self._planner.workspace(new_id)
        target.take_over(source, tables=tables, artifacts=made)


def _artifacts(receipt: dict[str, object]) -> list[str]:
    found = receipt.get("artifacts")
    return [str(one["name"]) for one in found] if isinstance(found, list) else []


def _checkpoint(state: StateSnapshot) -> Checkpoint:
    nodes = _nodes(state)
    return Checkpoint(
        id=_id(state),
        step=_steps(state) + 1,
        next=nodes[0] if nodes else "",
        at=state.created_at or "",
        asks=bool(state.interrupts),
    )


def _nodes(state: StateSnapshot) -> tuple[str, ...]:
    """The nodes that come next; a snapshot's own ``next`` leaves out those whose writes are there already."""
    return tuple("brief" if task.name == "__start__" else task.name for task in state.tasks)


def _steps(state: StateSnapshot) -> int:
    return len(state.values.get("steps", ()))


def _id(state: StateSnapshot) -> str:
    return str(state.config["configurable"]["checkpoint_id"])
