"""The whole way: a worker does the scheduler's duty and works on what it starts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from clawdbot.store.schedules import Firing
from clawdbot.workflows.catalogue import Workflows
from clawdbot.workflows.definition_file import parse
from tests.office import Office
from tests.workflows.flow.conftest import MakeFlow, calls, flow, mail, office

__all__ = ["flow", "mail", "office"]

IMPORT = """
name = "import"
[inputs.file]
type = "string"
[[trigger]]
name = "inbox"
folder = {{ path = "{inbox}", settle_s = 0.0 }}
[[step]]
id = "read"
tool = "note"
args = {{ text = "read {{{{ inputs.file }}}}" }}
"""
REPORT = """
name = "report"
[inputs.before]
type = "string"
[[trigger]]
name = "after"
after = { workflow = "import", input = "before" }
[[step]]
id = "tell"
tool = "note"
args = { text = "report after {{ inputs.before }}" }
"""


def until(found: Callable[[], Firing | None]) -> Firing:
    """Wait for it; a worker that does not come to it fails the test."""
    pause = threading.Event()
    for _ in range(600):
        if (firing := found()) is not None:
            return firing
        pause.wait(0.1)
    pytest.fail("it never came")


def ended(at: Office, schedule: str) -> Firing | None:
    rows = at.app.scheduler.store.history(schedule)
    return rows[0] if rows and rows[0].ended_at else None


def test_a_file_starts_a_workflow_and_its_end_another_one(flow: MakeFlow, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    at = flow(worker={"poll_s": 0.05})
    workflows = Workflows(at.app.config, at.app.registry, at.app.ledger)
    for text in (IMPORT.format(inbox=inbox), REPORT):
        workflows.enable(parse(text, "test.toml"), by="amy")
    at.app.scheduler.follow()
    worker = at.app.worker(slots=2)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        (inbox / "orders.csv").write_text("1,2")
        last = until(lambda: ended(at, "report/after"))
    finally:
        worker.drain()
        thread.join()
    (first,) = at.app.scheduler.store.history("import/inbox")
    assert (first.outcome, first.cause) == ("started", str(inbox / "orders.csv"))
    assert (last.outcome, last.cause) == ("started", first.run_id)
    assert calls(at) == [f"read {inbox / 'orders.csv'}", f"report after {first.run_id}"]
    records = [at.app.ledger.get_run(str(row.run_id)) for row in (first, last)]
    assert [(run.verdict, run.user) for run in records] == [("verified", "amy")] * 2
