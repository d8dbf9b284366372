"""A run from the ledger as the object that ``run --json`` prints, whatever state the run is in."""

from __future__ import annotations

from typing import Any

from clawdbot.config import Config
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.tools.workspace import Workspace
from clawdbot.workflows.result import so_far


def run_object(config: Config, ledger: RunLedger, record: RunRecord) -> dict[str, Any]:
    """The kept result of a run that has ended; else what its steps and its folder tell so far."""
    if record.result is not None:
        return record.result
    workspace = Workspace(config.app.home / "runs" / record.id)
    return so_far(record, ledger, workspace, status=record.status).as_json()
