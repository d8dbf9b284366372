"""A run with its steps and attempts, as ``clawdbot why`` and ``clawdbot replay`` read it from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clawdbot.models.routing.attempt import Attempt
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.workflows.account import StepAccount, account


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A run; ``records`` are the ledger's steps by number, ``steps`` what models did for them."""

    run: RunRecord
    records: Mapping[int, Mapping[str, Any]]
    steps: tuple[StepAccount, ...]


def read_run(ledger: RunLedger, run: str) -> RecordedRun:
    """A run by its id or the beginning of it; UsageError when there is none or more than one."""
    record = ledger.get_run(run)
    records = ledger.steps(record.id)
    rows = ledger.attempts.of_run(record.id)
    steps = account(records, (Attempt.from_json(row.record) for row in rows))
    return RecordedRun(run=record, records={int(step["n"]): step for step in records}, steps=steps)
