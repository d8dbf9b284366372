"""Dates in goals: a table of phrases in both languages, and what holds for every text."""

from __future__ import annotations

import calendar
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.agents.period_rules import add_months, chinese_number
from clawdbot.agents.periods import find_periods

TODAY = date(2026, 11, 2)
"""A Monday."""

Span = tuple[str, str]


def spans(goal: str, today: date = TODAY) -> list[Span]:
    """The periods of a goal as pairs of ISO dates; an open bound is empty."""
    return [(_iso(p.start), _iso(p.end)) for p in find_periods(goal, today)]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


Q3 = ("2026-07-01", "2026-10-01")
Q4 = ("2026-10-01", "2027-01-01")
YEAR_2024 = ("2024-01-01", "2025-01-01")

EXPLICIT: list[tuple[str, list[Span]]] = [
    ("sales for Q3 2026", [Q3]),
    ("sales for q3 2026", [Q3]),
    ("Q3 of 2026 sales", [Q3]),
    ("2026 Q3 sales", [Q3]),
    ("2026Q3 sales", [Q3]),
    ("2026-Q3 revenue", [Q3]),
    ("Q3/2026", [Q3]),
    ("the third quarter of 2026", [Q3]),
    ("3rd quarter 2026", [Q3]),
    ("final quarter of 2026", [Q4]),
    ("2026年第三季度的销售额", [Q3]),
    ("2026年三季度", [Q3]),
    ("2026年3季度", [Q3]),
    ("2026年Q3", [Q3]),
    ("2026 年第 3 季度", [Q3]),
    ("２０２６年第３季度", [Q3]),
    ("first half of 2025", [("2025-01-01", "2025-07-01")]),
    ("H2 2025", [("2025-07-01", "2026-01-01")]),
    ("2025 H1", [("2025-01-01", "2025-07-01")]),
    ("2025年上半年", [("2025-01-01", "2025-07-01")]),
    ("2025年下半年", [("2025-07-01", "2026-01-01")]),
    ("orders in March 2025", [("2025-03-01", "2025-04-01")]),
    ("orders in Mar. 2025", [("2025-03-01", "2025-04-01")]),
    ("December 2025", [("2025-12-01", "2026-01-01")]),
    ("2025-03", [("2025-03-01", "2025-04-01")]),
    ("2025/12", [("2025-12-01", "2026-01-01")]),
    ("2025年3月", [("2025-03-01", "2025-04-01")]),
    ("2025年三月份", [("2025-03-01", "2025-04-01")]),
    ("2025年十二月", [("2025-12-01", "2026-01-01")]),
    ("in 2024", [YEAR_2024]),
    ("2024年", [YEAR_2024]),
    ("2024年度的销售", [YEAR_2024]),
    ("on 2025-03-05", [("2025-03-05", "2025-03-06")]),
    ("2025年3月5日", [("2025-03-05", "2025-03-06")]),
    ("2025/3/5", [("2025-03-05", "2025-03-06")]),
    ("March 5, 2025", [("2025-03-05", "2025-03-06")]),
    ("March 5th 2025", [("2025-03-05", "2025-03-06")]),
    ("5 March 2025", [("2025-03-05", "2025-03-06")]),
    ("the 1st of May 2025", [("2025-05-01", "2025-05-02")]),
    ("FY2025", [("2025-01-01", "2026-01-01")]),
    ("统计2024销售额", [YEAR_2024]),
    ("二〇二四年", [YEAR_2024]),
    ("二零二五年三月", [("2025-03-01", "2025-04-01")]),
    ("29 February 2024", [("2024-02-29", "2024-03-01")]),
]

