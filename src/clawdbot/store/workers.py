"""The workers of a ledger: who works on its queue, since when, and who has fallen silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select, update

from clawdbot.store import plain_json
from clawdbot.store.clock import clock
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import workers
from clawdbot.store.tables import runs

WorkerState = Literal["active", "draining", "ended"]

_KEPT_S = 86_400.0
"""Rows of workers that ended or were not seen for so long are forgotten, unless a run of theirs waits for a person."""

_DEAD_AFTER = 3
"""Leases of silence after which a worker counts as dead."""


@dataclass(frozen=True, kw_only=True)
class WorkerRecord:
    """One worker.  ``name`` is its process (``owner.py``), ``label`` what a person calls it, ``silent_s`` the seconds
    since its last heartbeat by the database's clock."""

    name: str
    label: str
    started_at: str
    state: WorkerState
    slots: int
    version: str
    silent_s: float

    @property
    def host(self) -> str:
        return self.name.partition("#")[0]

    @property
    def process(self) -> int:
        """Its process id on its host."""
        return int(self.name.rsplit("/", 2)[1])

    def alive(self, lease_s: float) -> bool:
        """It has not ended, and gave a sign of life within three leases."""
        return self.state != "ended" and self.silent_s <= _DEAD_AFTER * lease_s


class Workers:
    """The rows of workers; safe between threads and processes.  StoreError as Database raises it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, name: str, *, label: str, slots: int, version: str) -> None:
        """This worker is there from now on; those that are long gone are forgotten."""
        with self._database.write() as connection:
            seen = clock(connection)
            # Whose runs still wait is remembered: they go back to workers when they are answered, days later too.
            waited_for = select(runs.c.owner).where(runs.c.status == "waiting")
            gone = (workers.c.seen < seen - _KEPT_S) & workers.c.name.not_in(waited_for)
            connection.execute(delete(workers).where(gone | (workers.c.name == name)))
            row = {"name": name, "label": plain_json.text(label), "slots": slots, "version": version}
            connection.execute(workers.insert().values(**row, started_at=now(), seen=seen, state="active"))

    def beat(self, name: str) -> None:
        """A sign of life."""
        with self._database.write() as connection:
            connection.execute(update(workers).where(workers.c.name == name).values(seen=clock(connection)))

    def drain(self, name: str) -> None:
        """It takes nothing more, and ends what it has."""
        self._become(name, "draining")

    def end(self, name: str) -> None:
        """It has ended as it should."""
        self._become(name, "ended")

    def all(self) -> tuple[WorkerRecord, ...]:
        """Every worker that is known, oldest first; also those that ended or died within the last day."""
        with self._database.read() as connection:
            moment = clock(connection)
            found = connection.execute(select(workers).order_by(workers.c.started_at, workers.c.name)).mappings().all()
        return tuple(
            WorkerRecord(**{k: v for k, v in row.items() if k != "seen"}, silent_s=max(moment - row["seen"], 0.0))
            for row in found
        )

    def _become(self, name: str, state: WorkerState) -> None:
        with self._database.write() as connection:
            values = {"state": state, "seen": clock(connection)}
            connection.execute(update(workers).where(workers.c.name == name).values(**values))
