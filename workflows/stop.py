"""The signal that tells a run to stop at its next safe place, and why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from clawdbot.errors import ClawdbotError, Drained, LeaseLost, RunCancelled
from clawdbot.models.interruption import Interruption

StopReason = Literal["cancelled", "drain", "lost"]
"""A person cancelled the run; its worker ends; another has the run now."""

_WEIGHT: dict[StopReason, int] = {"drain": 0, "cancelled": 1, "lost": 2}


class Stop:
    """Asked from any thread, heeded by the run's own: between nodes and steps by :meth:`check`, and a model call that
    is under way in a context with :attr:`interruption` ends at once.

    A weightier reason takes the place of a lighter one: what was cancelled is not put back into the queue, and whoever
    lost a run writes nothing of it.
    """

    def __init__(self, run_id: str = "") -> None:
        self.run_id = run_id
        self.interruption = Interruption()
        self._lock = threading.Lock()
        self._reason: StopReason | None = None

    @property
    def reason(self) -> StopReason | None:
        """Why; None while the run may go on."""
        return self._reason

    def ask(self, reason: StopReason) -> None:
        """Tell the run to stop."""
        with self._lock:
            if self._reason is None or _WEIGHT[reason] > _WEIGHT[self._reason]:
                self._reason = reason
        self.interruption.interrupt()

    def error(self) -> ClawdbotError:
        """What is raised at the place where the run stops."""
        if self._reason == "lost":
            return LeaseLost(self.run_id)
        if self._reason == "cancelled":
            return RunCancelled(f"Run {self.run_id} was cancelled.")
        return Drained(f"Run {self.run_id} goes on when a worker takes it.")

    def check(self) -> None:
        """Raise LeaseLost, RunCancelled or Drained when the run was told to stop."""
        if self._reason is not None:
            raise self.error()

    @contextmanager
    def passed_on(self, to: Stop) -> Iterator[None]:
        """While inside, ``to`` is told what this one is told: a workflow's run passes it on to its children."""

        def tell() -> None:
            if self._reason is not None:
                to.ask(self._reason)

        with self.interruption.waking(tell):
            yield
