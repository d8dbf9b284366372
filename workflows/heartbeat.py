"""The heartbeat of a process: keeps the leases of its runs alive, and tells runs that they are cancelled or lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clawdbot.errors import StoreError
from clawdbot.store.queue import RunQueue
from clawdbot.workflows.stop import Stop

log = logging.getLogger(__name__)

_BEATS = 3
"""Renewals within the time of a lease."""


class Heartbeat:
    """Renews every lease of this process from a thread of its own, which lives while there is a run to watch."""

    def __init__(self, queue: RunQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._stops: dict[str, Stop] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, run_id: str, stop: Stop) -> Iterator[None]:
        """While inside, ``stop`` is told when a person cancels the run or another worker takes it."""
        with self._lock:
            self._stops[run_id] = stop
            if self._thread is None:
                self._wake = threading.Event()
                self._thread = threading.Thread(target=self._beat, args=(self._wake,), name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            ended: threading.Thread | None = None
            with self._lock:
                del self._stops[run_id]
                if not self._stops:
                    self._wake.set()
                    ended, self._thread = self._thread, None
            if ended is not None:  # a beat under way uses the ledger, which may be closed next
                ended.join(self._queue.lease_s)

    def beat(self) -> None:
        """Renew the leases once.  StoreError when the database is away: the leases run out when that takes long."""
        renewed = self._queue.renew()
        with self._lock:
            lost = [stop for run_id, stop in self._stops.items() if run_id in renewed.lost]
            cancelled = [stop for run_id, stop in self._stops.items() if run_id in renewed.cancelled]
        for stop in lost:
            stop.ask("lost")
        for stop in cancelled:
            stop.ask("cancelled")

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(self._queue.lease_s / _BEATS):
            try:
                self.beat()
            except StoreError as error:
                log.warning("The leases of this process's runs were not renewed: %s", error)
