"""Time travel: the checkpoints of a run, and new runs that begin at one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.store.queue import NewRun, new_run_id
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.checkpoints import LedgerCheckpoints

_BEGINNING = "brief"
_DECIDING = "reason"
_TO = "branch:to:"
"""How langgraph names the channel that starts a node."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A state of a run that was kept.  ``step`` is the step that comes next, from 1; ``next`` what is done of it:
    ``brief``, ``reason``, ``act``, ``verify``, or empty at the end."""

    id: str
    step: int
    next: str
    at: str
    asked: bool
    """A person was asked there."""


class TimeTravel:
    """Lists and forks the runs of the planner; ``runs`` is the folder of the runs' folders."""

    def __init__(self, ledger: RunLedger, runs: Path) -> None:
        self._ledger = ledger
        self._runs = runs
        self._kept = LedgerCheckpoints(ledger.database, ledger.leases)

    def checkpoints(self, run_id: str) -> tuple[Checkpoint, ...]:
        """All states of a run that were kept, oldest first; none for a workflow's.  UsageError for an unknown run."""
        return tuple(_checkpoint(kept) for kept in self._all(self._ledger.get_run(run_id)))

    def fork(self, run_id: str, *, step: int = 0, checkpoint: str = "", user: str) -> str:
        """A new run of ``user`` that is at the beginning of that step, or at that checkpoint; returns its id.

        It has the files that were made until then.  What comes after is its own: effects happen again, and people are
        asked again.  It is ``interrupted`` until it is resumed.  UsageError for an unknown run or place.
        """
        record = self._ledger.get_run(run_id)
        kept = self._chosen(record, step, checkpoint)
        new_id, values = new_run_id(), kept.checkpoint["channel_values"]
        for one in (values, values.get("__start__")):
            if one is not None:
                one.update(run_id=new_id, user=user, model="")
        steps = _steps(kept)
        self._copy_files(record.id, new_id, [one["receipt"] for one in steps if one["receipt"]])
        spec = {"forked": {"run": record.id, "step": len(steps) + 1}}
        run = NewRun(
            id=new_id, goal=record.goal, language=record.language, user=user, kind=record.kind, spec=spec
        )  # fmt: skip
        with self._ledger.database.together():
            with self._ledger.database.write() as connection:
                self._ledger.queue.accept_in(connection, run, status="interrupted")
            for one in steps:
                self._ledger.add_step(new_id, one["n"], one)
            into: RunnableConfig = {"configurable": {"thread_id": new_id, "checkpoint_ns": ""}}
            self._kept.put(into, kept.checkpoint, {**kept.metadata, "source": "fork"}, {})
        return new_id

    def _all(self, record: RunRecord) -> Sequence[CheckpointTuple]:
        return list(self._kept.list({"configurable": {"thread_id": record.id, "checkpoint_ns": ""}}))[::-1]

    def _chosen(self, record: RunRecord, step: int, checkpoint: str) -> CheckpointTuple:
        found = self._all(record)
        if not found:
            raise UsageError(
                f"Run {record.id} has no checkpoints to begin at.",
                hint="Run its goal again, or for a workflow: clawdbot workflow run NAME.",
            )
        if checkpoint:
            chosen = [kept for kept in found if kept.checkpoint["id"] == checkpoint]
        else:
            chosen = [kept for kept in found if len(_steps(kept)) == step - 1 and _next(kept) == _DECIDING]
        if not chosen:
            last = max((len(_steps(kept)) + 1 for kept in found if _next(kept) == _DECIDING), default=1)
            raise UsageError(
                f"Run {record.id} has no such place.",
                hint=f"Give a step from 1 to {last}, or a checkpoint of: clawdbot show {record.id} --checkpoints",
            )
        return chosen[0]

    def _copy_files(self, run_id: str, new_id: str, receipts: Sequence[Mapping[str, Any]]) -> None:
        tables = [str(receipt["table"]) for receipt in receipts if receipt.get("table")]
        made = [str(one["name"]) for receipt in receipts for one in receipt.get("artifacts", ())]
        Workspace(self._runs / new_id).take_over(Workspace(self._runs / run_id), tables=tables, artifacts=made)


def _checkpoint(kept: CheckpointTuple) -> Checkpoint:
    return Checkpoint(
        id=kept.checkpoint["id"],
        step=len(_steps(kept)) + 1,
        next=_next(kept),
        at=kept.checkpoint["ts"],
        asked=any(channel == "__interrupt__" for _, channel, _ in kept.pending_writes or ()),
    )


def _steps(kept: CheckpointTuple) -> Sequence[Mapping[str, Any]]:
    steps: Sequence[Mapping[str, Any]] = kept.checkpoint["channel_values"].get("steps", ())
    return steps


def _next(kept: CheckpointTuple) -> str:
    """The node that comes next, of which the planner's graph has one at a time."""
    values = kept.checkpoint["channel_values"]
    if "__start__" in values:
        return _BEGINNING
    return next((channel.removeprefix(_TO) for channel in values if channel.startswith(_TO)), "")
