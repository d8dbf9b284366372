"""Jitter: starts of many schedules that are due at once are spread, each by the same amount whoever asks."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

_PARTS = 2**64


def ready_at(schedule: str, due: datetime, jitter_s: float) -> datetime:
    """The moment, from ``due`` to ``jitter_s`` seconds later, before which the run does not begin."""
    draw = hashlib.sha256(f"jitter {schedule} {due.timestamp()}".encode()).digest()
    return due + timedelta(seconds=jitter_s * (int.from_bytes(draw[:8]) / _PARTS))
