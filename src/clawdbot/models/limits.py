"""The time limits of one call, on a clock that no change of the date can move."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from clawdbot.errors import ModelUnavailable
from clawdbot.models.unavailable import late, not_begun, stalled

Which = Literal["first", "stall", "total"]


class TimeIsUp(Exception):
    """A limit has passed: until the answer began, between two pieces, or of the whole call."""

    def __init__(self, which: Which, seconds: float) -> None:
        super().__init__()
        self.which = which
        self.seconds = seconds

    def explained(self, model: str) -> ModelUnavailable:
        """The error for those who asked ``model``."""
        if self.which == "stall":
            return stalled(model, self.seconds)
        return not_begun(model, self.seconds) if self.which == "first" else late(model, self.seconds)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds: until the answer begins, between two pieces of it, and in all."""

    first_s: float
    stall_s: float
    total_s: float

    @classmethod
    def only(cls, total_s: float) -> Limits:
        """One limit for everything."""
        return cls(first_s=total_s, stall_s=total_s, total_s=total_s)


class Watch:
    """Which of the limits is next, for one call that begins now."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.total_s
        self._sign = time.monotonic()
        self._begun = False

    def alive(self, *, begun: bool) -> None:
        """Something came; ``begun``: it was a part of the answer, not only a sign of work on it."""
        self._sign = time.monotonic()
        self._begun = self._begun or begun

    def left_s(self) -> float:
        """Seconds until the next limit, not below 0."""
        return max(0.0, min(self._end, self._quiet_until()) - time.monotonic())

    def overdue(self) -> bool:
        """The whole call's limit has passed."""
        return time.monotonic() > self._end

    def up(self) -> TimeIsUp:
        """The limit that has passed."""
        if self._end <= self._quiet_until():
            return TimeIsUp("total", self._limits.total_s)
        if self._begun:
            return TimeIsUp("stall", self._limits.stall_s)
        return TimeIsUp("first", self._limits.first_s)

    def _quiet_until(self) -> float:
        return self._sign + (self._limits.stall_s if self._begun else self._limits.first_s)
