"""Keeps so many worker processes alive as are wanted, and starts those again that end unasked."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from clawdbot.store.owner import process_name, this_process
from clawdbot.workflows.supervision import Supervision, SupervisorState, WorkerProcess

_LOOK_S = 0.2
"""Seconds between two looks at the workers and at what is wanted."""
_BACK_OFF_S = (1.0, 30.0)
"""Pause before a worker that ended unasked is started again: at first, and at most after it failed again and again."""
_SETTLED_S = 60.0
"""A worker that lived so long is started again without a pause."""
_LOG_BYTES = 5_000_000
"""A longer log is put aside when its worker starts."""

Ending = Literal["no", "drain", "at_once"]


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A place for a worker: the process that fills it, or the moment at which the next one is started."""

    worker: WorkerProcess
    started: float
    child: subprocess.Popen[bytes] | None
    failures: int = 0
    due: float | None = None


class Supervisor:
    """Runs until it is told to end; ``command`` gives the arguments that start the worker with a label.

    Workers of a supervisor that was killed are taken over, not started a second time.
    """

    def __init__(
        self, supervision: Supervision, *, command: Callable[[str], Sequence[str]], logs: Path, patience_s: float
    ) -> None:
        """``patience_s`` is how long workers may take to end before they are killed."""
        self._supervision = supervision
        self._command = command
        self._logs = logs
        self._patience_s = patience_s
        self._ending: Ending = "no"
        self._kept: list[_Kept] = []
        self._told: SupervisorState | None = None

    def end(self, *, at_once: bool = False) -> None:
        """Let the workers drain, or kill them; may be called by a signal's handler."""
        self._ending = "at_once" if at_once or self._ending == "at_once" else "drain"

    def run(self, workers: int) -> None:
        """Keep so many workers alive, or as many as are wanted later, until :meth:`end`; UsageError when another
        supervisor does."""
        with self._supervision.alone():
            self._supervision.want(workers)
            self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._adopt()
            while self._ending == "no":
                self._look()
                time.sleep(_LOOK_S)
            self._finish()

    def _adopt(self) -> None:
        before = self._supervision.state()
        alive = [worker for worker in before.workers if worker.alive] if before else []
        self._kept = [_Kept(worker=worker, started=time.monotonic(), child=None) for worker in alive]

    def _look(self) -> None:
        moment = time.monotonic()
        self._kept = [kept for place in self._kept if (kept := self._seen(place, moment)) is not None]
        wanted = self._supervision.wanted() or 0
        staying = [kept for kept in self._kept if not kept.worker.ending]
        for kept in staying[wanted:]:
            self._let_go(kept)
        for _ in range(wanted - len(staying)):
            self._kept.append(self._started(self._free_label(), restarts=0, failures=0))
            self._write(wanted)  # at once, so that the next supervisor finds it should this one be killed
        self._write(wanted)

    def _seen(self, kept: _Kept, moment: float) -> _Kept | None:
        """The place as it is now: still filled, waiting, filled anew, or given up."""
        if kept.due is not None:
            if moment < kept.due:
                return kept
            return self._started(kept.worker.label, restarts=kept.worker.restarts, failures=kept.failures)
        if not _ended(kept):
            return kept
        if kept.worker.ending:
            return None
        settled = moment - kept.started >= _SETTLED_S
        failures = 0 if settled else kept.failures + 1
        pause = 0.0 if settled else min(_BACK_OFF_S[0] * 2 ** (failures - 1), _BACK_OFF_S[1])
        worker = replace(kept.worker, restarts=kept.worker.restarts + 1)
        return replace(kept, worker=worker, failures=failures, due=moment + pause)

    def _let_go(self, kept: _Kept) -> None:
        """Tell a worker to drain; a place that waits for a new one is given up at once."""
        self._kept.remove(kept)
        if kept.due is None:
            _send(kept, signal.SIGTERM)
            self._kept.append(replace(kept, worker=replace(kept.worker, ending=True)))

    def _started(self, label: str, *, restarts: int, failures: int) -> _Kept:
        log = self._logs / f"{label}.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            # A session of its own: Ctrl-C in the supervisor's terminal is for the supervisor, which passes it on.
            child = subprocess.Popen(
                self._command(label), stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        worker = WorkerProcess(label=label, name=process_name(child.pid), restarts=restarts)
        return _Kept(worker=worker, started=time.monotonic(), child=child, failures=failures)

    def _free_label(self) -> str:
        taken = {kept.worker.label for kept in self._kept}
        return next(label for n in range(1, len(taken) + 2) if (label := f"worker-{n}") not in taken)

    def _finish(self) -> None:
        self._kept = [kept for kept in self._kept if kept.due is None]
        for kept in self._kept:
            if not kept.worker.ending:
                _send(kept, signal.SIGTERM)
        self._kept = [replace(kept, worker=replace(kept.worker, ending=True)) for kept in self._kept]
        until = time.monotonic() + self._patience_s
        while self._kept and self._ending == "drain" and time.monotonic() < until:
            self._write(0)
            time.sleep(_LOOK_S)
            self._kept = [kept for kept in self._kept if not _ended(kept)]
        for kept in self._kept:
            _send(kept, signal.SIGKILL)
        while self._kept:
            time.sleep(_LOOK_S / 4)
            self._kept = [kept for kept in self._kept if not _ended(kept)]
        self._write(0)

    def _write(self, wanted: int) -> None:
        state = SupervisorState(name=this_process(), wanted=wanted, workers=tuple(kept.worker for kept in self._kept))
        if state != self._told:
            self._supervision.tell(state)
            self._told = state


def _ended(kept: _Kept) -> bool:
    if kept.child is not None:
        return kept.child.poll() is not None
    return not kept.worker.alive


def _send(kept: _Kept, number: signal.Signals) -> None:
    """To that process and to none that was given its number since."""
    if not _ended(kept):
        os.kill(kept.worker.process, number)
