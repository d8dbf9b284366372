"""Dates in a goal become half-open ranges, by rules, in Chinese and English.

``find_periods("2024年第三季度和第四季度", today)`` gives two ranges.  Every rule is a pattern with a function;
patterns are tried longest mention first and a stretch of text is used once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from clawdbot.agents.language import normalise

Grain = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days from ``start`` up to but not including ``end``; None is open.  ``mention`` is the goal's text."""

    start: date | None
    end: date | None
    label: str
    mention: str
    position: int = 0


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
_Y = r"(?:19|20)\d\d"
_CN = r"[零〇一二两三四五六七八九十]+"
_COUNT = r"\d{1,4}|" + "|".join(_COUNTS)
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


def _half(year: int, number: int) -> tuple[date, date, str]:
    return _span(date(year, number * 6 - 5, 1), 6, f"{year}-H{number}")


def _day(day: date) -> tuple[date, date, str]:
    return day, day + timedelta(days=1), day.isoformat()


def _number(text: str) -> int:
    low = text.lower()
    return _COUNTS[low] if low in _COUNTS else chinese_number(low)


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
    return re.compile(pattern, re.IGNORECASE), make


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


_ABSOLUTE: tuple[Rule, ...] = (
    _rule(
        rf"({_Y})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*[日号]?(?!\d)",
        lambda m, t: _day(date(int(m[1]), int(m[2]), int(m[3]))),
    ),
    _rule(
        rf"\b({_MON})\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+({_Y})\b",
        lambda m, t: _day(date(int(m[3]), _MONTHS[m[1].lower().rstrip(".")], int(m[2]))),
    ),
    _rule(
        rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MON}),?\s+({_Y})\b",
        lambda m, t: _day(date(int(m[3]), _MONTHS[m[2].lower().rstrip(".")], int(m[1]))),
    ),
    _rule(rf"({_Y})\s*年?\s*(?:第\s*)?([1-4一二三四])\s*季度?", lambda m, t: _quarter(int(m[1]), _number(m[2]))),
    _rule(rf"(?<![\dA-Za-z])({_Y})\s*年?\s*[-/]?\s*Q([1-4])(?!\d)", lambda m, t: _quarter(int(m[1]), int(m[2]))),
    _rule(rf"\bQ([1-4])\s*(?:of|in|,|-|/|')?\s*({_Y})\b", lambda m, t: _quarter(int(m[2]), int(m[1]))),
    _rule(
        rf"\b(first|second|third|fourth|final|1st|2nd|3rd|4th)\s+quarter\s*(?:of|in|,)?\s*({_Y})\b",
        lambda m, t: _quarter(int(m[2]), _ORDINALS[m[1].lower()]),
    ),
    _rule(rf"({_Y})\s*年?\s*([上下])半年", lambda m, t: _half(int(m[1]), 1 if m[2] == "上" else 2)),
    _rule(
        rf"\b(first|second|1st|2nd)\s+half\s*(?:of|in|,)?\s*({_Y})\b",
        lambda m, t: _half(int(m[2]), _ORDINALS[m[1].lower()]),
    ),
    _rule(rf"\bH([12])\s*({_Y})\b|\b({_Y})\s*H([12])\b", lambda m, t: _half(int(m[2] or m[3]), int(m[1] or m[4]))),
    _rule(rf"({_Y})\s*年\s*(\d{{1,2}}|{_CN})\s*月份?", lambda m, t: _month(int(m[1]), _number(m[2]))),
    _rule(rf"(?<![\d-])({_Y})[-/](0?[1-9]|1[0-2])(?![\d-])", lambda m, t: _month(int(m[1]), int(m[2]))),
    _rule(rf"\b({_MON})\s*(?:of|,)?\s*({_Y})\b", lambda m, t: _month(int(m[2]), _MONTHS[m[1].lower().rstrip(".")])),
    _rule(
        rf"(?<![\d.,-])({_Y})\s*年(?!\s*\d*\s*[月代])|(?<![\d.,$¥-])\b({_Y})\b(?![-./]\d|[,.]\d|\s*%)",
        lambda m, t: _year(int(m[1] or m[2])),
    ),
)

