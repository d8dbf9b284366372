"""Runs in the time of some workers: a queue that is full at the start, and a model that takes its time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.chaos.crew import open_crew
from benchmarks.chaos.office import look
from benchmarks.chaos.processes import kill
from clawdbot.errors import UsageError
from clawdbot.store.database import Database
from clawdbot.store.durable_tables import events
from clawdbot.store.tables import runs

_LOOK_S = 0.1
_LEASE_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One row.  ``queued_s`` are the seconds that each run waited in the queue, ``calls`` what the model was asked."""

    workers: int
    slots: int
    runs: int
    verified: int
    seconds: float
    calls: int
    queued_s: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.runs / self.seconds


def measure(
    folder: Path, ledger_url: str, *, count: int, workers: int, slots: int, model_s: float, limit_s: float
) -> Rate:
    """``count`` runs by so many workers; UsageError when they do not end in time."""
    with open_crew(folder, ledger_url, lease_s=_LEASE_S, model_s=model_s, slots=slots) as crew:
        for number in range(count):
            crew.accept(look(number))
        calls = len(crew.model.asked)
        begun = time.monotonic()
        crowd = [crew.worker() for _ in range(workers)]
        while (done := _ended(crew.ledger.database, crew.heard)) < count:
            if time.monotonic() - begun > limit_s or all(worker.code() is not None for worker in crowd):
                raise UsageError(f"Only {done} of {count} runs ended; see {crowd[0].log}.")
            time.sleep(_LOOK_S)
        seconds = time.monotonic() - begun
        for worker in crowd:
            kill(worker)
        return Rate(
            workers=workers, slots=slots, runs=count, verified=_ended(crew.ledger.database, crew.heard, "verified"),
            seconds=seconds, calls=len(crew.model.asked) - calls, queued_s=_waited(crew.ledger.database, crew.heard),
        )  # fmt: skip


def _ended(database: Database, wanted: set[str], verdict: str = "") -> int:
    statement = select(runs.c.id).where(runs.c.status == "done", *([runs.c.verdict == verdict] if verdict else []))
    with database.read() as connection:
        return len(wanted.intersection(connection.scalars(statement)))


def _waited(database: Database, wanted: set[str]) -> tuple[float, ...]:
    """From being accepted until its worker told of it."""
    first = select(events.c.run_id, func.min(events.c.at).label("at")).group_by(events.c.run_id).subquery()
    statement = select(runs.c.id, runs.c.created_at, first.c.at).join(first, first.c.run_id == runs.c.id)
    with database.read() as connection:
        return tuple(_seconds(row.created_at, row.at) for row in connection.execute(statement) if row.id in wanted)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
