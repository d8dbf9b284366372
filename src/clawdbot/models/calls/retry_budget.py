"""How many repeated calls all runs together may add: a token bucket that calls fill.

As in "Retry throttling" of gRPC (https://github.com/grpc/proposal/blob/master/A6-client-retries.md): when a server is
down, repeats must not multiply what it gets.
"""

from __future__ import annotations

import threading

SAVED = 10.0
"""Most repeats that can be saved up, and what there is at the start."""


class RetryBudget:
    """``share`` repeats for each call, no more than :data:`SAVED` saved up; 0 allows none.  Thread-safe."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._left = SAVED if share else 0.0
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._left = min(SAVED, self._left + self._share)

    def spend(self) -> bool:
        """Take one repeat; False when there is none left."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True
