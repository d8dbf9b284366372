"""A run from the ledger as the object that ``run --json`` prints, whatever state the run is in."""

from __future__ import annotations

from typing import Any

from clawdbot.config import Config
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.result import Status, make_result


def run_object(config: Config, ledger: RunLedger, record: RunRecord) -> dict[str, Any]:
    """The kept result of a run that has ended; else what its steps and its folder tell so far."""
    if record.result is not None:
        return record.result
    folder = config.app.home / "runs" / record.id
    asked = ledger.approvals.waiting(record.id)
    question = asked[0].request if asked else None
    steps = ledger.steps(record.id)
    state = {
        "run_id": record.id, "goal": record.goal, "steps": steps,
        "elapsed_s": sum(step["ms"] for step in steps) / 1000,
    }  # fmt: skip
    status: Status = "waiting" if record.status == "waiting" else "interrupted"
    return make_result(state, status=status, workspace=Workspace(folder), approval=question).as_json()