_RELATIVE: tuple[Rule, ...] = (
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
        rf"\b(?:in|during|for|of|since|until|from|to)\s+(?!may\s+(?:i|we|you)\b)({_MON})(?![\w-])",
        lambda m, t: _month(_nearest_year(_MONTHS[m[1].lower().rstrip(".")], 1, t), _MONTHS[m[1].lower().rstrip(".")]),
    ),
    _rule(
        rf"(?<![\d个前近去年])(1[0-2]|[1-9]|{_CN})\s*月份?(?!\d|以来\s*的\s*月)",
        lambda m, t: _month(_nearest_year(_number(m[1]), 1, t), _number(m[1])),
    ),
)

_JOIN = re.compile(
    r"^\s*(?:年|月)?\s*(?:to|through|until|till|and|-|–|—|~|到|至|、?直到)\s*(?:the\s+)?(?:end\s+of\s+)?$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:\bbetween|\bfrom|从|自|介于|由)\s*(?:the\s+)?(?:start\s+of\s+)?$", re.IGNORECASE)
_STRONG_JOIN = re.compile(r"to|through|until|till|-|–|—|~|到|至", re.IGNORECASE)
_SINCE = re.compile(r"(?:\bsince|\bfrom|自从|自|从)\s*$", re.IGNORECASE)
_AFTER = re.compile(r"(?:\bafter|\blater than)\s*$", re.IGNORECASE)
_BEFORE = re.compile(r"(?:\bbefore|\bprior to|\bearlier than|\buntil|\bup to)\s*$", re.IGNORECASE)
_ZH_SINCE = re.compile(r"^\s*(?:以来|起|开始|以后|至今)")
_ZH_AFTER = re.compile(r"^\s*(?:之后|后)")
_ZH_BEFORE = re.compile(r"^\s*(?:之前|以前|前(?!\s*\d))")
_AMOUNT_BEFORE = re.compile(
    r"(?:\b(?:over|above|exceed(?:s|ing)?|than|under|below|least|most|top|first|limit|worth|of at)|[$¥€£]|超过|大于|小于|高于|低于|不足|"
    r"至少|至多|多于|少于|满|达到?|前)\s*$",
    re.IGNORECASE,
)
_AMOUNT_AFTER = re.compile(
    r"\s*(?:元|块|件|个|单|笔|条|美元|人民币|以上|以下|dollars?\b|usd\b|eur\b|cny\b|rmb\b|yuan\b|units?\b|pieces?\b|rows?\b|"
    r"or (?:more|less)\b)",
    re.IGNORECASE,
)
_ONWARD = re.compile(r"^\s*(?:onwards?|and later|or later)", re.IGNORECASE)


def find_periods(goal: str, today: date) -> tuple[Period, ...]:
    """All periods that a goal names, in the order of the text; ranges and open ends are put together."""
    text = normalise(goal)
    taken: list[tuple[int, int, Range]] = []
    for pattern, make in (*_ABSOLUTE, *_RELATIVE):
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end, _ in taken):
                continue
            if _is_amount(text, match):
                continue
            try:
                taken.append((match.start(), match.end(), make(match, today)))
            except (ValueError, KeyError):
                continue
    taken.sort(key=lambda item: item[0])
    return _combine(text, _inherit_year(text, taken))


def _is_amount(text: str, match: re.Match[str]) -> bool:
    """A bare '2000' beside 'more than' or a unit is a quantity, not a year."""
    if not re.fullmatch(_Y, match[0]):
        return False
    return bool(_AMOUNT_BEFORE.search(text[: match.start()]) or _AMOUNT_AFTER.match(text[match.end() :]))


