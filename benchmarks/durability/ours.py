"""Ten tool calls in a run of ours with a model that answers at once; prints times as JSON, and keeps the states.

``python -m benchmarks.durability.ours LEDGER_URL``, in a process of its own so that its memory and CPU are its own.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from benchmarks.durability.instant import InstantChatModel
from benchmarks.marks import GOAL, intervals_ms
from benchmarks.steps_clawdbot import notes_config
from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from clawdbot.workflows.checkpoints import LedgerCheckpoints


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one after the other, then as many through the queue by a worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--states", type=Path, default=None, help="write the states of a run there, as JSON")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="durability-") as home:
        config = notes_config(Path(home), database=False, ledger=chosen.ledger)
        with App(config, ladder=Ladder.single(_rung())) as app:
            found = {**_alone(app, chosen.runs), "queued_per_s": _queued(app, config, chosen.runs)}
            if chosen.states is not None:
                checkpoints = LedgerCheckpoints(app.ledger.database, app.ledger.leases)
                chosen.states.write_text(json.dumps(_states(checkpoints, app.ledger.list_runs(limit=1)[0].id)))
    print(json.dumps(found))
    return 0


def _rung() -> Rung:
    return Rung(name="instant", provider="fake", model="instant", chat=InstantChatModel(), context=16_384)


def _alone(app: App, runs: int) -> dict[str, Any]:
    """The first run only warms up."""
    steps: list[float] = []
    whole: list[float] = []
    for number in range(runs + 1):
        began, cpu = time.perf_counter(), time.process_time()
        result = app.engine.start(GOAL, user="benchmark")
        took, worked = (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000
        found = intervals_ms()
        if result.verdict != "verified" or len(result.steps) != len(found) + 2:
            raise SystemExit(f"{len(result.steps)} steps, {result.verdict}: {result.missing}")
        if number:
            steps += found
            whole.append(took)
    return {"steps_ms": steps, "runs_ms": whole, "cpu_ms": worked}


def _queued(app: App, config: Config, runs: int) -> float:
    """Runs in a second: accepted before, worked on by one worker with its slots, until there are none."""
    for _ in range(runs):
        app.engine.accept(GOAL, user="benchmark")
    worker = app.worker()
    began = time.perf_counter()
    worker.run(until="empty")
    took = time.perf_counter() - began
    intervals_ms()
    return runs / took


def _states(checkpoints: BaseCheckpointSaver[int], run_id: str) -> list[dict[str, Any]]:
    """What each checkpoint of a run holds, oldest first."""
    found = checkpoints.list({"configurable": {"thread_id": run_id, "checkpoint_ns": ""}})
    return [dict(each.checkpoint["channel_values"]) for each in reversed(list(found))]


if __name__ == "__main__":
    raise SystemExit(main())
