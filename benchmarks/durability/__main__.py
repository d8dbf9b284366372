"""``python -m benchmarks.durability``: time of a step beside plain LangGraph and DBOS, an idle worker, a long queue."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.durability import idle
from benchmarks.durability.aside import PACKAGES, install
from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from benchmarks.marks import NAMES
from benchmarks.stores import STORES, Store, opened
from clawdbot.errors import ClawdbotError, UsageError

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = (
    "clawdbot", "langgraph", "langgraph-checkpoint-sqlite", "langgraph-checkpoint-postgres", "dbos", "sqlalchemy",
    "psycopg",
)  # fmt: skip
_TOOL_CALLS = len(NAMES)
MOST_IDLE = 0.02
"""Share of a core that an idle worker may take."""

SYSTEMS: Mapping[str, str] = {
    "ours": "Clawdbot, whole runs",
    "plain": "plain LangGraph, its states alone",
    "wrapped": "the same in a DBOS workflow",
}
"""Modules of this package that measure, and their names in the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when an idle worker takes less than it may, 1 when not, 2 when something could not be measured."""
    chosen = _arguments(arguments)
    try:
        if set(chosen.systems) - {"ours"}:
            sys.path.append(str(install()))
        facts = describe(_PACKAGES)
        print(as_lines(facts) + "\n", flush=True)
        with tempfile.TemporaryDirectory(prefix="durability-") as name:
            steps = _steps(chosen, Path(name))
            print(_steps_table(steps) + "\n", flush=True)
            queues = {store: _backlog(store, Path(name), chosen.queued) for store in chosen.stores if chosen.queued}
            if queues:
                print(_queue_table(queues) + "\n", flush=True)
            idles = {store: _idle(store, Path(name), chosen.idle_s) for store in chosen.stores if chosen.idle_s}
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    for store, found in idles.items():
        print(
            f"an idle worker on {store}: {found.cpu_share:.2%} of a core over {found.seconds:.0f} s,"
            f" {found.memory_mib:.0f} MiB"
        )
    if chosen.json is not None:
        body = {"machine": facts, "steps": steps, "queues": queues, "idle": {s: f.cpu_share for s, f in idles.items()}}
        chosen.json.write_text(json.dumps(body, indent=1), "utf-8")
    return 0 if all(found.cpu_share < MOST_IDLE for found in idles.values()) else 1


def _steps(chosen: argparse.Namespace, folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """By store and system.  Systems take turns, ``repeats`` times, so that none has the quiet minutes for itself."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for store in chosen.stores:
        states = folder / f"{store}-states.json"
        for turn in range(chosen.repeats):
            for system in chosen.systems:
                own = folder / f"{store}-{turn}-{system}"
                own.mkdir()
                more = ["--states", str(states)] if system == "ours" else [str(states)]
                with opened(store, own) as url:
                    measured = _measured(system, url, *more, "--runs", str(chosen.runs))
                _merge(found.setdefault(store, {}).setdefault(SYSTEMS[system], {}), measured)
    return found


def _measured(module: str, url: str, *more: str) -> dict[str, Any]:
    """One process; its JSON."""
    path = os.pathsep.join((str(PACKAGES), os.environ.get("PYTHONPATH", "")))
    module = f"benchmarks.durability.{module}"
    done = subprocess.run(
        [sys.executable, "-m", module, url, *more], capture_output=True, text=True, check=False, cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": path, "LANGSMITH_TRACING": "false"},
    )  # fmt: skip
    if done.returncode:
        raise UsageError(f"{module} could not be measured: {(done.stderr or done.stdout).strip()[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _merge(into: dict[str, Any], measured: Mapping[str, Any]) -> None:
    """All runs together; of the queue's rates each one."""
    for name, value in measured.items():
        into[name] = [*into.get(name, []), *(value if isinstance(value, list) else [value])]


def _backlog(store: Store, folder: Path, runs: int) -> dict[str, Any]:
    own = folder / f"{store}-backlog"
    own.mkdir()
    with opened(store, own) as url:
        return _measured("backlog", url, "--runs", str(runs))


def _idle(store: Store, folder: Path, seconds: float) -> idle.Idle:
    own = folder / f"{store}-idle"
    own.mkdir()
    with opened(store, own) as url:
        return idle.measure(own / "office", url, seconds=seconds)


def _steps_table(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    head = ("store", "ten tool calls", "run p50, ms", "p95, ms", "each call, ms", "runs/s, one", "runs/s, queued")
    rows = []
    for store, systems in found.items():
        for name, measured in systems.items():
            half = percentile(measured["runs_ms"], 0.5)
            queued = measured.get("queued_per_s")
            rows.append(
                (
                    store,
                    name,
                    f"{half:.0f}",
                    f"{percentile(measured['runs_ms'], 0.95):.0f}",
                    f"{half / _TOOL_CALLS:.1f}",
                    f"{1000 / half:.1f}",
                    f"{percentile(queued, 0.5):.1f}" if queued else "",
                )
            )
    return table(head, rows)


def _queue_table(found: Mapping[str, Mapping[str, Any]]) -> str:
    head = ("store", "accepted", "p50, ms", "p99, ms", "claim p50, ms", "memory for each", "database for each")
    rows = [
        (
            store,
            f"{measured['runs']:,}",
            f"{percentile(measured['accept_ms'], 0.5):.2f}",
            f"{percentile(measured['accept_ms'], 0.99):.2f}",
            f"{percentile(measured['claim_ms'], 0.5):.2f}",
            f"{measured['memory_bytes_per_run']:.0f} bytes",
            f"{measured['database_bytes_per_run']:.0f} bytes",
        )
        for store, measured in found.items()
    ]
    return table(head, rows)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durability", description=__doc__)
    parser.add_argument("--stores", nargs="*", choices=STORES, default=STORES, metavar="STORE")
    parser.add_argument("--systems", nargs="*", choices=tuple(SYSTEMS), default=tuple(SYSTEMS), metavar="SYSTEM")
    parser.add_argument("--runs", type=int, default=50, help="runs of each system in each turn")
    parser.add_argument("--repeats", type=int, default=3, help="turns")
    parser.add_argument("--queued", type=int, default=10_000, help="runs accepted at once; 0 leaves that out")
    parser.add_argument("--idle-s", type=float, default=60.0, help="seconds that a worker is watched; 0 leaves it out")
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    return parser.parse_args(given)


if __name__ == "__main__":
    raise SystemExit(main())
