"""What a worker tells of itself, as values; the terminal puts them into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

WorkerEventKind = Literal[
    "up",
    "began",
    "ended",
    "lost",
    "failed",
    "store_away",
    "store_back",
    "duty_failed",
    "draining",
    "stopping",
    "left",
    "down",
]
"""``lost``: another has the run now; ``failed``: an error that nobody expected ended the work on a run, not the run;
``left``: a run did not stop in time and goes on elsewhere when its lease has run out."""


@dataclass(frozen=True, kw_only=True)
class WorkerEvent:
    """One thing that happened.  ``name`` is the duty, ``text`` a status, an error or a goal, ``trace`` a traceback."""

    kind: WorkerEventKind
    run_id: str = ""
    name: str = ""
    text: str = ""
    verdict: str | None = None
    seconds: float = 0.0
    count: int = 0
    trace: str = ""


Tell = Callable[[WorkerEvent], None]
"""Takes events from several threads, in the order in which they happen; must not raise."""


def untold(event: WorkerEvent) -> None:
    """For a worker that nobody listens to."""
