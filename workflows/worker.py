"""A worker: takes runs out of the queue and works on some of them at once, until it is told to stop."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import clawdbot
from clawdbot.config import WorkerConfig
from clawdbot.errors import ClawdbotError, LeaseLost, StoreError
from clawdbot.failpoints import reach
from clawdbot.store.ledger import RunLedger
from clawdbot.store.owner import this_process
from clawdbot.store.queue import Claimed, Limits
from clawdbot.workflows.duty import Duty
from clawdbot.workflows.grace import GRACE_S
from clawdbot.workflows.housekeeping import Housekeeping
from clawdbot.workflows.outage import Outage
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.stop import Stop
from clawdbot.workflows.worker_events import Tell, WorkerEvent, untold

Work = Callable[[Claimed, Stop], RunResult]
"""Drives a claimed run to its end, to a question for a person, or back into the queue; see ``RunEngine.work``."""

Until = Literal["told", "one", "empty"]
"""When a worker ends by itself: never, after one run, or when there is nothing to do."""

_FULL_S = 60.0
"""With all slots taken nothing but a run that ends is waited for; looked up now and then all the same."""


class Worker:
    """Works on up to ``slots`` runs at once, each in a thread.

    ``run`` is called once, from the thread that signals are handled in; ``drain`` from anywhere, also from a handler of
    a signal.  Limits, poll and drain times are those of [worker].
    """

    def __init__(
        self,
        work: Work,
        *,
        ledger: RunLedger,
        settings: WorkerConfig,
        duties: Sequence[Duty] = (),
        label: str = "",
        slots: int = 0,
        tell: Tell = untold,
    ) -> None:
        self.name = this_process()
        self.label = label
        self.slots = slots or settings.slots
        self._work = work
        self._ledger = ledger
        self._settings = settings
        self._limits = Limits(everybody=settings.everybody or None, per_user=settings.per_user or None)
        self._tell = tell
        self._outage = Outage(tell)
        self._keeping = Housekeeping(duties, ledger=ledger, name=self.name, outage=self._outage, tell=tell)
        self._active: dict[str, Stop] = {}
        self._lock = threading.Lock()
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put may be called by a signal's handler
        self._draining = False
        self._taken = 0

    def drain(self) -> None:
        """Take nothing more; runs may end within [worker] drain_s and are put back into the queue after it."""
        self._draining = True
        self._woken.put(None)

    def run(self, *, until: Until = "told") -> int:
        """Work until drained; returns how many runs did not stop in time and still hold their threads.

        Raises StoreError when the ledger cannot be used at the start.
        """
        version = clawdbot.__version__
        self._ledger.workers.register(self.name, label=self.label, slots=self.slots, version=version)
        self._keeping.begin()
        self._tell(WorkerEvent(kind="up", name=self.name, count=self.slots))
        try:
            while not self._draining:
                self._fill(until)
                if until != "told" and not self._active:
                    break
                self._pause()
            self._let_go()
        finally:
            self._keeping.end(within_s=GRACE_S)
            with contextlib.suppress(StoreError):
                self._ledger.workers.end(self.name)
        left = self._runs()
        for run_id in left:
            self._tell(WorkerEvent(kind="left", run_id=run_id))
        reach("worker.before_exit")
        self._tell(WorkerEvent(kind="down", name=self.name))
        return len(left)

    def _fill(self, until: Until) -> None:
        """Take runs while there are any and slots are free."""
        while not self._draining and len(self._active) < self.slots:
            if until == "one" and self._taken:
                return
            claimed = self._claim()
            if claimed is None:
                return
            reach("worker.claimed")
            self._taken += 1
            run_id = claimed.lease.run_id
            stop = Stop(run_id)
            with self._lock:
                self._active[run_id] = stop
            threading.Thread(target=self._work_on, args=(claimed, stop), name=run_id, daemon=True).start()

    def _claim(self) -> Claimed | None:
        try:
            claimed = self._ledger.queue.claim(self.name, limits=self._limits, worked_on=self._runs())
        except StoreError as error:
            self._outage.began(error)
            return None
        self._outage.over()
        return claimed

    def _pause(self) -> None:
        """Wait until a slot gets free, somebody drains, or it is time to look again; workers look at random moments."""
        wait = _FULL_S if len(self._active) >= self.slots else self._outage.pause_s(self._settings.poll_s)
        self._wait(wait)

    def _wait(self, seconds: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._woken.get(timeout=seconds)
            while True:
                self._woken.get_nowait()

    def _work_on(self, claimed: Claimed, stop: Stop) -> None:
        run_id, begun = claimed.lease.run_id, time.monotonic()
        self._tell(WorkerEvent(kind="began", run_id=run_id, text=claimed.goal, count=claimed.attempts))
        try:
            result = self._work(claimed, stop)
            seconds = time.monotonic() - begun
            ended = WorkerEvent(
                kind="ended", run_id=run_id, text=result.status, verdict=result.verdict, seconds=seconds
            )
        except LeaseLost:
            ended = WorkerEvent(kind="lost", run_id=run_id)
        except StoreError as error:
            self._outage.began(error)
            ended = WorkerEvent(kind="failed", run_id=run_id, text=str(error))
        except ClawdbotError as error:
            ended = WorkerEvent(kind="failed", run_id=run_id, text=str(error))
        except BaseException as error:  # whatever a tool raises, the other runs go on
            trace = "".join(traceback.format_exception(error))
            ended = WorkerEvent(kind="failed", run_id=run_id, text=f"{type(error).__name__}: {error}", trace=trace)
        self._tell(ended)  # before the run counts as ended, after which the process may be gone
        with self._lock:
            del self._active[run_id]
        self._woken.put(None)

    def _let_go(self) -> None:
        """Wait for the runs that go on, then tell them to stop at their next safe place, and wait for that."""
        with contextlib.suppress(StoreError):
            self._ledger.workers.drain(self.name)
        if self._active:
            self._tell(WorkerEvent(kind="draining", count=len(self._active), seconds=self._settings.drain_s))
        self._await_end(self._settings.drain_s)
        if self._active:
            self._tell(WorkerEvent(kind="stopping", count=len(self._active)))
            for stop in self._stops().values():
                stop.ask("drain")
            self._await_end(GRACE_S)
        reach("worker.drained")

    def _await_end(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._active and (left := until - time.monotonic()) > 0:
            self._wait(left)

    def _stops(self) -> Mapping[str, Stop]:
        with self._lock:
            return dict(self._active)

    def _runs(self) -> tuple[str, ...]:
        return tuple(self._stops())
