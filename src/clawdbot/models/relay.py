"""A call read with time limits: it runs elsewhere, and stops when the reader leaves.

The reader waits in Python, where Ctrl-C and what interrupts its run reach it, and never longer than the limits say,
whatever the other side does.  A native call runs :class:`InThread` and notices at its next ``emit``; an asynchronous
one :class:`InLoop`, where leaving cancels it, which closes its connection at once.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from clawdbot.models import interruption
from clawdbot.models.limits import Limits, Watch

T = TypeVar("T")
Item = TypeVar("Item", covariant=True)
_EXIT_S = 1.0
"""Most that closing connections may hold up the end of the process."""
Emit = Callable[[T], bool]
"""Hands an item to the reader; True: stop, the reader has left."""


class Source(Protocol[Item]):
    """Something that emits items until it is done or told to stop."""

    def start(self, emit: Emit[Item], done: Callable[[BaseException | None], None]) -> None:
        """Begin; ``done`` is called once, with the error if there was one."""

    def stop(self) -> None:
        """Nobody reads any more."""


class InThread(Generic[T]):
    """A blocking producer in a thread of its own, which may outlive the call: native code cannot be interrupted."""

    def __init__(self, produce: Callable[[Emit[T]], None]) -> None:
        self._produce = produce

    def start(self, emit: Emit[T], done: Callable[[BaseException | None], None]) -> None:
        def work() -> None:
            try:
                self._produce(emit)
            except BaseException as error:  # handed to the reader, which raises it
                done(error)
            else:
                done(None)

        threading.Thread(target=work, name="model-call", daemon=True).start()

    def stop(self) -> None:
        """The producer learns it from ``emit``."""


class InLoop(Generic[T]):
    """An asynchronous producer in the one event loop of model calls."""

    def __init__(self, produce: Callable[[Emit[T]], Coroutine[Any, Any, None]]) -> None:
        self._produce = produce
        self._future: Future[None] | None = None

    def start(self, emit: Emit[T], done: Callable[[BaseException | None], None]) -> None:
        async def work() -> None:
            try:
                await self._produce(emit)
            except Exception as error:  # handed to the reader, which raises it
                done(error)
            else:
                done(None)

        self._future = asyncio.run_coroutine_threadsafe(work(), the_loop())

    def stop(self) -> None:
        """Cancel it, wherever it waits."""
        if self._future is not None:
            self._future.cancel()


class _Done:
    """The source has ended, or raised ``error``."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Relay(Generic[T]):
    """Iterate over what ``source`` emits.  Raises TimeIsUp when a limit passes, Interrupted when the run must stop,
    else what the source raises.

    ``begins`` tells whether an item is part of the answer; others are signs of life before it.
    """

    def __init__(self, source: Source[T], *, limits: Limits, begins: Callable[[T], bool] = lambda item: True) -> None:
        self._source = source
        self._limits = limits
        self._begins = begins
        self._queue: queue.SimpleQueue[T | _Done] = queue.SimpleQueue()
        self._left = threading.Event()

    def __iter__(self) -> Iterator[T]:
        watch = Watch(self._limits)
        interruption.check()
        try:
            self._source.start(self._emit, lambda error: self._queue.put(_Done(error)))
            with interruption.waking(lambda: self._queue.put(_Done(interruption.Interrupted()))):
                while True:
                    try:
                        item = self._queue.get(timeout=watch.left_s())
                    except queue.Empty:
                        raise watch.up() from None
                    if isinstance(item, _Done):
                        if item.error is not None:
                            raise item.error
                        return
                    watch.alive(begun=self._begins(item))
                    if watch.overdue():  # pieces that keep coming do not buy time
                        raise watch.up()
                    yield item
        finally:
            self._left.set()
            self._source.stop()

    def _emit(self, item: T) -> bool:
        self._queue.put(item)
        return self._left.is_set()


_loop: asyncio.AbstractEventLoop | None = None
_loop_lock = threading.Lock()


def the_loop() -> asyncio.AbstractEventLoop:
    """The event loop of all asynchronous model calls: clients that keep connections belong to one loop."""
    global _loop
    with _loop_lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_loop.run_forever, name="model-calls", daemon=True)
            thread.start()
            atexit.register(_end, _loop, thread)
        return _loop


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    with contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(_cancel_the_rest(), loop).result(timeout=_EXIT_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=_EXIT_S)
    if not thread.is_alive():
        loop.close()


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
