"""Whole runs of the planner under a fault: right, or honestly partial, and never late.

The whole matrix is ``python -m benchmarks.faults``.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.faults.cell import Setup, run_cell
from benchmarks.faults.fault import Fault, Wire


@pytest.mark.parametrize(
    ("fault", "wire"),
    [
        ("refused", "ollama"),
        ("stall", "openai"),
        ("rate_limited", "openai"),
        ("bad_json", "ollama"),
        ("silent_truncation", "ollama"),
        ("silent_truncation", "openai"),
    ],
)
def test_a_standby_takes_over(fault: Fault, wire: Wire) -> None:
    cell = run_cell(fault, wire, "standby", runs=2)
    assert [run.outcome for run in cell.runs] == ["right", "right"]
    assert cell.runs[0].models[-1] == "steady"
    assert cell.honest


@pytest.mark.parametrize(
    ("fault", "wire", "setup"),
    [
        ("unavailable", "ollama", "always"),
        ("silent_truncation", "ollama", "always"),
        ("schema_violated", "openai", "always"),
        ("clock_jump", "openai", "sometimes"),
    ],
)
def test_a_run_without_a_standby_ends_honestly(fault: Fault, wire: Wire, setup: Setup) -> None:
    cell = run_cell(fault, wire, setup, runs=2)
    assert cell.honest
    if setup == "always":
        assert [(run.outcome, run.stopped) for run in cell.runs] == [("partial", "model")] * 2


def test_only_the_caller_repeats_calls_of_models(root: Path) -> None:
    def repeats(path: Path) -> bool:
        found = ast.walk(ast.parse(path.read_text("utf-8")))
        names = {a.name for n in found if isinstance(n, ast.Import) for a in n.names}
        return bool(names & {"stamina", "tenacity", "backoff"})

    folders = (root / "src" / "clawdbot" / "models", root / "agents", root / "workflows")
    owners = [str(p.relative_to(root)) for folder in folders for p in folder.rglob("*.py") if repeats(p)]
    assert owners == ["src/clawdbot/models/calls/caller.py"]
