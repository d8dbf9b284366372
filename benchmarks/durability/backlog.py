"""Thousands of runs accepted one after the other: time, memory of whoever accepts, and room in the database.

``python -m benchmarks.durability.backlog LEDGER_URL``, in a process of its own so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import make_url, text

from benchmarks.chaos.office import look
from benchmarks.durability.idle import resident_mib
from benchmarks.durability.instant import InstantChatModel
from benchmarks.steps_clawdbot import notes_config
from clawdbot.app import App
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from clawdbot.store.database import Database

_KIB = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Accept a tenth to warm up, then the rest; print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger")
    parser.add_argument("--runs", type=int, default=10_000)
    chosen = parser.parse_args(arguments)
    rung = Rung(name="instant", provider="fake", model="instant", chat=InstantChatModel(), context=16_384)
    with tempfile.TemporaryDirectory(prefix="backlog-") as home:
        config = notes_config(Path(home), database=False, ledger=chosen.ledger)
        with App(config, ladder=Ladder.single(rung)) as app:
            times = _accept(app, chosen.runs // 10)
            memory, room = resident_mib(os.getpid()), _bytes(app.ledger.database, chosen.ledger)
            rest = chosen.runs - len(times)
            times = _accept(app, rest)
            found = {
                "runs": chosen.runs,
                "accept_ms": times,
                "memory_bytes_per_run": (resident_mib(os.getpid()) - memory) * _KIB * _KIB / rest,
                "database_bytes_per_run": (_bytes(app.ledger.database, chosen.ledger) - room) / rest,
                "claim_ms": _claim(app, 100),
                "queued": app.ledger.queue.depth()["queued"],
            }
    print(json.dumps(found))
    return 0


def _accept(app: App, count: int) -> list[float]:
    goal, times = look(0).goal, []
    for number in range(count):
        began = time.perf_counter()
        app.engine.accept(goal, user=f"user{number % 50}")
        times.append((time.perf_counter() - began) * 1000)
    return times


def _claim(app: App, count: int) -> list[float]:
    """Taking a run out of the long queue, and putting it back."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        claimed = app.ledger.queue.claim("benchmark/1/1")
        times.append((time.perf_counter() - began) * 1000)
        if claimed is not None:
            app.ledger.queue.requeue(claimed.lease.run_id, lease=claimed.lease)
    return times


def _bytes(database: Database, ledger: str) -> int:
    """What the ledger takes on the disk, or in the database server."""
    url = make_url(ledger)
    if url.get_backend_name() == "sqlite":
        assert url.database, "a file"
        with database.write() as connection:
            pages = connection.scalar(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
        return int(pages or 0)
    with database.read() as connection:
        return int(connection.scalar(text("SELECT pg_total_relation_size('runs')")) or 0)


if __name__ == "__main__":
    raise SystemExit(main())
