"""Labels that name a time or a size keep their order."""

from __future__ import annotations

import random

import pytest

from clawdbot.tools.chart.buckets import size_positions, time_positions


@pytest.mark.parametrize(
    "ordered",
    [
        ["1996", "1997", "1998"],
        ["1997年", "1998年"],
        ["1997-03", "1997-11", "1998-01"],
        ["1997/3", "1997/12"],
        ["2026年9月", "2026年10月", "2027年1月"],
        ["2026-01-31", "2026-02-01", "2026-10-05"],
        ["2026-01-31 00:00:00", "2026-02-01 00:00:00"],
        ["2026-01-31T09:30", "2026-01-31T10:00"],
        ["1997-Q2", "1997-Q3", "1998-Q1"],
        ["1997年第二季度", "1997年第四季度", "1998年第一季度"],
        ["Q2 1997", "Q1 1998"],
        ["1997H1", "1997H2"],
        ["2026-W09", "2026-W10"],
        ["Mar 1997", "Apr 1997", "Jan 1998"],
        ["1997 March", "1997 December"],
        ["Q1", "Q2", "Q3", "Q4"],
        ["第一季度", "第二季度", "第三季度", "第四季度"],
        ["January", "February", "March", "September", "December"],
        ["1月", "2月", "10月", "12月"],
        ["一月", "二月", "十月", "十一月", "十二月"],
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        ["周一", "周三", "周日"],
    ],
)
def test_time_buckets_are_ordered(ordered: list[str]) -> None:
    shuffled = random.Random(7).sample(ordered, len(ordered))
    keys = time_positions(shuffled)
    assert keys is not None
    assert [label for _, label in sorted(zip(keys, shuffled, strict=True))] == ordered


def test_a_missing_month_leaves_a_gap() -> None:
    keys = time_positions(["1997-11", "1998-01"])
    assert keys is not None
    assert keys[1] - keys[0] == 2


@pytest.mark.parametrize(
    "labels", [["North", "South"], ["1997-03", "1997"], ["2026-02-31", "2026-02-30"], ["1234"], ["1997-13"], ["may be"]]
)
def test_other_labels_are_no_time(labels: list[str]) -> None:
    assert time_positions(labels) is None


def test_ranges_are_ordered_by_their_lower_bound() -> None:
    ordered = ["<18", "18-25", "26–35", "100+"]
    keys = size_positions(ordered)
    assert keys is not None
    assert keys == sorted(keys)
    assert size_positions(["18-25", "old"]) is None
    assert size_positions([]) is None
    assert size_positions(["7 Eleven", "3M"]) is None
