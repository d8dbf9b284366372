"""When a trigger by time is due.  Pure: moments in, moments out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from clawdbot.workflows.schedules import cron
from clawdbot.workflows.schedules.trigger import Trigger


def instants(trigger: Trigger, *, zone: ZoneInfo, since: datetime, after: datetime) -> Iterator[datetime]:
    """All instants later than ``after``, rising, in UTC; none for a trigger that is not by time.

    ``since`` is when the trigger was switched on: intervals are counted from it, in elapsed time.
    """
    if trigger.kind == "cron":
        yield from cron.instants(trigger.cron, zone, after=after)
    elif trigger.kind == "every":
        yield from _every(trigger, since=since.astimezone(UTC), after=after)
    elif trigger.kind == "at":
        moment = datetime.fromisoformat(trigger.at)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        if moment > after:
            yield moment


def first_after(trigger: Trigger, *, zone: ZoneInfo, since: datetime, after: datetime) -> datetime | None:
    """The next instant."""
    return next(instants(trigger, zone=zone, since=since, after=after), None)


def up_to(
    trigger: Trigger, *, zone: ZoneInfo, since: datetime, first: datetime, now: datetime, most: int
) -> tuple[Sequence[datetime], datetime | None]:
    """The instants from ``first``, which is one, up to ``now``, but not more than ``most``, and the next one after
    them, which may be due as well."""
    later = instants(trigger, zone=zone, since=since, after=first)
    due = [first, *islice(takewhile(lambda moment: moment <= now, later), most - 1)] if first <= now else []
    if not due:
        return [], first
    return due, first_after(trigger, zone=zone, since=since, after=due[-1])


def _every(trigger: Trigger, *, since: datetime, after: datetime) -> Iterator[datetime]:
    count = max((after - since) // trigger.interval, 0) + 1
    while True:
        try:
            yield since + count * trigger.interval
        except OverflowError:  # the calendar ends
            return
        count += 1
