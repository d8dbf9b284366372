"""Patterns of dates in a goal and the ranges they mean, in Chinese and English.

Absolute patterns come before relative ones, longer mentions before shorter; :mod:`.periods` uses each stretch of
text once.  Ranges are half-open; a None bound is open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九十")} | {"两": 2, "〇": 0, "半": 6}
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "final": 4}
_COUNTS = {
    w: i
    for i, w in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}

_MON = r"(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
YEAR = r"(?:19|20)\d\d"
_CN = r"[零〇一二两三四五六七八九十]+"
_COUNT = r"\d{1,4}|" + "|".join(_COUNTS)
_TO = r"(?:-|–|—|~|到|至)"
_BACK = r"(?:last|past|previous|most recent)"


def chinese_number(text: str) -> int:
    """'十二' -> 12, '三' -> 3, '12' -> 12; ValueError when it is no number below 100."""
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    if len(text) == 1 and text in _DIGITS:
        return _DIGITS[text]
    raise ValueError(f"{text!r} is no small number")


def add_months(day: date, months: int) -> date:
    """The first day of the month that many months later."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _span(start: date, months: int, label: str) -> tuple[date, date, str]:
    return start, add_months(start, months), label


def _quarter(year: int, number: int) -> tuple[date, date, str]:
    return _span(date(year, number * 3 - 2, 1), 3, f"{year}-Q{number}")


def _year(year: int) -> tuple[date, date, str]:
    return _span(date(year, 1, 1), 12, f"{year}")


def _month(year: int, number: int) -> tuple[date, date, str]:
    return _span(date(year, number, 1), 1, f"{year}-{number:02d}")


def _month_number(name: str) -> int:
    return _MONTHS[name.lower().rstrip(".")]


def _half(year: int, number: int) -> tuple[date, date, str]:
    return _span(date(year, number * 6 - 5, 1), 6, f"{year}-H{number}")


def _day(day: date) -> tuple[date, date, str]:
    return day, day + timedelta(days=1), day.isoformat()


def _months(year: int, first: int, last: int) -> tuple[date, date, str]:
    """From one month through another, which lies in the next year when it comes before the first."""
    end = _month(year + (last < first), last)
    return date(year, first, 1), end[1], f"{year}-{first:02d} to {end[2]}"


def _quarters(year: int, first: int, last: int) -> tuple[date, date, str]:
    """From one quarter through another of a year; KeyError when they are the wrong way round."""
    if last < first:
        raise KeyError(last)
    return date(year, first * 3 - 2, 1), _quarter(year, last)[1], f"{year}-Q{first} to {year}-Q{last}"


def _first(year: int, count: int, unit: str) -> tuple[date, date, str]:
    """The first quarters or months of a year."""
    return _quarters(year, 1, count) if unit[0] in "季qQ" else _months(year, 1, count)


def _number(text: str) -> int:
    low = text.lower()
    return _COUNTS[low] if low in _COUNTS else chinese_number(low)