RELATIVE: list[tuple[str, list[Span]]] = [
    ("last quarter", [Q3]),
    ("previous quarter", [Q3]),
    ("this quarter", [Q4]),
    ("current quarter", [Q4]),
    ("next quarter", [("2027-01-01", "2027-04-01")]),
    ("上个季度", [Q3]),
    ("上季度", [Q3]),
    ("上一季度", [Q3]),
    ("上一个季度", [Q3]),
    ("本季度", [Q4]),
    ("下个季度", [("2027-01-01", "2027-04-01")]),
    ("last month", [("2026-10-01", "2026-11-01")]),
    ("上个月", [("2026-10-01", "2026-11-01")]),
    ("上月", [("2026-10-01", "2026-11-01")]),
    ("this month", [("2026-11-01", "2026-12-01")]),
    ("本月", [("2026-11-01", "2026-12-01")]),
    ("last week", [("2026-10-26", "2026-11-02")]),
    ("上周", [("2026-10-26", "2026-11-02")]),
    ("本周", [("2026-11-02", "2026-11-09")]),
    ("last year", [("2025-01-01", "2026-01-01")]),
    ("去年", [("2025-01-01", "2026-01-01")]),
    ("前年", [YEAR_2024]),
    ("今年", [("2026-01-01", "2027-01-01")]),
    ("去年第三季度", [("2025-07-01", "2025-10-01")]),
    ("去年下半年", [("2025-07-01", "2026-01-01")]),
    ("今年3月", [("2026-03-01", "2026-04-01")]),
    ("去年十二月", [("2025-12-01", "2026-01-01")]),
    ("今年以来", [("2026-01-01", "2026-11-03")]),
    ("year to date", [("2026-01-01", "2026-11-03")]),
    ("YTD sales", [("2026-01-01", "2026-11-03")]),
    ("yesterday", [("2026-11-01", "2026-11-02")]),
    ("昨天", [("2026-11-01", "2026-11-02")]),
    ("today's orders", [("2026-11-02", "2026-11-03")]),
    ("今日订单", [("2026-11-02", "2026-11-03")]),
    ("last 7 days", [("2026-10-27", "2026-11-03")]),
    ("最近7天", [("2026-10-27", "2026-11-03")]),
    ("past two weeks", [("2026-10-20", "2026-11-03")]),
    ("the last 3 months", [("2026-08-01", "2026-11-01")]),
    ("最近三个月", [("2026-08-01", "2026-11-01")]),
    ("过去半年", [("2026-05-01", "2026-11-01")]),
    ("近两年", [("2024-01-01", "2026-01-01")]),
    ("last two quarters", [("2026-04-01", "2026-10-01")]),
    ("第三季度", [Q3]),
    ("三季度", [Q3]),
    ("the third quarter", [Q3]),
    ("Q4", [Q4]),
    ("Q3销售额", [Q3]),
    ("Q1 results", [("2026-01-01", "2026-04-01")]),
    ("上半年", [("2026-01-01", "2026-07-01")]),
    ("second half of the year", [("2026-07-01", "2027-01-01")]),
    ("in December", [("2025-12-01", "2026-01-01")]),
    ("for October", [("2026-10-01", "2026-11-01")]),
    ("8月的订单", [("2026-08-01", "2026-09-01")]),
    ("十二月", [("2025-12-01", "2026-01-01")]),
]

