"""A ledger that cannot be reached for a while: said once when it begins and once when it is over."""

from __future__ import annotations

import random
import threading

from clawdbot.errors import StoreError
from clawdbot.workflows.worker_events import Tell, WorkerEvent

_LONGEST_S = 15.0


class Outage:
    """Shared by the threads of a worker; thread-safe."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._failures = 0

    def began(self, error: StoreError) -> None:
        """The ledger could not be used."""
        with self._lock:
            self._failures += 1
            if self._failures == 1:
                self._tell(WorkerEvent(kind="store_away", text=str(error)))

    def over(self) -> None:
        """The ledger could be used."""
        with self._lock:
            if self._failures:
                self._failures = 0
                self._tell(WorkerEvent(kind="store_back"))

    def pause_s(self, ordinary_s: float) -> float:
        """How long to wait until the next try: ever longer during an outage, and never all at once."""
        longest = max(ordinary_s, _LONGEST_S)
        return float(min(ordinary_s * 2 ** min(self._failures, 10), longest) * random.uniform(0.5, 1.5))
