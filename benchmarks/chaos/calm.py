"""After the storm: one worker that nobody kills brings everything to its end."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from sqlalchemy import func, select

from benchmarks.chaos.crew import Crew
from benchmarks.chaos.processes import has_begun, kill, send, tail, wait
from clawdbot.store.durable_tables import outbox
from clawdbot.store.routing_tables import reservations
from clawdbot.store.tables import effects

_LOOK_S = 0.2
_BOUND_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Calm:
    """How long it took, and what was wrong with the worker itself ('' when nothing was)."""

    seconds: float
    strange: str


def calm_down(crew: Crew, *, seconds: float) -> Calm:
    """Let a worker go on until nothing is left to do, at most so long; then it is told to drain."""
    begun = time.monotonic()
    worker = crew.worker()
    has_begun(worker, seconds=_BOUND_S)
    while time.monotonic() - begun < seconds and worker.code() is None:
        if not crew.open_runs() and not crew.questions() and not on_the_way(crew):
            break
        time.sleep(_LOOK_S)
    took = time.monotonic() - begun
    send(worker, signal.SIGTERM)
    code = wait(worker, seconds=_BOUND_S)
    said = "" if code == 0 else f"the last worker ended with {code}: {tail(worker)}"
    kill(worker)
    return Calm(seconds=took, strange=said)


def on_the_way(crew: Crew) -> int:
    """Rows that a killed process left between two states, which somebody must bring to an end."""
    left = (
        (effects, ("intent",)),
        (outbox, ("queued", "sending")),
        (reservations, ("reserved",)),
    )
    with crew.ledger.database.read() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(table).where(table.c.state.in_(states)))
            for table, states in left
        ]
    return sum(int(count or 0) for count in counts)
