"""A blocking producer read with a deadline: it runs in a thread and is told to stop when the reader leaves."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class TimeIsUp(Exception):
    """The producer gave nothing more before the deadline."""


class _Done:
    """The producer has returned, or raised ``error``."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Relay(Generic[T]):
    """Iterate over what ``produce(emit)`` emits; ``emit`` returns True when the producer should stop.

    A native call cannot be interrupted from Python, not even by Ctrl-C: the reader waits here, in Python, and
    the producer notices at its next ``emit``.
    """

    def __init__(self, produce: Callable[[Callable[[T], bool]], None], *, timeout_s: float) -> None:
        self._produce = produce
        self._deadline = time.monotonic() + timeout_s
        self._queue: queue.SimpleQueue[T | _Done] = queue.SimpleQueue()
        self._stop = threading.Event()

    def __iter__(self) -> Iterator[T]:
        threading.Thread(target=self._work, name="model-call", daemon=True).start()
        try:
            while True:
                item = self._next()
                if isinstance(item, _Done):
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        finally:
            self._stop.set()

    def _next(self) -> T | _Done:
        left = self._deadline - time.monotonic()
        try:
            return self._queue.get(timeout=max(0.0, left))
        except queue.Empty:
            raise TimeIsUp from None

    def _emit(self, item: T) -> bool:
        self._queue.put(item)
        return self._stop.is_set()

    def _work(self) -> None:
        try:
            if not self._stop.is_set():
                self._produce(self._emit)
        except BaseException as error:  # handed to the reader, which raises it
            self._queue.put(_Done(error))
        else:
            self._queue.put(_Done())
