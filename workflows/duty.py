"""Housekeeping: what one worker at a time does besides runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Work that is done every ``period_s`` seconds by whichever worker has it.

    ``tick`` does what is due and returns; it may run at the same time in another process for a moment, when a worker
    stood still past its lease, so it must be safe on its own.  What it raises is told, and it is called again.
    """

    name: str
    period_s: float
    tick: Callable[[], None]
