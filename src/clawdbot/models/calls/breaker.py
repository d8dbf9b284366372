"""A circuit breaker: a model that fails is left alone for a while, then tried with one call.

After M. Nygard, Release It!, 2nd edition, chapter 5, with a window over the last calls rather than over time, since
a step takes seconds and runs are rare.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from clawdbot.config import HealthConfig
from clawdbot.models.routing.snapshot import BreakerState

AUTH_TIMES = 10
"""What a person must mend is tried again so much later than the rest."""


class Breaker:
    """Closed, open, or half open while one call tries.  Thread-safe."""

    def __init__(self, config: HealthConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._last: deque[bool] = deque(maxlen=config.window)
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        """What the next call would meet."""
        with self._lock:
            return self._state()

    @property
    def opens_again_s(self) -> float:
        """Seconds until one call may try; 0 unless it is open."""
        with self._lock:
            return max(0.0, self._open_until - self._clock()) if self._open_until is not None else 0.0

    def admit(self) -> bool:
        """A call may go; half open lets one go.  Whoever is admitted reports with one of the three below."""
        with self._lock:
            state = self._state()
            if state == "closed":
                return True
            if state == "open" or self._probing:
                return False
            self._probing = True
            return True

    def succeeded(self, *, slow: bool = False) -> None:
        """The call was answered; a slow answer counts as a failed one, but closes what was open."""
        with self._lock:
            if self._open_until is not None:
                self._close()
            self._count(not slow)

    def failed(self, *, for_good: bool = False) -> None:
        """The call failed; ``for_good`` opens at once, for longer: only a person can mend it."""
        with self._lock:
            if for_good:
                self._open(self._config.open_s * AUTH_TIMES)
            elif self._open_until is not None:
                self._open(self._config.open_s)
            else:
                self._count(False)

    def learned_nothing(self) -> None:
        """The call says nothing of the model's health: given up, or our own mistake."""
        with self._lock:
            self._probing = False

    def _state(self) -> BreakerState:
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half_open"

    def _count(self, ok: bool) -> None:
        self._last.append(ok)
        if self._last.count(False) >= self._config.failures:
            self._open(self._config.open_s)

    def _open(self, seconds: float) -> None:
        self._open_until = self._clock() + seconds
        self._probing = False
        self._last.clear()

    def _close(self) -> None:
        self._open_until = None
        self._probing = False
        self._last.clear()
