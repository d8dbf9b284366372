"""Who may ask a model now: so many calls at once, the others in order of arrival, and none that waits too long."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clawdbot.models import interruption

_NEW = 0.3
"""Weight of the latest call in the mean time of a call."""


class Shed(Exception):
    """The call would wait, or has waited, too long."""

    def __init__(self, *, waited_s: float, expected_s: float) -> None:
        super().__init__()
        self.waited_s = waited_s
        self.expected_s = expected_s


class Admission:
    """``slots`` calls at once, first come first served.  Thread-safe."""

    def __init__(self, *, slots: int, clock: Callable[[], float]) -> None:
        self.slots = slots
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._running = 0
        self._mean_s: float | None = None

    @property
    def running(self) -> int:
        """Calls that are being answered."""
        with self._lock:
            return self._running

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        with self._lock:
            return len(self._queue)

    @contextmanager
    def slot(self, *, patience_s: float, deadline_s: float) -> Iterator[None]:
        """Hold a slot.  Raises Shed after ``patience_s``, or at once when the wait is expected to outlast the call's
        ``deadline_s``."""
        self._enter(patience_s, deadline_s)
        began = self._clock()
        try:
            yield
        finally:
            self._leave(self._clock() - began)

    def _enter(self, patience_s: float, deadline_s: float) -> None:
        with self._lock:
            if self._running < self.slots and not self._queue:
                self._running += 1
                return
            expected = self._expected_s()
            if expected >= deadline_s:
                raise Shed(waited_s=0.0, expected_s=expected)
            turn = threading.Event()
            self._queue.append(turn)
        began = self._clock()
        came = False
        try:
            came = interruption.wait(turn, min(patience_s, deadline_s))
        finally:
            # An interrupt may end the wait too; a slot that was handed over meanwhile must not be lost.
            if not came:
                self._give_up(turn)
        if not came:
            raise Shed(waited_s=self._clock() - began, expected_s=self._expected_s())

    def _expected_s(self) -> float:
        return (self._mean_s or 0.0) * (len(self._queue) + 1) / self.slots

    def _give_up(self, turn: threading.Event) -> None:
        with self._lock:
            if turn in self._queue:
                self._queue.remove(turn)
            else:
                self._pass_on()

    def _leave(self, took_s: float) -> None:
        with self._lock:
            self._mean_s = took_s if self._mean_s is None else (1 - _NEW) * self._mean_s + _NEW * took_s
            self._pass_on()

    def _pass_on(self) -> None:
        if self._queue:
            self._queue.popleft().set()
        else:
            self._running -= 1