def _inherit_year(text: str, found: list[tuple[int, int, Range]]) -> list[tuple[int, int, Range]]:
    """'2024年第三季度和第四季度', 'Q1 and Q2 2024', '1997年3月到5月': a bare part takes the neighbour's year."""
    years = [int(m[0]) for _, _, (_, _, label) in found if (m := re.match(r"(?:19|20)\d\d", label))]
    explicit = {i: re.search(_Y, text[a:b]) for i, (a, b, _) in enumerate(found)}
    named = [int(m[0]) for m in explicit.values() if m]
    if len(set(named)) != 1 or not years:
        return found
    out = []
    for index, (a, b, (start, end, label)) in enumerate(found):
        bare = explicit[index] is None and re.match(r"(?:19|20)\d\d-(?:Q\d|\d\d$)", label) is not None
        relative = re.search(r"上|本|这|last|this|previous|当|下|今|去", text[a:b], re.IGNORECASE)
        if bare and not relative and start and end:
            shift = (named[0] - start.year) * 12
            out.append((a, b, _relabel(add_months(start, shift), add_months(end, shift), label, named[0])))
        else:
            out.append((a, b, (start, end, label)))
    return out


def _relabel(start: date, end: date, label: str, year: int) -> Range:
    return start, end, f"{year}{label[4:]}"


def _combine(text: str, found: list[tuple[int, int, Range]]) -> tuple[Period, ...]:
    periods: list[Period] = []
    index = 0
    while index < len(found):
        a, b, (start, end, label) = found[index]
        before, after = text[:a], text[b:]
        if index + 1 < len(found):
            c, d, (_, end2, label2) = found[index + 1]
            between = text[b:c]
            joined = _JOIN.match(between)
            strong = joined and _STRONG_JOIN.search(between)
            if joined and (strong or _BETWEEN.search(before)):
                periods.append(
                    Period(start=start, end=end2, label=f"{label} to {label2}", mention=text[a:d], position=a)
                )
                index += 2
                continue
        if _ZH_BEFORE.match(after) or _BEFORE.search(before):
            start, end, label = None, start, f"before {label}"
        elif _ZH_AFTER.match(after) or _AFTER.search(before):
            start, end, label = end, None, f"after {label}"
        elif _SINCE.search(before) or _ZH_SINCE.match(after) or _ONWARD.match(after):
            start, end, label = start, None, f"since {label}"
        period = Period(start=start, end=end, label=label, mention=text[a:b], position=a)
        if not any(p.start == period.start and p.end == period.end for p in periods):
            periods.append(period)
        index += 1
    return tuple(periods)


_GRAINS: tuple[tuple[Grain, re.Pattern[str]], ...] = (
    ("day", re.compile(r"按(?:天|日)|每[天日]|逐日|各日|日均|\bdaily\b|\b(?:by|per|each|every)\s+day\b", re.I)),
    ("week", re.compile(r"按周|每周|逐周|各周|\bweekly\b|\b(?:by|per|each|every)\s+week\b", re.I)),
    (
        "month",
        re.compile(
            r"按月|每个?月|逐月|各个?月|分月|月度(?!报告|报表)|\bmonthly\b(?!\s+report)|"
            r"\b(?:by|per|each|every|for each)\s+month\b|\bmonth[- ]by[- ]month\b|"
            r"\b(?:which|what) month\b|哪个?月",
            re.I,
        ),
    ),
    (
        "quarter",
        re.compile(
            r"按季|每个?季|逐季|各个?季|分季|四个季度|\bquarterly\b(?!\s+(?:\w+\s+)?report)|"
            r"\b(?:by|per|each|every|for each|all four|four)\s+quarters?\b|"
            r"\bquarter[- ]by[- ]quarter\b|\b(?:which|what) quarter\b|哪个?季度",
            re.I,
        ),
    ),
    (
        "year",
        re.compile(
            r"按年|每年|逐年|各年|分年|历年|\byearly\b|\bannual(?:ly)?\b(?!\s+report)|"
            r"\b(?:by|per|each|every|for each)\s+(?:calendar\s+)?year\b|\byear[- ]by[- ]year\b|"
            r"\b(?:which|what) year\b|哪一?年",
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
