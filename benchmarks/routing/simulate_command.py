"""``python -m benchmarks.routing simulate``: policies compared in a simulated office; every figure says so."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.machine import as_lines, describe
from benchmarks.routing.simulate import OURS, OURS_CHECKED, SuiteResult, all_figures, simulate, together, worth
from benchmarks.routing.summary import STRONG, Figures, comparison, noticed_share, verdict
from benchmarks.routing.world import World
from clawdbot.config import Config, RouterConfig
from clawdbot.errors import UsageError
from clawdbot.models.routing.policy import Policy

ORDINARY = "ordinary suites"


def add_to(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    parser: argparse.ArgumentParser = commands.add_parser("simulate", help=__doc__, description=__doc__)
    parser.add_argument("--suites", default="", help="names of suites; all unless given")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=300, help="of each suite and seed")
    parser.add_argument(
        "--failure-usd", type=float, default=RouterConfig().failure_usd, help="what a failure costs, for all policies"
    )
    parser.add_argument(
        "--unnoticed", type=float, default=1.0, help="of the mistakes that no check notices, the share that is left"
    )
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    """Print the tables.  Raises UsageError for an unknown suite or a share that is none."""
    if not 0 <= chosen.unnoticed <= 1:
        raise UsageError(f"--unnoticed is a share, not {chosen.unnoticed}.", hint="Give a number from 0 to 1.")
    world = World.load().with_unnoticed(chosen.unnoticed)
    policy = Policy.of(Config(router=RouterConfig(failure_usd=chosen.failure_usd)))
    counted = worth(policy)
    print(as_lines(describe(("clawdbot", "numpy"))))
    print(f"SIMULATED · {chosen.seeds} seeds of {chosen.tasks} tasks a suite · intervals: 95 %, paired by task")
    print(f"a second is worth {counted.second_usd} USD, a task that fails {counted.failure_usd} USD\n", flush=True)
    results: list[SuiteResult] = []
    found: dict[str, dict[str, Figures]] = {}
    for result in simulate(world, _suites(world, chosen.suites), policy, seeds=chosen.seeds, tasks=chosen.tasks):
        results.append(result)
        found[result.name] = all_figures(result, counted)
        _show(result, found[result.name])
    for whole in _wholes(results):
        found[whole.name] = all_figures(whole, counted)
        _show(whole, found[whole.name])
    print("Goals (simulated)")
    for name in (OURS, OURS_CHECKED):
        print(f"\n{name}")
        for suite, figures in found.items():
            print(f"  {verdict(suite, figures[name])}")
    if chosen.json is not None:
        body = {s: {p: asdict(f) for p, f in policies.items()} for s, policies in found.items()}
        chosen.json.write_text(json.dumps({"simulated": True, "suites": body}, indent=1), "utf-8")


def _suites(world: World, wanted: str) -> list[str]:
    names = [name for name in wanted.split(",") if name] or list(world.suites)
    unknown = [name for name in names if name not in world.suites]
    if unknown:
        raise UsageError(f"There is no suite {unknown[0]!r}.", hint=f"Suites: {', '.join(world.suites)}.")
    return names


def _wholes(results: Sequence[SuiteResult]) -> Iterator[SuiteResult]:
    ordinary = [result for result in results if not result.extreme]
    if len(ordinary) > 1:
        yield together(ordinary, ORDINARY, "every task of the suites that are not extreme")
    if len(results) > len(ordinary) > 0:
        yield together(results, "all suites", "every task of every suite")


def _show(result: SuiteResult, found: dict[str, Figures]) -> None:
    noticed = noticed_share([o for outcomes in result.played.values() for o in outcomes])
    strong = noticed_share(result.played[STRONG])
    print(f"{result.name} (simulated): {result.about}")
    print(f"checks noticed {noticed:.0%} of all wrong answers ({strong:.0%} of the strong model's)")
    print(f"{comparison(found)}\n", flush=True)
