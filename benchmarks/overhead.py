"""What the framework costs beside the model: time of a step, memory, imports, start-up; beside LangGraph's agent."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from benchmarks.startup import help_ms, import_ms, run_ms
from clawdbot.errors import UsageError

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("clawdbot", "langgraph", "langgraph-prebuilt", "langgraph-checkpoint-sqlite", "langchain-core")
SYSTEMS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "Clawdbot": ("benchmarks.steps_clawdbot", (), "clawdbot.app"),
    "Clawdbot with a database": ("benchmarks.steps_clawdbot", ("--database",), "clawdbot.app"),
    "LangGraph create_react_agent": (
        "benchmarks.steps_langgraph",
        (),
        "langgraph.prebuilt, langgraph.checkpoint.sqlite",
    ),
}
"""Name in the table: module that measures, its arguments, what a user imports."""

GOALS = {"step p50, ms": 7.0, "clawdbot --help, ms": 300.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write JSON when asked; 2 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="runs of ten tool calls for each system")
    parser.add_argument("--times", type=int, default=10, help="starts of each process")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    chosen = parser.parse_args(arguments)
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n")
    try:
        steps = {name: measure(name, runs=chosen.runs, times=chosen.times) for name in SYSTEMS}
        print(step_table(steps) + "\n", flush=True)
        starts = {"clawdbot --help": help_ms(times=chosen.times), "clawdbot run": run_ms(times=chosen.times)}
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    print(start_table(starts))
    print("\ngoals: " + ", ".join(f"{name} at most {most:g}" for name, most in GOALS.items()))
    if chosen.json is not None:
        body = {"machine": facts, "goals": GOALS, "steps": steps, "starts_ms": starts}
        chosen.json.write_text(json.dumps(body, indent=1), "utf-8")
    return 0


def measure(name: str, *, runs: int, times: int) -> dict[str, Any]:
    """Times and memory of one system, measured in processes of its own."""
    module, options, imports = SYSTEMS[name]
    command = [sys.executable, "-m", module, "--runs", str(runs), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT)
    if done.returncode:
        raise UsageError(f"{name} could not be measured: {(done.stderr or done.stdout).strip()[-600:]}")
    return {**json.loads(done.stdout), "import_ms": import_ms(imports, times=min(times, 5))}


def step_table(found: dict[str, dict[str, Any]]) -> str:
    """One row for each system; a run is ten tool calls and an answer."""
    head = ("ten tool calls, durable", "step p50, ms", "step p95, ms", "run p50, ms", "import, ms", "peak memory, MiB")
    rows = [
        (
            name,
            f"{percentile(f['steps_ms'], 0.5):.1f}",
            f"{percentile(f['steps_ms'], 0.95):.1f}",
            f"{percentile(f['runs_ms'], 0.5):.0f}",
            f"{percentile(f['import_ms'], 0.5):.0f}",
            f"{f['peak_mib']:.0f}",
        )
        for name, f in found.items()
    ]
    return table(head, rows)


def start_table(found: dict[str, list[float]]) -> str:
    """One row for each command."""
    rows = [(name, f"{percentile(v, 0.5):.0f}", f"{percentile(v, 0.95):.0f}") for name, v in found.items()]
    return table(("whole process", "p50, ms", "p95, ms"), rows)
