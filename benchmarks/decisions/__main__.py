"""``python -m benchmarks.decisions``: how long the policy takes to choose a model, with many models and many rules.

Every decision is about another step and another state of the models: labels, failures, queues, caches, prices and
money left vary, so that each filter and each branch of the choice is taken.  Wall-clock and processor time of one call:
they differ on a machine that does other work meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.decisions.variety import Variety
from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from clawdbot.models.routing.decide import decide

_PACKAGES = ("clawdbot", "pydantic")
_LIMIT_MS = 1.0
_WARM_UP = 500
_SHARES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when the 99th percentile is over a millisecond."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    parser.add_argument("--rungs", type=int, default=10, help="models")
    parser.add_argument("--rules", type=int, default=50, help="rules of the operator")
    parser.add_argument("--times", type=int, default=20_000, help="decisions, each about another step")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--json", type=Path, default=None, help="write every figure to this file")
    chosen = parser.parse_args(arguments)
    facts = describe(_PACKAGES)
    print(as_lines(facts) + "\n", flush=True)
    taken = measure(Variety(rungs=chosen.rungs, rules=chosen.rules, seed=chosen.seed), chosen.times)
    figures = {
        clock: {name: 1000 * percentile(seconds, share) for name, share in _SHARES}
        for clock, seconds in (("wall clock", taken.wall), ("processor", taken.processor))
    }
    print(f"{chosen.rungs} models, {chosen.rules} rules, {chosen.times:,} decisions\n")
    rows = [(clock, *(f"{value:.3f}" for value in found.values())) for clock, found in figures.items()]
    print(table(("time", *(f"{name} ms" for name, _ in _SHARES)), rows))
    print("\n" + ", ".join(f"{name} {n / chosen.times:.0%}" for name, n in taken.ends.most_common()))
    if chosen.json is not None:
        body = {"machine": facts, "ms": figures, "ends": dict(taken.ends)}
        chosen.json.write_text(json.dumps(body, indent=1), "utf-8")
    return 0 if figures["wall clock"]["p99"] < _LIMIT_MS else 1


@dataclass(kw_only=True)
class Taken:
    """Seconds of each decision by two clocks, and how they ended: why a model was chosen, or why none was."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)


def measure(variety: Variety, times: int) -> Taken:
    """Make so many decisions after some to warm up.

    Garbage is collected between decisions and not within them, as what a collection takes is the questions' making.
    """
    taken = Taken()
    policy = variety.policy()
    for number in range(_WARM_UP + times):
        context, snapshot = variety.step(), variety.snapshot()
        gc.disable()
        busy, start = time.thread_time(), time.perf_counter()
        found = decide(context, policy, snapshot)
        wall, processor = time.perf_counter() - start, time.thread_time() - busy
        gc.enable()
        if number >= _WARM_UP:
            taken.wall.append(wall)
            taken.processor.append(processor)
            taken.ends[found.why if found.outcome == "chosen" else found.outcome] += 1
    return taken


if __name__ == "__main__":
    raise SystemExit(main())
