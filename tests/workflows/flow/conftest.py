"""Workflows in the small office: real SQLite data, a real mail server, a scripted model, and tools in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from clawdbot.models.fake import Scripted
from clawdbot.workflows.approver import Approver, nobody
from clawdbot.workflows.definition_checks import require
from clawdbot.workflows.definition_file import parse
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.starting import new_run
from tests.agents.conftest import MakeOffice, mail, office
from tests.office import Office
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "mail", "office", "postgres"]

TOOLS = '''
"""Tools that write down when they were called, fail as often as they are told to, or wait for each other."""
import time
from pathlib import Path
from clawdbot.errors import RetryableToolError
from clawdbot.tools import ToolContext, tool

def _line(context, text):
    with (context.config.app.home / "calls.txt").open("a") as file:
        file.write(text + "\\n")

def _count(context, text):
    path = context.config.app.home / "calls.txt"
    return path.read_text().splitlines().count(text) if path.exists() else 0

@tool(effect="read")
def note(context: ToolContext, text: str, fails: int = 0) -> str:
    """Write a line.

    text: the line
    fails: how often it fails before
    """
    _line(context, text)
    if _count(context, text) <= fails:
        raise RetryableToolError(f"{text} failed.")
    return text

@tool(effect="read")
def meet(context: ToolContext, text: str, other: str) -> str:
    """Wait until the other one is there too.

    text: who
    other: whom it waits for
    """
    _line(context, text)
    while not _count(context, other):
        if context.remaining_s() <= 0:
            raise RetryableToolError(f"{other} never came.")
        time.sleep(0.005)
    return text

@tool(effect="external")
def act(context: ToolContext, text: str) -> str:
    """Change the world.

    text: how
    """
    _line(context, text)
    return text
'''

MakeFlow = Callable[..., Office]


@pytest.fixture
def flow(office: MakeOffice, tmp_path: Path) -> MakeFlow:
    """``flow(script, **sections)``: an office whose workflows may use the tools above; ``act`` needs no approval."""

    def make(script: Sequence[Scripted] = (), **sections: dict[str, Any]) -> Office:
        folder = tmp_path / "own_tools"
        folder.mkdir(exist_ok=True)
        (folder / "calls.py").write_text(TOOLS)
        tools = {"enable": ("sql", "mail", "note", "meet", "act"), "paths": (str(folder),), "trusted": ("act",)}
        return office(script, **{"tools": tools, **sections})

    return make


def calls(at: Office) -> list[str]:
    """What the tools wrote down, in order."""
    path = at.app.config.app.home / "calls.txt"
    return path.read_text().splitlines() if path.exists() else []


def accepted(at: Office, text: str, **inputs: Any) -> str:
    """Put a workflow into the queue; its file is checked as it is when a person enables it."""
    definition = parse(text, "test.toml")
    config = at.app.config
    require(definition, at.app.registry, contacts=config.mail.contacts)
    return at.app.ledger.queue.accept(new_run(definition, inputs, config=config, user="tester"))


def run(at: Office, text: str, *, approver: Approver = nobody, **inputs: Any) -> RunResult:
    """Run a workflow in this process."""
    return at.app.engine.resume(accepted(at, text, **inputs), approver=approver)


def states(at: Office, run_id: str) -> dict[str, str]:
    """Where each step stands."""
    return {position: row.state for position, row in at.app.ledger.workflow_steps.of_run(run_id).items()}
