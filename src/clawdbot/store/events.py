"""What runs tell while they go on, kept: any number of listeners read it, from any point, now or later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import events
from clawdbot.store.leases import Leases
from clawdbot.store.tables import runs


@dataclass(frozen=True, kw_only=True)
class RunEvent:
    """One event; ``seq`` counts from 1 in its run without gaps, ``body`` is as ``agents/events.py`` makes it."""

    run_id: str
    seq: int
    at: str
    body: Mapping[str, Any]
    token: int = 0
    """The fencing token under which it was told."""


class EventLog:
    """Events by run; safe between threads and processes."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def append(self, run_id: str, body: Mapping[str, Any]) -> int:
        """Keep an event and return its number; LeaseLost when another has the run now."""
        with self._database.write() as connection:
            token = self._leases.fence(connection, run_id, progress=False)
            # The run's row is the lock under which numbers are given.
            connection.execute(select(runs.c.id).where(runs.c.id == run_id).with_for_update())
            last = connection.scalar(select(func.max(events.c.seq)).where(events.c.run_id == run_id))
            seq = int(last or 0) + 1
            row = {"run_id": run_id, "seq": seq, "at": now(), "body": dict(body), "token": token}
            connection.execute(events.insert().values(**row))
        return seq

    def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[RunEvent, ...]:
        """Events with a number above ``after``, in order."""
        statement = select(events).where(events.c.run_id == run_id, events.c.seq > after)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(events.c.seq).limit(limit))
            return tuple(RunEvent(**row._mapping) for row in rows)
