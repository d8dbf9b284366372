"""The time step that a goal asks results by: 'monthly', '按季度'."""

from __future__ import annotations

import re
from typing import Literal

from clawdbot.text.language import normalise

Grain = Literal["day", "week", "month", "quarter", "year"]

_WHICH = r"(?:which|what|(?:best|worst|strongest|weakest|busiest|slowest|top)(?:[- ]selling)?)"
_GRAINS: tuple[tuple[Grain, re.Pattern[str]], ...] = (
    ("day", re.compile(r"按(?:天|日)|每[天日]|逐日|各日|日均|\bdaily\b|\b(?:by|per|each|every)\s+day\b", re.I)),
    ("week", re.compile(r"按周|每周|逐周|各周|\bweekly\b|\b(?:by|per|each|every)\s+week\b", re.I)),
    (
        "month",
        re.compile(
            r"按月|每个?月|逐月|各个?月|分月|月度(?!报告|报表)|\bmonthly\b(?!\s+report)|"
            r"\b(?:by|per|each|every|for each)\s+month\b|\bmonth[- ]by[- ]month\b|"
            rf"\b{_WHICH} month\b|"
            r"最(?!近)\S{1,3}?的?(?:那|一)?个?月份|哪个?月",
            re.I,
        ),
    ),
    (
        "quarter",
        re.compile(
            r"按季|每个?季|逐季|各个?季|分季|四个季度|\bquarterly\b(?!\s+(?:\w+\s+)?report)|"
            r"\b(?:by|per|each|every|for each|all four|four)\s+quarters?\b|"
            rf"\bquarter[- ]by[- ]quarter\b|\b{_WHICH} quarter\b|"
            r"最(?!近)\S{1,3}?的?(?:那|一)?个?季度|哪个?季度",
            re.I,
        ),
    ),
    (
        "year",
        re.compile(
            r"按年|每年|逐年|各年|分年|历年|\byearly\b|\bannual(?:ly)?\b(?!\s+report)|"
            r"\b(?:by|per|each|every|for each)\s+(?:calendar\s+)?year\b|\byear[- ]by[- ]year\b|"
            rf"\b{_WHICH} year\b|"
            r"最(?!近)\S{1,3}?的?一?年份|哪一?年",
            re.I,
        ),
    ),
)


def find_grain(goal: str) -> Grain | None:
    """The time step that a goal asks results by ('monthly', '按季度'), or None."""
    text = normalise(goal)
    for grain, pattern in _GRAINS:
        if pattern.search(text):
            return grain
    return None
