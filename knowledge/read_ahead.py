"""Taking the next values in a thread of its own while the ones before are worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

GRACE_S = 5.0
"""How long leaving waits for a value that is being made; its thread ends by itself after it."""


class _End:
    """The last thing in the queue, with what stopped the thread."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class ReadAhead(Generic[T]):
    """An iterator over a generator's values, at most ``ahead`` of which wait; a context manager.

    What the generator raises is raised where its value would have come.  Leaving early closes the generator.
    """

    def __init__(self, values: Generator[T], *, ahead: int) -> None:
        self._values = values
        self._queue: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        self._slots = threading.Semaphore(ahead)
        self._stop = threading.Event()
        self._end: _End | None = None
        self._thread = threading.Thread(target=self._work, name="read-ahead", daemon=True)

    def __enter__(self) -> ReadAhead[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._slots.release()
        self._thread.join(None if kind is None else GRACE_S)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._end is None:
            value = self._queue.get()
            if not isinstance(value, _End):
                self._slots.release()
                return value
            self._end = value
        if self._end.error is not None:
            raise self._end.error
        raise StopIteration

    def waiting(self) -> T | None:
        """The next value if it is there already; None otherwise.  Never waits and never raises."""
        if self._end is not None or self._queue.empty():
            return None
        value = self._queue.get()  # nobody else takes from it
        if isinstance(value, _End):
            self._end = value
            return None
        self._slots.release()
        return value

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            while self._slots.acquire() and not self._stop.is_set():
                try:
                    self._queue.put(next(self._values))
                except StopIteration:
                    break
            self._values.close()
        except BaseException as caught:  # it is raised again in the thread that waits for the value
            error = caught
        self._queue.put(_End(error))
