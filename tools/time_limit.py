"""Calls with a time limit, in threads that are kept for the next call.

Python cannot kill a thread: a call that runs past its limit is given up, not stopped.  Its thread goes on in the
background until the call returns, and a daemon thread never keeps the process from ending.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class LimitReached(Exception):
    """The call did not return in time and was given up."""


class _Job(Generic[T]):
    def __init__(self, function: Callable[[], T]) -> None:
        self.function = function
        self.context = contextvars.copy_context()
        self.finished = threading.Event()
        self.outcome: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.outcome = self.context.run(self.function)
        except BaseException as error:  # even SystemExit belongs to the caller, not to this thread
            self.error = error


class CallThreads:
    """A growing set of reused daemon threads; safe to share between threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: deque[SimpleQueue[_Job[object]]] = deque()

    def run(self, function: Callable[[], T], *, limit_s: float) -> T:
        """What ``function`` returns or raises; LimitReached after ``limit_s`` seconds.  Context variables are kept."""
        job: _Job[T] = _Job(function)
        try:
            queue = self._idle.pop()
        except IndexError:
            queue = SimpleQueue()
            threading.Thread(target=self._serve, args=(queue,), name=self._name, daemon=True).start()
        queue.put(job)  # type: ignore[arg-type]  # a queue of jobs of any outcome
        if not job.finished.wait(limit_s):
            raise LimitReached
        if job.error is not None:
            raise job.error
        return job.outcome  # type: ignore[return-value]  # set, for there was no error

    def _serve(self, queue: SimpleQueue[_Job[object]]) -> None:
        while True:
            job = queue.get()
            job.run()
            self._idle.append(queue)  # before the caller wakes up, so that its next call finds this thread
            job.finished.set()
            del job  # an idle thread holds on to no result