COMBINED: list[tuple[str, list[Span]]] = [
    ("Q2 2026 and Q3 2026", [("2026-04-01", "2026-07-01"), Q3]),
    ("Q2 and Q3 2026", [("2026-04-01", "2026-07-01"), Q3]),
    ("2024年和2025年第一季度", [("2024-01-01", "2024-04-01"), ("2025-01-01", "2025-04-01")]),
    ("Q1 2024 and 2025", [("2024-01-01", "2024-04-01"), ("2025-01-01", "2025-04-01")]),
    ("2024年全年和2025年第一季度", [("2024-01-01", "2025-01-01"), ("2025-01-01", "2025-04-01")]),
    ("2025年第三季度和第四季度", [("2025-07-01", "2025-10-01"), ("2025-10-01", "2026-01-01")]),
    ("2025年3月到5月", [("2025-03-01", "2025-06-01")]),
    ("from March 2025 to May 2025", [("2025-03-01", "2025-06-01")]),
    ("between 2024 and 2025", [("2024-01-01", "2026-01-01")]),
    ("2024 to 2025", [("2024-01-01", "2026-01-01")]),
    ("2024年至2025年", [("2024-01-01", "2026-01-01")]),
    ("2025-01-01 to 2025-01-31", [("2025-01-01", "2025-02-01")]),
    ("from January 1, 2025 until March 31, 2025", [("2025-01-01", "2025-04-01")]),
    ("since 2024", [("2024-01-01", "")]),
    ("from 2024 onwards", [("2024-01-01", "")]),
    ("2024年以来", [("2024-01-01", "")]),
    ("自2024年3月起", [("2024-03-01", "")]),
    ("before 2024", [("", "2024-01-01")]),
    ("2024年之前", [("", "2024-01-01")]),
    ("after 2024", [("2025-01-01", "")]),
    ("2024年之后", [("2025-01-01", "")]),
    ("orders after 2025-03-05", [("2025-03-06", "")]),
    ("2024 compared with 2025", [YEAR_2024, ("2025-01-01", "2026-01-01")]),
    ("in 2024, again in 2024", [YEAR_2024]),
    ("from January to March", [("2026-01-01", "2026-04-01")]),
    ("since March", [("2026-03-01", "")]),
    ("until June", [("", "2026-06-01")]),
    ("Q1到Q3", [("2026-01-01", "2026-10-01")]),
    ("2025 Q1到Q3", [("2025-01-01", "2025-10-01")]),
    ("Q3和Q4的销售额", [Q3, Q4]),
    ("2025年10月到2026年2月", [("2025-10-01", "2026-03-01")]),
    ("2025年10月到2月", [("2025-10-01", "2026-03-01")]),
    ("Jan-Mar 2025", [("2025-01-01", "2025-04-01")]),
    ("Oct to Feb 2025", [("2024-10-01", "2025-03-01")]),
    ("2025年1-6月", [("2025-01-01", "2025-07-01")]),
    ("2025年一到三季度", [("2025-01-01", "2025-10-01")]),
    ("2025年第一至第三季度", [("2025-01-01", "2025-10-01")]),
    ("2025年前三季度", [("2025-01-01", "2025-10-01")]),
    ("2025年前6个月", [("2025-01-01", "2025-07-01")]),
    ("去年前三季度", [("2025-01-01", "2025-10-01")]),
    ("前三季度", [("2026-01-01", "2026-10-01")]),
    ("first three quarters of 2025", [("2025-01-01", "2025-10-01")]),
    ("first 6 months of 2025", [("2025-01-01", "2025-07-01")]),
    ("2025年前十名客户", [("2025-01-01", "2026-01-01")]),
    ("2026 to 2024", [("2024-01-01", "2027-01-01")]),
    ("from December 2025 to March 2025", [("2025-03-01", "2026-01-01")]),
    ("last quarter to last year", [("2025-01-01", "2026-10-01")]),
]

NONE = (
    "sales by region",
    "各地区的销售额",
    "orders over 2000 dollars",
    "more than 2000",
    "超过2000元的订单",
    "price above $2024",
    "2000 units sold",
    "product 2024.5",
    "order 12024",
    "may I see the customers?",
    "quarterly totals for all regions",
    "每月销售额",
    "2000名客户",
    "2000多个订单",
    "2025-13-40",
)


@pytest.mark.parametrize(("goal", "expected"), [*EXPLICIT, *RELATIVE, *COMBINED], ids=lambda v: str(v)[:40])
def test_a_phrase_means_these_days(goal: str, expected: list[Span]) -> None:
    assert spans(goal) == expected


@pytest.mark.parametrize("goal", NONE)
def test_a_number_is_not_taken_for_a_date(goal: str) -> None:
    assert spans(goal) == []


def test_a_day_that_no_calendar_has_is_no_period() -> None:
    assert ("2025-02-30", "2025-03-01") not in spans("2025-02-30")
    assert spans("") == []


def test_a_period_keeps_its_words_and_place() -> None:
    (period,) = find_periods("Show sales for Q3 2026 by region", TODAY)
    assert period.mention == "Q3 2026"
    assert period.label == "2026-Q3"
    assert "Show sales for Q3 2026 by region"[period.position :].startswith("Q3 2026")


