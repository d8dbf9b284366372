"""The policies for missed instants, as pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.workflows.schedules.missed import plan
from clawdbot.workflows.schedules.trigger import Trigger

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATE = timedelta(seconds=60)


def planned(missed: Any, ages_s: list[int], *, more: bool = False) -> list[str]:
    trigger = Trigger(name="t", every="1h", missed=missed)
    due = [NOW - timedelta(seconds=age) for age in ages_s]
    return [one.what for one in plan(due, trigger, now=NOW, late=LATE, more=more)]


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("skip", ["missed", "missed", "missed", "start"]),
        ("once", ["missed", "missed", "missed", "start"]),
        ("all", ["late", "late", "late", "start"]),
        ({"within": "31m"}, ["missed", "late", "late", "start"]),
        ({"within": "1s"}, ["missed", "missed", "missed", "start"]),
    ],
)
def test_with_one_in_time(missed: Any, expected: list[str]) -> None:
    assert planned(missed, [7200, 1800, 61, 60]) == expected


def test_once_is_the_last_one_of_the_whole_absence() -> None:
    assert planned("once", [7200, 3600, 1800]) == ["missed", "missed", "late"]
    assert planned("once", [7200, 3600, 1800], more=True) == ["missed"] * 3


@given(
    st.lists(st.integers(0, 20_000), max_size=40, unique=True).map(lambda ages: sorted(ages, reverse=True)),
    st.sampled_from(["skip", "once", "all", {"within": "1h"}]),
    st.booleans(),
)
def test_each_instant_becomes_one_thing(ages: list[int], missed: Any, more: bool) -> None:
    found = planned(missed, ages, more=more)
    assert len(found) == len(ages)
    assert [what == "start" for what in found] == [age <= 60 for age in ages]
    late = found.count("late")
    passed = [age for age in ages if age > 60]
    most = {"skip": 0, "once": 1, "all": len(passed)}
    assert late == (most[missed] if isinstance(missed, str) else sum(age <= 3600 for age in passed)) or missed == "once"
    if missed == "once":
        assert late == int(bool(passed) and "start" not in found and not more)
