"""What a run gave, as the one object that ``run --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal

from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.tools.workspace import Workspace

Status = Literal["queued", "running", "waiting", "interrupted", "done", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run's outcome; the fields are a contract (see docs/json.md)."""

    run_id: str
    goal: str
    status: Status
    verdict: str | None
    answer: str
    missing: tuple[str, ...]
    artifacts: tuple[Mapping[str, Any], ...]
    receipts: tuple[Mapping[str, Any], ...]
    citations: tuple[Mapping[str, Any], ...]
    steps: tuple[Mapping[str, Any], ...]
    usage: Mapping[str, Any]
    stop_kind: str = ""
    """Which guard ended the run: '', 'steps', 'deadline', 'budget', 'model' or 'refused'."""
    approval: Mapping[str, Any] | None = None
    """What a person must approve, while the status is 'waiting'."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """What a workflow gives, by the names in its file."""

    def as_json(self) -> dict[str, Any]:
        """JSON values in the order of the fields."""
        return asdict(self)


def make_result(
    state: Mapping[str, Any], *, status: Status, workspace: Workspace, approval: Mapping[str, Any] | None = None
) -> RunResult:
    """The result of a run from its graph state and its folder."""
    steps: Sequence[Mapping[str, Any]] = state.get("steps", ())
    done = [s for s in steps if s["outcome"] == "ok" and s["receipt"]]
    return RunResult(
        run_id=state["run_id"],
        goal=state["goal"],
        status=status,
        verdict=state.get("verdict"),
        answer=state.get("answer", ""),
        missing=tuple(state.get("missing", ())),
        artifacts=tuple(asdict(a) for a in workspace.artifacts()),
        receipts=tuple(s["receipt"] for s in done),
        citations=tuple(state.get("citations", ())),
        steps=tuple(steps),
        usage=_usage(steps, state.get("elapsed_s", 0.0)),
        stop_kind=state.get("stop_kind", ""),
        approval=approval,
    )


def so_far(
    record: RunRecord, ledger: RunLedger, workspace: Workspace, *, status: Status, verdict: str | None = None
) -> RunResult:
    """What a run has given so far, from its recorded steps and its folder."""
    steps = ledger.steps(record.id)
    asked = ledger.approvals.waiting(record.id) if status in ("waiting", "interrupted") else ()
    question = asked[0].request if asked else None
    state = {
        "run_id": record.id, "goal": record.goal, "steps": steps, "verdict": verdict,
        "missing": [record.error] if verdict and record.error else [],
        "elapsed_s": sum(step["ms"] for step in steps) / 1000,
    }  # fmt: skip
    return make_result(state, status=status, workspace=workspace, approval=question)


def _usage(steps: Sequence[Mapping[str, Any]], elapsed_s: float) -> dict[str, Any]:
    return {
        "steps": len(steps),
        "prompt_tokens": sum(s["prompt_tokens"] for s in steps),
        "completion_tokens": sum(s["completion_tokens"] for s in steps),
        "cost_usd": str(sum((Decimal(s["cost_usd"]) for s in steps), Decimal(0))),
        "seconds": round(elapsed_s, 3),
    }
