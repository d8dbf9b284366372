"""Lengths of time as people write them: '90m', '1h30m', '2d'."""

from __future__ import annotations

import re
from datetime import timedelta

from clawdbot.config import WrongValue

PATTERN = r"^([0-9]+(\.[0-9]+)?\s*[wdhms]\s*)+$"
"""For JSON Schema; what counts is :func:`duration`."""

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([wdhms])\s*")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_LONGEST = timedelta(days=3660)


def duration(text: str) -> timedelta:
    """The length that a text says: numbers with w, d, h, m or s; at most ten years.  WrongValue for another text."""
    low = text.strip().lower()
    if not re.fullmatch(PATTERN, low):
        raise WrongValue(f"{text!r} is no length of time", hint="Write it as 90m, 1h30m, 2d or 1w.")
    seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in _PART.findall(low))
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise WrongValue(f"{text!r} is no useful length of time", hint="Write more than 0s and at most ten years.")
    return timedelta(seconds=seconds)
