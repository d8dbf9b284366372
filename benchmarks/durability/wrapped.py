"""The same states with each run as a DBOS workflow around LangGraph with its own checkpointer; prints times as JSON.

``python -m benchmarks.durability.wrapped LEDGER_URL STATES``.  The whole graph is one step of the workflow, as DBOS'
documentation has it for code that keeps its own state; runs are started directly, then through a queue.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.durability.plain import saver
from benchmarks.durability.replayed import Replayed

_POLL_S = 0.05
"""As often as our workers look, at most; DBOS' own value is a second."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one after the other (the first only warms up), then as many through a queue, two at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger")
    parser.add_argument("states", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    chosen = parser.parse_args(arguments)
    # By name: it is installed beside the environment, for this alone.
    dbos: Any = importlib.import_module("dbos").DBOS
    dbos(config={"name": "benchmark", "system_database_url": chosen.ledger, "log_level": "ERROR"})
    with saver(chosen.ledger) as checkpointer:
        play = dbos.step()(_function(Replayed(chosen.states, checkpointer).run))
        run = dbos.workflow()(_function(play))
        dbos.launch()
        queue = dbos.register_queue("runs", worker_concurrency=2, polling_interval_sec=_POLL_S)
        times = []
        for number in range(chosen.runs + 1):
            began = time.perf_counter()
            run(f"run-{number}")
            times.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        for handle in [queue.enqueue(run, f"queued-{number}") for number in range(chosen.runs)]:
            handle.get_result()
        took = time.perf_counter() - began
        dbos.destroy()
    print(json.dumps({"runs_ms": times[1:], "queued_per_s": chosen.runs / took}))
    return 0


def _function(work: Callable[[str], int]) -> Callable[[str], int]:
    """A function of its own, on which DBOS can put its marks."""

    def called(thread: str) -> int:
        return work(thread)

    called.__qualname__ = f"called_{work.__qualname__}"
    return called


if __name__ == "__main__":
    raise SystemExit(main())
