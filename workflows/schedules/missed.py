"""What becomes of instants that passed while nobody looked.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from clawdbot.workflows.schedules.trigger import Trigger


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What becomes of one instant: started in time, started late, or missed."""

    due: datetime
    what: Literal["start", "late", "missed"]


def plan(
    due: Sequence[datetime], trigger: Trigger, *, now: datetime, late: timedelta, more: bool = False
) -> tuple[Planned, ...]:
    """What becomes of each of these instants, none of which is after ``now``; they rise.

    One that is at most ``late`` old is in time.  Of the older ones ``skip`` starts none, ``all`` each, ``once`` the
    last, unless a later start makes up for all of them, and ``within`` those that are not older than it says.
    ``more``: later ones that are due too are planned afterwards.
    """
    in_time = [moment for moment in due if now - moment <= late]
    passed = due[: len(due) - len(in_time)]
    made_up: set[datetime] = set()
    if trigger.missed == "all":
        made_up = set(passed)
    elif trigger.missed == "once" and passed and not in_time and not more:
        made_up = {passed[-1]}
    elif (within := trigger.made_up_within) is not None:
        made_up = {moment for moment in passed if now - moment <= within}
    return tuple(
        Planned(due=moment, what="start" if now - moment <= late else "late" if moment in made_up else "missed")
        for moment in due
    )
