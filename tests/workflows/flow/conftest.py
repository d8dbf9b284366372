"""Workflows in the small office: real SQLite data, real charts, a real mail server, a scripted model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clawdbot.workflows.approver import Approver, nobody
from clawdbot.workflows.definition_checks import require
from clawdbot.workflows.definition_file import parse
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.starting import new_run
from tests.agents.conftest import MakeOffice, mail, office
from tests.office import Office
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "mail", "office", "postgres"]

Run = Callable[..., RunResult]


def accepted(at: Office, text: str, **inputs: Any) -> str:
    """Put a workflow into the queue; its file is checked as it is when a person enables it."""
    definition = parse(text, "test.toml")
    config = at.app.config
    require(definition, at.app.registry, contacts=config.mail.contacts)
    return at.app.ledger.queue.accept(new_run(definition, inputs, config=config, user="tester"))


def run(at: Office, text: str, *, approver: Approver = nobody, **inputs: Any) -> RunResult:
    """Run a workflow in this process."""
    run_id = accepted(at, text, **inputs)
    return at.app.engine.resume(run_id, approver=approver)


