"""Cron expressions in a time zone: five fields, with the clock changes of daylight saving.

An expression that leaves hours out names times of the day on the wall clock: a time that a change skips comes once,
right after the gap; one that a change doubles comes once, the first time.  One for every hour follows elapsed time:
it comes in each hour that there is, also in both of a doubled one.  (Vixie cron decides by a star in the fields, so
that ``*/15 2 * * *`` would not come at all on the day that has no 2 o'clock; see docs/adr/0032-schedules.md.)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from clawdbot.config import WrongValue

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_HINT = "Write five fields, minute hour day month weekday, for example '0 9 * * MON-FRI'."
_SOME_DAY = datetime(2026, 1, 1)


def check(expression: str) -> None:
    """WrongValue when it is no cron expression, or names a day that no month has."""
    _for_cronsim(expression)


def instants(expression: str, zone: ZoneInfo, *, after: datetime) -> Iterator[datetime]:
    """All instants later than ``after``, rising, in UTC; ends when there is none for fifty years."""
    last = after.astimezone(UTC)
    try:
        for local in CronSim(_for_cronsim(expression), last.astimezone(zone)):
            moment = local.astimezone(UTC)
            # Started within a doubled hour, cronsim begins with the first of the two.
            if moment > last:
                last = moment
                yield moment
    except OverflowError:  # the calendar ends
        return


def _for_cronsim(expression: str) -> str:
    """The same for cronsim, which tells wall clock from elapsed time by whether a field begins with a star."""
    fields = _NAMED.get(expression.strip().lower(), expression).split()
    if len(fields) != 5:
        raise WrongValue(f"the cron expression {expression!r} has {len(fields)} fields", hint=_HINT)
    minute, hour, *days = fields
    try:
        every_hour = CronSim(" ".join(fields), _SOME_DAY).hours == set(range(24))
    except CronSimError as error:
        raise WrongValue(f"the cron expression {expression!r} cannot be read ({error})", hint=_HINT) from None
    if every_hour:
        return " ".join((minute, "*", *days))
    return " ".join((minute.replace("*", "0-59"), hour.replace("*", "0-23"), *days))
