"""Cron's instants in their zones, across both clock changes; the expected ones are written down by hand."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawdbot.config import WrongValue
from clawdbot.workflows.schedules import cron

NEW_YORK = "America/New_York"
AUTUMN = datetime(2026, 10, 30, 12, tzinfo=UTC)  # clocks go back on 1 November 2026, 02:00 EDT = 01:00 EST
SPRING = datetime(2027, 3, 12, 12, tzinfo=UTC)  # clocks go on on 14 March 2027, 02:00 EST = 03:00 EDT


def first(expression: str, zone: str, after: datetime, count: int) -> list[str]:
    """UTC, as 'MM-DD HH:MM'."""
    found = islice(cron.instants(expression, ZoneInfo(zone), after=after), count)
    return [moment.strftime("%m-%d %H:%M") for moment in found]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # Shanghai has no changes: 09:00 is 01:00 UTC all year.
        ("0 9 * * *", "Asia/Shanghai", AUTUMN, ["10-31 01:00", "11-01 01:00", "11-02 01:00"]),
        ("0 9 * * *", "Asia/Shanghai", SPRING, ["03-13 01:00", "03-14 01:00", "03-15 01:00"]),
        # 02:30 is skipped on 14 March: once, right after the gap, at 03:00 EDT.
        ("30 2 * * *", NEW_YORK, AUTUMN, ["10-31 06:30", "11-01 07:30", "11-02 07:30"]),
        ("30 2 * * *", NEW_YORK, SPRING, ["03-13 07:30", "03-14 07:00", "03-15 06:30"]),
        # 01:30 comes twice on 1 November: once, the first time, in EDT.
        ("30 1 * * *", NEW_YORK, AUTUMN, ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("30 1 * * *", NEW_YORK, SPRING, ["03-13 06:30", "03-14 06:30", "03-15 05:30"]),
        # Several times in the gap are one start; those after it stay.
        ("*/20 2 * * *", NEW_YORK, SPRING, ["03-13 07:00", "03-13 07:20", "03-13 07:40", "03-14 07:00", "03-15 06:00"]),
        ("0,30 2,3 14 3 *", NEW_YORK, SPRING, ["03-14 07:00", "03-14 07:30"]),
        ("*/30 1 1 11 *", NEW_YORK, AUTUMN, ["11-01 05:00", "11-01 05:30"]),
        ("0 */2 * * *", NEW_YORK, datetime(2027, 3, 14, 4, tzinfo=UTC), ["03-14 05:00", "03-14 07:00", "03-14 08:00"]),
        # Every hour goes by elapsed time: 25 and 23 of them.
        ("30 * * * *", NEW_YORK, datetime(2026, 11, 1, 5, tzinfo=UTC), ["11-01 05:30", "11-01 06:30", "11-01 07:30"]),
        ("30 0-23 * * *", NEW_YORK, datetime(2026, 11, 1, 5, tzinfo=UTC), ["11-01 05:30", "11-01 06:30"]),
        ("30 * * * *", NEW_YORK, datetime(2027, 3, 14, 6, tzinfo=UTC), ["03-14 06:30", "03-14 07:30", "03-14 08:30"]),
        # A change of half an hour, and one at midnight.
        ("15 2 * * *", "Australia/Lord_Howe", datetime(2026, 10, 2, 20, tzinfo=UTC), ["10-03 15:30", "10-04 15:15"]),
        ("0 0 * * *", "Africa/Cairo", datetime(2026, 4, 23, 12, tzinfo=UTC), ["04-23 22:00", "04-24 21:00"]),
        # Days of the month, weekdays, names, last days.
        ("0 9 1,15 * *", "UTC", SPRING, ["03-15 09:00", "04-01 09:00"]),
        ("0 9 * * MON-FRI", "UTC", SPRING, ["03-15 09:00", "03-16 09:00"]),
        ("0 18 L * *", "Asia/Shanghai", SPRING, ["03-31 10:00", "04-30 10:00"]),
        ("@monthly", "UTC", SPRING, ["04-01 00:00", "05-01 00:00"]),
        ("0 0 29 2 *", "UTC", SPRING, ["02-29 00:00"]),
    ],
)
def test_instants(expression: str, zone: str, after: datetime, expected: list[str]) -> None:
    assert first(expression, zone, after, len(expected)) == expected


def test_asked_within_a_doubled_hour_the_first_of_the_two_does_not_come_again() -> None:
    second_pass = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 01:10 EST; 01:30 EDT has been
    assert first("30 1 * * *", NEW_YORK, second_pass, 1) == ["11-02 06:30"]


def test_asked_at_an_instant_the_next_one_comes() -> None:
    after_gap = datetime(2027, 3, 14, 7, tzinfo=UTC)  # the start that stands for 02:30
    assert first("30 2 * * *", NEW_YORK, after_gap, 1) == ["03-15 06:30"]


MINUTES = {"0": {0}, "30": {30}, "*/15": {0, 15, 30, 45}, "7,59": {7, 59}}
HOURS = {
    "*": set(range(24)), "0-23": set(range(24)),
    "*/3": set(range(0, 24, 3)), "1-3": {1, 2, 3}, "0,23": {0, 23}, "2": {2},
}  # fmt: skip
ZONES = [NEW_YORK, "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana"]


def by_hand(minute: str, hour: str, day: list[datetime]) -> list[datetime]:
    """The same by looking at each minute of the day; those of ``day`` are in the zone."""
    wall = [(moment.hour, moment.minute) for moment in day]
    named = {(h, m) for h in HOURS[hour] for m in MINUTES[minute]}
    if len(HOURS[hour]) == 24:
        return [moment for moment, clock in zip(day, wall, strict=True) if clock in named]
    # Each time once: the first that is not before it on the clock.
    return sorted({next(day[n] for n, clock in enumerate(wall) if clock >= time) for time in named})


@given(
    st.sampled_from(sorted(MINUTES)),
    st.sampled_from(sorted(HOURS)),
    st.sampled_from(ZONES),
    st.dates(datetime(2026, 1, 1).date(), datetime(2028, 1, 1).date()),
)
@example("30", "2", NEW_YORK, datetime(2027, 3, 14).date())
@example("*/15", "1-3", "Europe/Berlin", datetime(2026, 10, 25).date())
@example("7,59", "0-23", "America/Havana", datetime(2026, 11, 1).date())
@example("0", "0,23", "America/Havana", datetime(2027, 3, 14).date())
def test_a_day_has_the_instants_that_looking_at_each_of_its_minutes_gives(
    minute: str, hour: str, zone: str, date: date
) -> None:
    own = ZoneInfo(zone)
    begin = datetime(date.year, date.month, date.day, tzinfo=own).astimezone(UTC)
    after = date + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=own).astimezone(UTC)
    day = [(begin + timedelta(minutes=n)).astimezone(own) for n in range((end - begin) // timedelta(minutes=1))]
    found = list(
        takewhile(
            lambda moment: moment < end,
            cron.instants(f"{minute} {hour} * * *", own, after=begin - timedelta(seconds=1)),
        )
    )
    assert found == [moment.astimezone(UTC) for moment in by_hand(minute, hour, day)]
    for before, moment in pairwise(found):  # it does not matter where one begins
        assert next(cron.instants(f"{minute} {hour} * * *", own, after=before)) == moment


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 9 * *", "has 4 fields"),
        ("0 0 9 * * *", "has 6 fields"),
        ("61 9 * * *", "Bad minute"),
        ("0 25 * * *", "Bad hour"),
        ("0 0 31 2 *", "Bad day-of-month"),
        ("0 0 * 2 MON#6", "Bad day-of-week"),
        ("every day", "has 2 fields"),
    ],
)
def test_what_is_no_expression_is_said(expression: str, said: str) -> None:
    with pytest.raises(WrongValue, match=re.escape(said)) as caught:
        cron.check(expression)
    assert caught.value.hint


def test_instants_that_are_far_apart_end_with_the_calendar() -> None:
    found = list(cron.instants("0 0 29 2 *", ZoneInfo("UTC"), after=datetime(9980, 1, 1, tzinfo=UTC)))
    assert [moment.year for moment in found] == [9980, 9984, 9988, 9992, 9996]
