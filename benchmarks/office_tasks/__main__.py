"""``python -m benchmarks.office_tasks``: play the office tasks and print the tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import as_lines, describe
from benchmarks.office_tasks.line_up import SYSTEMS, line_up
from benchmarks.office_tasks.match import Match, play
from benchmarks.office_tasks.summary import by_system, by_task, line
from benchmarks.office_tasks.task import HELD_OUT, MAIN, Task, load_tasks
from clawdbot.config import AppConfig
from clawdbot.errors import ClawdbotError, UsageError
from clawdbot.models.catalog import DEFAULT_MODEL, model_file

DATABASE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "northwind.sqlite"
_PACKAGES = ("clawdbot", "xllamacpp", "langgraph", "langgraph-prebuilt", "langchain-openai", "pydantic-ai-slim")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what was asked for; returns 0 when every task was played, 2 when it could not begin."""
    chosen = _arguments(arguments)
    try:
        tasks = _tasks(chosen.held_out, chosen.tasks)
        if not chosen.database.is_file():
            raise UsageError(
                f"There is no database {str(chosen.database)!r}.",
                hint="The tasks need Northwind as SQLite (github.com/jpwhite3/northwind-SQLite3): --database FILE.",
            )
        players = line_up(chosen.only.split(","), model=chosen.model)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    print(as_lines(describe(_PACKAGES)))
    print(f"model {chosen.model.name} · at most {chosen.steps} steps and {chosen.limit_s:.0f} s a task\n", flush=True)
    matches: list[Match] = []
    for task in tasks:
        for player in players:
            matches.append(play(player, task, chosen.database, limit_s=chosen.limit_s, max_steps=chosen.steps))
            print(line(matches[-1]), flush=True)
            _write(chosen.json, matches, model=chosen.model)
    print(f"\n{by_task(matches)}\n\n{by_system(matches)}")
    return 0


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.office_tasks", description=__doc__)
    parser.add_argument("--only", default=",".join(SYSTEMS), help=f"systems, of {', '.join(SYSTEMS)}")
    parser.add_argument("--tasks", default="", help="identifiers of tasks; all unless given")
    parser.add_argument("--held-out", action="store_true", help="play the held-out tasks")
    parser.add_argument("--database", type=Path, default=DATABASE, help="Northwind as SQLite")
    parser.add_argument("--model", type=Path, default=model_file(AppConfig().home, DEFAULT_MODEL), help="GGUF file")
    parser.add_argument("--limit-s", type=float, default=300.0, help="seconds for one task")
    parser.add_argument("--steps", type=int, default=16, help="calls of tools for one task")
    parser.add_argument("--json", type=Path, default=None, help="write the matches to this file as they end")
    return parser.parse_args(given)


def _tasks(held_out: bool, wanted: str) -> list[Task]:
    known = {task.id: task for task in load_tasks(HELD_OUT if held_out else MAIN)}
    names = [name for name in wanted.split(",") if name] or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"There is no task {unknown[0]!r}.", hint=f"Tasks: {', '.join(known)}.")
    return [known[name] for name in names]


def _write(path: Path | None, matches: Sequence[Match], *, model: Path) -> None:
    if path is not None:
        body = {"machine": describe(_PACKAGES), "model": model.name, "matches": [m.as_json() for m in matches]}
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
