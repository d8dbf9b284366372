"""Intervals and single moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.workflows.schedules.due import first_after, instants, up_to
from clawdbot.workflows.schedules.trigger import Trigger

NEW_YORK = ZoneInfo("America/New_York")
SINCE = datetime(2026, 10, 31, 20, 15, tzinfo=UTC)


def trigger(**when: Any) -> Trigger:
    return Trigger(name="t", **when)


@pytest.mark.parametrize("change", [datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2027, 3, 14, 7, tzinfo=UTC)])
@pytest.mark.parametrize("every", ["90m", "1h", "1d"])
def test_intervals_are_elapsed_time_whatever_the_clocks_do(change: datetime, every: str) -> None:
    one = trigger(every=every)
    found = list(islice(instants(one, zone=NEW_YORK, since=SINCE, after=change - one.interval * 3), 8))
    assert {later - earlier for earlier, later in pairwise(found)} == {one.interval}
    assert (found[0] - SINCE) % one.interval == timedelta(0)


@given(st.integers(1, 10_000), st.integers(-1000, 1_000_000))
def test_an_interval_never_comes_before_its_first_end(minutes: int, later: int) -> None:
    one = trigger(every=f"{minutes}m")
    after = SINCE + timedelta(seconds=later)
    found = first_after(one, zone=NEW_YORK, since=SINCE, after=after)
    assert found is not None
    assert found > after
    assert found >= SINCE + one.interval
    assert found - max(after, SINCE) <= one.interval


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-31T17:00", datetime(2026, 12, 31, 22, tzinfo=UTC)),
        ("2026-12-31T17:00:00+08:00", datetime(2026, 12, 31, 9, tzinfo=UTC)),
        ("2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # doubled: the first of the two
        (datetime(2026, 12, 31, 17), datetime(2026, 12, 31, 22, tzinfo=UTC)),  # as TOML has it
    ],
)
def test_one_moment_in_the_zone_unless_it_says_its_own(at: Any, expected: datetime) -> None:
    assert list(instants(trigger(at=at), zone=NEW_YORK, since=SINCE, after=SINCE)) == [expected]
    assert first_after(trigger(at=at), zone=NEW_YORK, since=SINCE, after=expected) is None


def test_what_is_not_by_time_is_never_due() -> None:
    after = trigger(after={"workflow": "other"})
    assert first_after(after, zone=NEW_YORK, since=SINCE, after=SINCE) is None


def test_so_many_instants_and_the_next_one() -> None:
    one = trigger(every="1h")
    first, now = SINCE + timedelta(hours=1), SINCE + timedelta(hours=5, minutes=30)
    hours = [SINCE + timedelta(hours=n) for n in range(8)]
    assert up_to(one, zone=NEW_YORK, since=SINCE, first=first, now=now, most=100) == (hours[1:6], hours[6])
    assert up_to(one, zone=NEW_YORK, since=SINCE, first=first, now=now, most=2) == (hours[1:3], hours[3])
    assert up_to(one, zone=NEW_YORK, since=SINCE, first=first, now=SINCE, most=2) == ([], first)


def test_long_intervals_end_with_the_calendar() -> None:
    found = list(instants(trigger(every="3650d"), zone=NEW_YORK, since=SINCE, after=datetime(9960, 1, 1, tzinfo=UTC)))
    assert 3 <= len(found) <= 4
