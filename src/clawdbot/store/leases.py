"""Leases: which runs this process may write to, proved by a fencing token inside every transaction that matters.

A token is raised each time that somebody takes a run.  Whoever stood still past its lease, while another went on with
the run, finds its token outdated and is refused (Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sqlalchemy import Connection, update

from clawdbot.errors import LeaseLost
from clawdbot.store.tables import runs


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A run that ``owner`` works on; ``token`` is outdated as soon as somebody else takes the run."""

    run_id: str
    owner: str
    token: int


class Leases:
    """The leases of this process; thread-safe.  One run is worked on once at a time in a process."""

    def __init__(self) -> None:
        self._held: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def add(self, lease: Lease) -> None:
        """From now on what is written of that run is fenced."""
        with self._lock:
            self._held[lease.run_id] = lease

    def drop(self, lease: Lease) -> None:
        """Nothing more is written of that run; called when nobody here works on it any longer, never before."""
        with self._lock:
            if self._held.get(lease.run_id) == lease:
                del self._held[lease.run_id]

    def held(self) -> tuple[Lease, ...]:
        """All of them."""
        with self._lock:
            return tuple(self._held.values())

    def fence(self, connection: Connection, run_id: str, *, progress: bool = True) -> int:
        """LeaseLost when this process had the run and somebody else has it now, or it was ended from outside.

        Returns the token of the lease, 0 for a run that was never taken here, of which nothing is asked.  In a
        transaction that writes, the row stays locked until the transaction ends, so that nobody takes the run in
        between.  With ``progress`` the run's crashes so far are forgotten.
        """
        with self._lock:
            lease = self._held.get(run_id)
        if lease is None:
            return 0
        ours = (runs.c.id == run_id, runs.c.token == lease.token, runs.c.status == "running")
        # A run is given up only for crashes without progress; what is written again after each crash is none.
        attempts = 0 if progress else runs.c.attempts
        if connection.execute(update(runs).where(*ours).values(attempts=attempts)).rowcount != 1:
            raise LeaseLost(run_id)
        return lease.token
