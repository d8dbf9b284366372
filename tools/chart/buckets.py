"""Order of values that name a time or a size: '1997-03', '1997-Q2', '第一季度', 'March', '18-25'.

A bucket has a position on a scale of its own grain, so that gaps and order survive in a chart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

Match = re.Match[str]

_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_DIGITS |= {"十一": 11, "十二": 12, "日": 7, "天": 7}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = (
    r"(?P<m>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<d>mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?\.?"
_YEAR = r"(?P<y>1[89]\d\d|2[01]\d\d)"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else _DIGITS[text]


def _month(match: Match) -> int:
    return _MONTHS.index(match["m"][:3].lower()) + 1


def _day(match: Match) -> float:
    return date(int(match["y"]), int(match["m"]), int(match["d"])).toordinal()


def _minute(match: Match) -> float:
    return _day(match) + (int(match["H"]) + int(match["M"]) / 60) / 24


_GRAINS: tuple[tuple[str, Callable[[Match], float]], ...] = (
    (rf"{_YEAR}\s*年?(?:度)?", lambda m: int(m["y"])),
    (rf"{_YEAR}[-/.年]\s?(?P<m>0?[1-9]|1[0-2])月?(?:份)?", lambda m: int(m["y"]) * 12 + int(m["m"])),
    (rf"{_YEAR}[-/.年](?P<m>\d\d?)[-/.月](?P<d>\d\d?)日?(?:[ T]00:00(?::00)?(?:\.0+)?Z?)?", _day),
    (rf"{_YEAR}-(?P<m>\d\d)-(?P<d>\d\d)[ T](?P<H>[01]\d|2[0-3]):(?P<M>[0-5]\d)(?::\d\d(?:\.\d+)?)?Z?", _minute),
    (rf"{_YEAR}[-/ ]?Q(?P<q>[1-4])", lambda m: int(m["y"]) * 4 + int(m["q"])),
    (rf"{_YEAR}年?\s?第?(?P<q>[1-4一二三四])季度?", lambda m: int(m["y"]) * 4 + _number(m["q"])),
    (rf"Q(?P<q>[1-4])[-/ ']*{_YEAR}", lambda m: int(m["y"]) * 4 + int(m["q"])),
    (rf"{_YEAR}[-/ ]?H(?P<h>[12])", lambda m: int(m["y"]) * 2 + int(m["h"])),
    (rf"{_YEAR}[-/ ]?W(?P<w>[0-5]?\d)", lambda m: int(m["y"]) * 53 + int(m["w"])),
    (rf"{_MONTH}[-/ ,]+{_YEAR}", lambda m: int(m["y"]) * 12 + _month(m)),
    (rf"{_YEAR}[-/ ]+{_MONTH}", lambda m: int(m["y"]) * 12 + _month(m)),
    (r"Q(?P<q>[1-4])", lambda m: int(m["q"])),
    (r"第?(?P<q>[1-4一二三四])季度?", lambda m: _number(m["q"])),
    (_MONTH, _month),
    (r"(?P<m>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份)?", lambda m: _number(m["m"])),
    (_DAY, lambda m: _DAYS.index(m["d"][:3].lower())),
    (r"(?:周|星期|礼拜)(?P<d>[一二三四五六日天])", lambda m: _number(m["d"])),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), key) for pattern, key in _GRAINS)
_SIZE = re.compile(r"[<>≤≥]?=?\s*(?P<n>\d+(?:\.\d+)?)\s*(?:[-–~至到]|to\b|\+|以上|岁|$)", re.IGNORECASE)


def time_positions(labels: Sequence[str]) -> list[float] | None:
    """The position of each label on a time scale; None unless all are of one and the same grain."""
    for pattern, key in _COMPILED:
        matches = [pattern.fullmatch(label.strip()) for label in labels]
        if all(matches):
            try:
                return [float(key(match)) for match in matches if match]
            except ValueError:
                return None
    return None


def size_positions(labels: Sequence[str]) -> list[float] | None:
    """The lower bound of each label when all are ranges or sizes, such as '18-25', '100+' and '<5'."""
    matches = [_SIZE.match(label.strip()) for label in labels]
    if not labels or not all(matches):
        return None
    return [
        float(m["n"]) - (0.5 if label.strip()[0] in "<≤" else 0) for m, label in zip(matches, labels, strict=True) if m
    ]