def _ago(unit: str, count: int, today: date) -> tuple[date | None, date, str]:
    """Everything that is older than so many days, weeks, months, quarters or years."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit, 0) * count
    if months:
        month = add_months(today, -months)
        last = (add_months(month, 1) - timedelta(days=1)).day
        end = month.replace(day=min(today.day, last))
    else:
        end = today - timedelta(days=count * (7 if unit == "week" else 1))
    return None, end, f"before {end.isoformat()}"


def _unit_back(unit: str, count: int, today: date) -> tuple[date, date, str]:
    """The last ``count`` whole units before today; days and weeks end today (inclusive)."""
    label = f"last {count} {unit}s"
    if unit == "day":
        return today - timedelta(days=count - 1), today + timedelta(days=1), label
    if unit == "week":
        return today - timedelta(days=7 * count - 1), today + timedelta(days=1), label
    months = {"month": 1, "quarter": 3, "year": 12}[unit] * count
    if unit == "year":
        return date(today.year - count, 1, 1), date(today.year, 1, 1), label
    anchor = date(today.year, (today.month - 1) // 3 * 3 + 1, 1) if unit == "quarter" else today.replace(day=1)
    return add_months(anchor, -months), anchor, label


def _relative(unit: str, shift: int, today: date) -> tuple[date, date, str]:
    """The unit that contains today (0), the one before (-1), the next (1)."""
    if unit == "day":
        return _day(today + timedelta(days=shift))
    if unit == "week":
        start = today - timedelta(days=today.weekday()) + timedelta(weeks=shift)
        return start, start + timedelta(days=7), f"week of {start.isoformat()}"
    if unit == "month":
        start = add_months(today, shift)
        return _month(start.year, start.month)
    if unit == "quarter":
        start = add_months(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * shift)
        return _quarter(start.year, (start.month + 2) // 3)
    return _year(today.year + shift)


Range = tuple[date | None, date | None, str]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date], Range]]
_UNITS = {
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "月": "month",
    "季度": "quarter",
    "季": "quarter",
    "年": "year",
}


def _nearest_year(month_start: int, months: int, today: date) -> int:
    """The latest year in which a span that starts in that month has begun."""
    start = date(today.year, month_start, 1)
    return today.year if start <= today else today.year - 1


def _rule(pattern: str, make: Callable[[re.Match[str], date], Range]) -> Rule:
    # ASCII: a Chinese letter beside 'Q3' or '2024' is a word's edge.
    return re.compile(pattern, re.IGNORECASE | re.ASCII), make


def _bare_quarter(number: int, today: date) -> Range:
    return _quarter(_nearest_year(number * 3 - 2, 3, today), number)


def _zh_shift(word: str) -> int:
    return {
        "上": -1,
        "上个": -1,
        "上一": -1,
        "上一个": -1,
        "前一": -1,
        "前一个": -1,
        "本": 0,
        "这": 0,
        "这个": 0,
        "当": 0,
        "当前": 0,
        "下": 1,
        "下个": 1,
        "下一个": 1,
    }[word]


ABSOLUTE: tuple[Rule, ...] = (
    _rule(
        rf"({YEAR})\s*年?\s*(?:第\s*)?([1-4一二三四])\s*季?度?\s*{_TO}\s*(?:第\s*)?([1-4一二三四])\s*季度?",
        lambda m, t: _quarters(int(m[1]), _number(m[2]), _number(m[3])),
    ),
    _rule(
        rf"({YEAR})\s*年\s*(\d{{1,2}}|{_CN})\s*月?份?\s*{_TO}\s*(\d{{1,2}}|{_CN})\s*月份?",
        lambda m, t: _months(int(m[1]), _number(m[2]), _number(m[3])),
    ),
    _rule(
        rf"({YEAR})\s*年\s*前\s*(\d{{1,2}}|{_CN})\s*个?\s*(季度?|月)",
        lambda m, t: _first(int(m[1]), _number(m[2]), m[3]),
    ),
    _rule(
        rf"\bfirst\s+({_COUNT})\s+(quarters|months)\s*(?:of|in)?\s*({YEAR})\b",
        lambda m, t: _first(int(m[3]), _number(m[1]), m[2]),
    ),
    _rule(
        rf"\b({_MON})\s*(?:-|–|—|to|through|until)\s*({_MON}),?\s*(?:of\s+)?({YEAR})\b",
        lambda m, t: _months(
            int(m[3]) - (_month_number(m[2]) < _month_number(m[1])), _month_number(m[1]), _month_number(m[2])
        ),
    ),
    _rule(
        rf"({YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*[日号]?(?!\d)",
        lambda m, t: _day(date(int(m[1]), int(m[2]), int(m[3]))),
    ),
    _rule(
        rf"\b({_MON})\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+({YEAR})\b",
        lambda m, t: _day(date(int(m[3]), _month_number(m[1]), int(m[2]))),
    ),
    _rule(
        rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MON}),?\s+({YEAR})\b",
        lambda m, t: _day(date(int(m[3]), _month_number(m[2]), int(m[1]))),
    ),
    _rule(rf"({YEAR})\s*年?\s*(?:第\s*)?([1-4一二三四])\s*季度?", lambda m, t: _quarter(int(m[1]), _number(m[2]))),
    _rule(rf"(?<![\dA-Za-z])({YEAR})\s*年?\s*[-/]?\s*Q([1-4])(?!\d)", lambda m, t: _quarter(int(m[1]), int(m[2]))),
    _rule(rf"\bQ([1-4])\s*(?:of|in|,|-|/|')?\s*({YEAR})\b", lambda m, t: _quarter(int(m[2]), int(m[1]))),
    _rule(
        rf"\b(first|second|third|fourth|final|1st|2nd|3rd|4th)\s+quarter\s*(?:of|in|,)?\s*({YEAR})\b",
        lambda m, t: _quarter(int(m[2]), _ORDINALS[m[1].lower()]),
    ),
    _rule(rf"({YEAR})\s*年?\s*([上下])半年", lambda m, t: _half(int(m[1]), 1 if m[2] == "上" else 2)),
    _rule(
        rf"\b(first|second|1st|2nd)\s+half\s*(?:of|in|,)?\s*({YEAR})\b",
        lambda m, t: _half(int(m[2]), _ORDINALS[m[1].lower()]),
    ),
    _rule(rf"\bH([12])\s*({YEAR})\b|\b({YEAR})\s*H([12])\b", lambda m, t: _half(int(m[2] or m[3]), int(m[1] or m[4]))),
    _rule(rf"({YEAR})\s*年\s*(\d{{1,2}}|{_CN})\s*月份?", lambda m, t: _month(int(m[1]), _number(m[2]))),
    _rule(rf"(?<![\d-])({YEAR})[-/](0?[1-9]|1[0-2])(?![\d-])", lambda m, t: _month(int(m[1]), int(m[2]))),
    _rule(rf"\b({_MON})\s*(?:of|,)?\s*({YEAR})\b", lambda m, t: _month(int(m[2]), _month_number(m[1]))),
    _rule(rf"\bFY\s*-?\s*({YEAR})\b", lambda m, t: _year(int(m[1]))),
    _rule(
        rf"(?<![\d.,-])({YEAR})\s*年(?!\s*\d*\s*[月代])|(?<![\d.,$¥-])\b({YEAR})\b(?![-./]\d|[,.]\d|\s*%)",
        lambda m, t: _year(int(m[1] or m[2])),
    ),
)

RELATIVE: tuple[Rule, ...] = (
    _rule(
        rf"(今年|本年|去年|前年)\s*(?:的)?\s*前\s*(\d{{1,2}}|{_CN})\s*个?\s*(季度?|月)",
        lambda m, t: _first(t.year - {"去": 1, "前": 2}.get(m[1][0], 0), _number(m[2]), m[3]),
    ),
    _rule(r"前\s*([23二三两])\s*季度", lambda m, t: _first(t.year - (t.month < 4), _number(m[1]), "季度")),
    _rule(
        r"(今年|本年|去年|前年)\s*(?:的)?\s*(?:第\s*)?([1-4一二三四])\s*季度?",
        lambda m, t: _quarter(t.year - {"去": 1, "前": 2}.get(m[1][0], 0), _number(m[2])),
    ),
    _rule(
        r"(今年|本年|去年|前年)\s*(?:的)?\s*([上下])半年",
        lambda m, t: _half(t.year - {"去": 1, "前": 2}.get(m[1][0], 0), 1 if m[2] == "上" else 2),
    ),
    _rule(
        rf"(今年|本年|去年|前年)\s*(?:的)?\s*(\d{{1,2}}|{_CN})\s*月份?",
        lambda m, t: _month(t.year - {"去": 1, "前": 2}.get(m[1][0], 0), _number(m[2])),
    ),
    _rule(
        r"今年以来|年初至今|年初以来|本年以来|\byear[- ]to[- ]date\b|\bYTD\b",
        lambda m, t: (date(t.year, 1, 1), t + timedelta(days=1), f"{t.year} to date"),
    ),
    _rule(
        rf"(?:最近|过去|近|前)\s*的?\s*(\d{{1,3}}|{_CN}|半)\s*个?\s*(天|日|周|星期|月|季度|年)(?!级)",
        lambda m, t: _unit_back("month", 6, t) if m[1] == "半" else _unit_back(_UNITS[m[2]], _number(m[1]), t),
    ),
    _rule(
        rf"\b(?:the\s+)?{_BACK}\s+({_COUNT})\s+(day|week|month|quarter|year)s?\b",
        lambda m, t: _unit_back(m[2].lower(), _number(m[1]), t),
    ),
    _rule(
        rf"\b(?:older\s+than|more\s+than(?=.{{1,20}}\b(?:ago|old)\b))\s+({_COUNT})\s+(day|week|month|quarter|year)s?\b(?:\s+(?:ago|old))?",
        lambda m, t: _ago(m[2].lower(), _number(m[1]), t),
    ),
    _rule(
        rf"(\d{{1,3}}|{_CN})\s*个?\s*(天|日|周|星期|月|季度|年)(?:以前|之前)",
        lambda m, t: _ago(_UNITS[m[2]], _number(m[1]), t),
    ),
    _rule(
        r"\b(?:the\s+)?(last|previous|prior|this|current|next)\s+(day|week|month|quarter|year)\b",
        lambda m, t: _relative(m[2].lower(), {"this": 0, "current": 0, "next": 1}.get(m[1].lower(), -1), t),
    ),
    _rule(
        r"(上一个|上一|上个|前一个|前一|上|本|这个|这|当前|当|下一个|下个|下)\s*(季度|季|月|周|星期)(?!初|末|底|报)",
        lambda m, t: _relative(_UNITS[m[2]], _zh_shift(m[1]), t),
    ),
    _rule(
        r"\b(first|second|1st|2nd)\s+half\s+of\s+(?:this|the)\s+year\b|(?<!年)([上下])半年",
        lambda m, t: _half(t.year, (_ORDINALS[m[1].lower()] if m[1] else (1 if m[2] == "上" else 2))),
    ),
    _rule(r"(去年|上一年|上年度|上一年度)", lambda m, t: _year(t.year - 1)),
    _rule(r"(今年|本年度|本年|当年)", lambda m, t: _year(t.year)),
    _rule(r"(前年)", lambda m, t: _year(t.year - 2)),
    _rule(r"\byesterday\b|昨天|昨日", lambda m, t: _day(t - timedelta(days=1))),
    _rule(r"\btoday\b|今天|今日|当日", lambda m, t: _day(t)),
    _rule(
        r"\bQ([1-4])\b|第\s*([1-4一二三四])\s*季度?|(?<![年\d])([一二三四])季度",
        lambda m, t: _bare_quarter(_number(m[1] or m[2] or m[3]), t),
    ),
    _rule(
        r"\b(?:the\s+)?(first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter\b",
        lambda m, t: _bare_quarter(_ORDINALS[m[1].lower()], t),
    ),
    _rule(
        # The word before is left for open ends and ranges ('since March', 'from March to May').
        rf"\b(?:in|during|for|of|since|until|before|after|from|to|through)\s+(?!may\s+(?:i|we|you)\b)(?P<at>({_MON}))(?![\w-])",
        lambda m, t: _month(_nearest_year(_month_number(m["at"]), 1, t), _month_number(m["at"])),
    ),
    _rule(
        rf"(?<![\d个前近去年])(1[0-2]|[1-9]|{_CN})\s*月份?(?!\d|以来\s*的\s*月)",
        lambda m, t: _month(_nearest_year(_number(m[1]), 1, t), _number(m[1])),
    ),
)
