"""How a run that must stop reaches a model call in flight: through the context of the thread that waits for it.

Whoever waits here for a model waits for the interruption too, and leaves with :class:`Interrupted`, which no handler of
errors takes for a failure of the model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Wake = Callable[[], None]


class Interrupted(BaseException):
    """The wait was ended from outside; like KeyboardInterrupt it is nobody's error on its way up."""


class Interruption:
    """Set once, from any thread; whoever waits is woken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._wakes: list[Wake] = []

    @property
    def is_set(self) -> bool:
        """It has come."""
        return self._set

    def interrupt(self) -> None:
        """Wake everybody who waits, now and from now on."""
        with self._lock:
            self._set = True
            wakes = tuple(self._wakes)
        for wake in wakes:
            wake()

    @contextmanager
    def waking(self, wake: Wake) -> Iterator[None]:
        """While inside, ``wake`` is called when it comes, from the thread that sets it; at once when it has come."""
        with self._lock:
            self._wakes.append(wake)
            come = self._set
        try:
            if come:
                wake()
            yield
        finally:
            with self._lock:
                self._wakes.remove(wake)


_current: ContextVar[Interruption | None] = ContextVar("interruption", default=None)


@contextmanager
def interruptible(by: Interruption) -> Iterator[None]:
    """While inside, waits of this context end when ``by`` is set; threads need the context copied."""
    before = _current.set(by)
    try:
        yield
    finally:
        _current.reset(before)


@contextmanager
def waking(wake: Wake) -> Iterator[None]:
    """While inside, ``wake`` is called when this context is interrupted."""
    current = _current.get()
    if current is None:
        yield
        return
    with current.waking(wake):
        yield


def check() -> None:
    """Raise Interrupted when this context is."""
    current = _current.get()
    if current is not None and current.is_set:
        raise Interrupted


def wait(event: threading.Event, seconds: float) -> bool:
    """Like ``event.wait(seconds)``; Interrupted when that comes first, which sets the event too."""
    with waking(event.set):
        came = event.wait(seconds)
    check()
    return came
