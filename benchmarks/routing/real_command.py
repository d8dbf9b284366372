"""``python -m benchmarks.routing real``: policies compared on real office tasks with two embedded models."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import as_lines, describe
from benchmarks.office_tasks.__main__ import DATABASE
from benchmarks.office_tasks.task import HELD_OUT, MAIN, Task, load_tasks
from benchmarks.routing.real import (
    CLOUD,
    OURS,
    POLICIES,
    RANDOM,
    Desk,
    Result,
    play_task,
    settings,
    strong_share,
    with_oracle,
)
from benchmarks.routing.server import hosted
from benchmarks.routing.summary import CHEAP, STRONG, Worth, comparison, figures, verdict
from clawdbot.config import AppConfig, Config
from clawdbot.errors import UsageError
from clawdbot.models.catalog import model_file
from clawdbot.models.llamacpp import load_engine
from clawdbot.models.providers import build

_PACKAGES = ("clawdbot", "xllamacpp", "langgraph", "langchain-openai")
_TASKS: Mapping[str, tuple[Path, ...]] = {"main": (MAIN,), "held-out": (HELD_OUT,), "both": (MAIN, HELD_OUT)}
_MODELS = AppConfig().home

Found = dict[str, dict[str, Result]]
"""Results by policy and task."""


def add_to(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser: argparse.ArgumentParser = commands.add_parser("real", help=__doc__, description=__doc__)
    parser.add_argument("--tasks", choices=list(_TASKS), default="main", help="which of benchmarks/office_tasks")
    parser.add_argument("--limit", type=int, default=0, help="only so many tasks; 0 is all")
    parser.add_argument("--policies", default="", help=f"of {'; '.join(POLICIES)}, with semicolons; all unless given")
    parser.add_argument("--small", type=Path, default=model_file(_MODELS, "qwen2.5-0.5b"), help="GGUF, the cheap rung")
    parser.add_argument(
        "--strong", type=Path, default=model_file(_MODELS, "qwen2.5-coder-1.5b"), help="GGUF, the priced rung"
    )
    parser.add_argument("--database", type=Path, default=DATABASE, help="Northwind as SQLite")
    parser.add_argument("--limit-s", type=float, default=300.0, help="seconds for one task")
    parser.add_argument("--steps", type=int, default=16, help="calls of tools for one task")
    parser.add_argument(
        "--folder", type=Path, default=None, help="keep results and ledgers there; what is there is not played again"
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    """Play, and print the tables.  Raises UsageError without the database, ModelUnavailable without a model file."""
    if not chosen.database.is_file():
        raise UsageError(
            f"There is no database {str(chosen.database)!r}.", hint="Give Northwind as SQLite: --database."
        )
    tasks = [task for path in _TASKS[chosen.tasks] for task in load_tasks(path)]
    tasks = tasks[: chosen.limit or None]
    policies = _policies(chosen.policies)
    print(as_lines(describe(_PACKAGES)))
    print(f"small {chosen.small.name} · strong {chosen.strong.name}, both on these cores, so seconds compare nothing")
    print(f"{len(tasks)} tasks · at most {chosen.steps} steps and {chosen.limit_s:.0f} s each\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="routing-") as thrown_away:
        folder = chosen.folder or Path(thrown_away)
        folder.mkdir(parents=True, exist_ok=True)
        strong = load_engine(chosen.strong, context=8192)
        with hosted(strong) as server:
            routing = settings(server, chosen.small, folder)
            desk = Desk(
                server=server,
                build=lambda name, config: build(name, config, home=_MODELS),
                folder=folder,
                database=chosen.database,
                limit_s=chosen.limit_s,
                max_steps=chosen.steps,
            )
            found = play_policies(desk, policies, tasks, routing)
    report(found, routing)


def play_policies(desk: Desk, policies: Sequence[str], tasks: Sequence[Task], routing: Config) -> Found:
    """Every policy over every task; each result is written down as it comes, and not made again."""
    file = desk.folder / "results.json"
    found: Found = {}
    if file.is_file():
        kept = json.loads(file.read_text("utf-8"))
        found = {p: {t: Result.from_json(body) for t, body in results.items()} for p, results in kept.items()}
    for policy in policies:
        share = strong_share([r.outcome for r in found.get(OURS, {}).values()]) if policy == RANDOM else 0.0
        own = found.setdefault(policy, {})
        for n, task in enumerate(tasks):
            if task.id in own:
                continue
            own[task.id] = result = play_task(desk, policy, task, routing, share=share, seed=n)
            print(_line(policy, task.id, result), flush=True)
            written = {p: {t: r.as_json() for t, r in results.items()} for p, results in found.items()}
            file.write_text(json.dumps(written, ensure_ascii=False, indent=1), "utf-8")
    return {policy: {task.id: found[policy][task.id] for task in tasks} for policy in policies}


def report(found: Found, routing: Config) -> None:
    """Print the comparison; without the two single models there is nothing to compare with."""
    played = {policy: [result.outcome for result in own.values()] for policy, own in found.items()}
    if not {CHEAP, STRONG} <= set(played):
        print(f"No table: it needs {CHEAP!r} and {STRONG!r}.", file=sys.stderr)
        return
    worth = Worth(second_usd=routing.router.second_usd, failure_usd=routing.router.failure_usd)
    whole = with_oracle(played, worth)
    table = {policy: figures(whole, policy, cloud=CLOUD, worth=worth) for policy in whole}
    print(f"\nintervals: 95 %, paired by task; {len(played[STRONG])} tasks are few\n\n{comparison(table)}\n")
    failed = [r for own in found.values() for r in own.values() if not r.outcome.right]
    unnoticed = sum(r.outcome.unnoticed for r in failed)
    print(f"of {len(failed)} wrong ends the verdict noticed {len(failed) - unnoticed}")
    off = [f"{p}/{t}" for p, own in found.items() for t, r in own.items() if p != RANDOM and not _agrees(r)]
    print(f"tasks whose ledger and server disagree on the money: {', '.join(off) or 'none'}")
    if OURS in table:
        print(verdict(OURS, table[OURS]))


def _agrees(result: Result) -> bool:
    """The ledger counts what is on the bill, and may count a call that broke off as spent."""
    return abs(float(result.ledger_usd) - result.outcome.usd) < 1e-9


def _policies(wanted: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in wanted.split(";") if name.strip()) or POLICIES
    unknown = [name for name in names if name not in POLICIES]
    if unknown:
        raise UsageError(f"There is no policy {unknown[0]!r}.", hint=f"Policies: {'; '.join(POLICIES)}.")
    if RANDOM in names and OURS not in names[: names.index(RANDOM)]:
        raise UsageError(f"{RANDOM!r} needs {OURS!r} before it.", hint="Name both, in this order.")
    return names


def _line(policy: str, task: str, result: Result) -> str:
    end = result.outcome
    word = "right" if end.right else "FALSE CLAIM" if end.unnoticed else "wrong"
    told = f"  {'; '.join(result.wrong)} · {result.verdict}" if result.wrong else ""
    calls = ", ".join(f"{name} {n}" for name, n in end.calls.items() if n)
    return f"{task:22} {policy:20} {word}, {end.seconds:.0f} s, {end.usd:.4f} USD, calls: {calls}{told}"
