"""Named places between two states of a run, at which a crash can be ordered: what a test kills, it kills exactly there.

Nothing happens at them unless the environment says so: ``CLAWDBOT_FAILPOINT="outbox.sending:2"`` kills this process
with SIGKILL when it comes to that place for the second time, ``"outbox.sending:2:STOP"`` stops it there until somebody
continues it.  See docs/adr/0033-chaos.md and ``python -m benchmarks.chaos``.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from functools import lru_cache
from typing import Literal, get_args

from clawdbot.errors import ConfigError

VARIABLE = "CLAWDBOT_FAILPOINT"
"""The environment variable: NAME:COUNT or NAME:COUNT:SIGNAL."""

Failpoint = Literal[
    "run.accepted",
    "run.claimed",
    "checkpoint.before",
    "checkpoint.after",
    "run.before_end",
    "run.after_end",
    "run.before_wait",
    "run.after_wait",
    "worker.claimed",
    "worker.drained",
    "worker.before_exit",
    "effect.intent",
    "effect.done",
    "outbox.queued",
    "outbox.sending",
    "mail.accepted",
    "outbox.sent",
    "notice.posted",
    "notice.delivered",
    "approval.asked",
    "approval.decided",
    "step.began",
    "step.done",
    "child.begun",
    "schedule.before_fire",
    "schedule.after_fire",
    "budget.reserved",
    "budget.settled",
]

FAILPOINTS: tuple[Failpoint, ...] = get_args(Failpoint)

_passed: dict[str, itertools.count[int]] = {}
"""How often each place was passed; ``next`` of a count is one step even between threads."""


def reach(name: Failpoint) -> None:
    """Say that this place is passed; the process may end here."""
    order = os.environ.get(VARIABLE)
    if not order:
        return
    wanted, count, number = _ordered(order)
    if name == wanted and next(_passed.setdefault(name, itertools.count(1))) == count:
        # To this thread: a signal to the process lets it go on for a moment when another thread takes the signal.
        signal.pthread_kill(threading.get_ident(), number)


@lru_cache(maxsize=1)
def _ordered(words: str) -> tuple[str, int, signal.Signals]:
    """The place, the time and the signal of an order; ConfigError says how one is written."""
    name, _, rest = words.partition(":")
    count, _, number = rest.partition(":")
    try:
        found = name, int(count or 1), signal.Signals[f"SIG{number or 'KILL'}"]
    except (ValueError, KeyError):
        found = "", 0, signal.SIGKILL
    if found[0] not in FAILPOINTS or found[1] < 1:
        raise ConfigError(
            f"{VARIABLE} is {words!r}, which names no place to fail at.",
            hint=f"Write NAME:COUNT or NAME:COUNT:SIGNAL with one of: {', '.join(FAILPOINTS)}.",
        )
    return found
