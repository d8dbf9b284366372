"""A worker's sign of life, and the duties that it has: each in a thread, each done by one worker at a time."""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Sequence

from clawdbot.errors import StoreError
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.duty import Duty
from clawdbot.workflows.outage import Outage
from clawdbot.workflows.worker_events import Tell, WorkerEvent

_BEATS = 3
"""Signs of life in one lease."""
_MOST_PATIENT_S = 60.0
"""Most seconds that a duty waits longer than its period after it failed."""


class Housekeeping:
    """Threads beside the runs of the worker ``name``; ``begin`` starts them, ``end`` gives the duties back."""

    def __init__(self, duties: Sequence[Duty], *, ledger: RunLedger, name: str, outage: Outage, tell: Tell) -> None:
        self._ledger = ledger
        self._name = name
        self._outage = outage
        self._tell = tell
        self._over = threading.Event()
        self._held: set[str] = set()
        self._threads = [threading.Thread(target=self._beat, name="beat", daemon=True)] + [
            threading.Thread(target=self._do, args=(duty,), name=f"duty {duty.name}", daemon=True) for duty in duties
        ]

    def begin(self) -> None:
        """Start giving signs of life, and doing whatever nobody else does."""
        for thread in self._threads:
            thread.start()

    def end(self, *, within_s: float) -> None:
        """Stop, waiting so long for a duty that is being done; others may take the duties at once."""
        self._over.set()
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))
        with contextlib.suppress(StoreError):  # then the leases run out by themselves
            self._ledger.duties.release(self._name)

    def _beat(self) -> None:
        pause = self._ledger.duties.lease_s / _BEATS
        while not self._over.wait(pause):
            try:
                self._ledger.workers.beat(self._name)
                for duty in tuple(self._held):  # also while one takes longer than its lease
                    self._take(duty)
            except StoreError as error:
                self._outage.began(error)
            else:
                self._outage.over()

    def _do(self, duty: Duty) -> None:
        failures, said = 0, ""
        while not self._over.is_set():
            mine = False
            try:
                mine = self._take(duty.name)
                if mine:
                    duty.tick()
                failures, said = 0, ""
                self._outage.over()
            except StoreError as error:
                failures += 1
                self._outage.began(error)
            except Exception as error:
                failures += 1
                if str(error) != said:  # the same again and again is said once
                    said = str(error)
                    self._failed(duty, error)
            pause = duty.period_s if mine else min(duty.period_s, self._ledger.duties.lease_s)
            self._over.wait(self._outage.pause_s(pause) + min(failures**2, _MOST_PATIENT_S))

    def _take(self, duty: str) -> bool:
        mine = self._ledger.duties.take(duty, self._name)
        if mine:
            self._held.add(duty)
        else:
            self._held.discard(duty)
        return mine

    def _failed(self, duty: Duty, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self._tell(WorkerEvent(kind="duty_failed", name=duty.name, text=str(error), trace=trace))
