"""Signals that end a worker: the first lets it drain, the second ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class DrainSignals:
    """Counts the signals; what came before anybody took them is passed on when somebody does."""

    def __init__(self) -> None:
        self._seen = 0
        self._drain: Callable[[], None] | None = None

    def send_to(self, drain: Callable[[], None]) -> None:
        """From now on the first signal calls ``drain``, which must be safe within a handler."""
        self._drain = drain
        if self._seen:
            drain()

    def take(self, number: int, _: FrameType | None) -> None:
        """The handler."""
        self._seen += 1
        if self._seen > 1:
            os._exit(128 + number)
        if self._drain is not None:
            self._drain()


@contextlib.contextmanager
def draining() -> Iterator[DrainSignals]:
    """While inside, SIGTERM, SIGINT and SIGHUP are taken; one that is ignored (``nohup``) stays ignored."""
    signals = DrainSignals()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, signals.take)
    try:
        yield signals
    finally:
        for number in taken:
            signal.signal(number, before[number])