@pytest.mark.parametrize(
    ("phrase", "today", "expected"),
    [
        ("last quarter", date(2026, 1, 1), ("2025-10-01", "2026-01-01")),
        ("last month", date(2026, 1, 31), ("2025-12-01", "2026-01-01")),
        ("last month", date(2024, 3, 31), ("2024-02-01", "2024-03-01")),
        ("上周", date(2026, 1, 1), ("2025-12-22", "2025-12-29")),
        ("Q4", date(2026, 3, 1), ("2025-10-01", "2026-01-01")),
        ("下个月", date(2026, 12, 31), ("2027-01-01", "2027-02-01")),
    ],
)
def test_the_year_turns(phrase: str, today: date, expected: Span) -> None:
    assert spans(phrase, today) == [expected]


YEARS = st.integers(1990, 2040)
MONTHS = st.integers(1, 12)
DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))
_NAMES = calendar.month_name
_HANZI = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")


@given(
    YEARS, st.sampled_from(["in {y}", "{y}年", "{y}年度", "year {y}", "for {y}.", "the {y} figures", "（{y}年）"]), DAYS
)
def test_every_explicit_year_is_found(year: int, form: str, today: date) -> None:
    assert spans(form.format(y=year), today) == [(f"{year}-01-01", f"{year + 1}-01-01")]


@given(
    YEARS,
    st.integers(1, 4),
    st.sampled_from(
        ["Q{q} {y}", "q{q} of {y}", "{y} Q{q}", "{y}Q{q}", "{y}-Q{q}", "{y}年第{q}季度", "{y}年{h}季度", "{y}年Q{q}",
         "{o} quarter of {y}", "sales in Q{q} {y} by region"]
    ),
    DAYS,
)  # fmt: skip
def test_every_explicit_quarter_is_found(year: int, quarter: int, form: str, today: date) -> None:
    ordinal = ("first", "second", "third", "fourth")[quarter - 1]
    goal = form.format(y=year, q=quarter, h=_HANZI[quarter - 1], o=ordinal)
    start = date(year, quarter * 3 - 2, 1)
    assert spans(goal, today) == [(start.isoformat(), add_months(start, 3).isoformat())]


@given(
    YEARS,
    MONTHS,
    st.sampled_from(
        ["{n} {y}", "{s} {y}", "{n} of {y}", "{y}-{m:02d}", "{y}/{m:02d}", "{y}年{m}月", "{y}年{m:02d}月", 
         "{y}年{h}月份", "in {n}, {y}", "统计{y}年{m}月的订单"]
    ),
    DAYS,
)  # fmt: skip
def test_every_explicit_month_is_found(year: int, month: int, form: str, today: date) -> None:
    name = _NAMES[month]
    goal = form.format(y=year, m=month, n=name, s=name[:3], h=_HANZI[month - 1])
    start = date(year, month, 1)
    assert spans(goal, today) == [(start.isoformat(), add_months(start, 1).isoformat())]


@given(
    DAYS,
    st.sampled_from(["{d:%Y-%m-%d}", "{d:%Y/%m/%d}", "{d.year}年{d.month}月{d.day}日", "{d:%B} {d.day}, {d.year}"]),
)
def test_every_explicit_day_is_found(day: date, form: str) -> None:
    ((start, end),) = spans(form.format(d=day))
    assert start == day.isoformat()
    assert (date.fromisoformat(end) - day).days == 1


_PIECES = st.sampled_from(
    [*(goal for goal, _ in [*EXPLICIT, *RELATIVE, *COMBINED]), *NONE, " ", "前", "到", "to ", "before ", "9999年", "第",
     "最近999年", "past 9999 days ", "0月", "最近999个季度", "2026年", "2024", "2025年四到二季度", "\u202e", "\x00"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=5).map("".join)), DAYS)
def test_no_text_raises_and_no_closed_period_is_empty(text: str, today: date) -> None:
    for period in find_periods(text, today):
        assert period.start or period.end
        assert period.mention
        if period.start and period.end:
            assert period.start < period.end


@given(DAYS, st.integers(-600, 600))
def test_months_are_added_across_years(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert moved.day == 1
    assert (moved.year - day.year) * 12 + moved.month - day.month == months


@pytest.mark.parametrize(
    ("text", "number"), [("十", 10), ("十二", 12), ("二十", 20), ("二十一", 21), ("两", 2), ("7", 7)]
)
def test_chinese_numbers(text: str, number: int) -> None:
    assert chinese_number(text) == number


def test_a_word_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no small number"):
        chinese_number("三四")
