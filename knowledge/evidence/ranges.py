"""Ranges that policies are written in ('more than 10 %, up to 15 %', '逾期 31 至 90 天'), and the amount of a question
placed in them.  A small model reads a table well and compares numbers badly, so code does that."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from clawdbot.text.figures import hanzi_number, plain_text

_UNITS = {
    "percent": r"%|percent|per cent|个?百分点",
    "day": r"(?:calendar |working |business )?days?|(?:个)?(?:工作|自然)?[天日](?!期)",
    "week": r"weeks?|周|个?星期",
    "month": r"months?|个?月",
    "year": r"years?|年(?!\d)",
    "hour": r"hours?|个?(?:小时|钟头)",
    "minute": r"minutes?|分钟",
    "person": r"persons?|people|人|名",
    "size": r"[KMG]B|兆",
    "distance": r"km|kilomet(?:er|re)s?|公里",
    "money": r"元|块|人民币|CNY|RMB|yuan|USD|dollars?|EUR|euros?",
}
_UNIT = "|".join(f"(?P<u_{name}>{pattern})" for name, pattern in _UNITS.items())
_MONEY_BEFORE = r"(?:(?P<before>CNY|RMB|USD|EUR|¥|￥|\$|€)\s?)?"
_SCALES = {"万": 1e4, "千": 1e3, "百万": 1e6, "亿": 1e8, "k": 1e3, "million": 1e6}
_SCALE = r"(?P<scale>百万|万|亿|千|million\b|k\b)?"
_NUMBER = rf"{_MONEY_BEFORE}(?P<digits>\d[\d,]*(?:\.\d+)?)\s?{_SCALE}\s?(?:{_UNIT})?"
_BEYOND = 1.0001
_MONEY_FROM = 1000.0
_YEARS = (1900.0, 2100.0)
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
"""A month has 30 days where a rule counts days and a question months."""
_SMALL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_COUNTED = r"(?:calendar |working |business )?(?:hour|day|week|month|year|km|kilomet|person|people)"
_IN_WORDS = re.compile(rf"\b({'|'.join(_SMALL)}) (?={_COUNTED})", re.IGNORECASE)
_IN_HANZI = re.compile(
    r"(?<![哪每第这那同前后上下])[一二两三四五六七八九十百千]+(?=个?(?:工作|自然)?[天日周年月]|个?(?:星期|小时|钟头|百分点)|公里|分钟|兆|元|块)|"
    r"[一二两三四五六七八九十百千]+[万千百][一二三四五六七八九]?(?![个名位])"
)
_AMOUNT = re.compile(_NUMBER, re.IGNORECASE)
_N = r"(?:CNY|RMB|USD|EUR|¥|￥|\$|€)?\s?\d[\d,]*(?:\.\d+)?\s?(?:百万|万|亿|千)?"
_U = r"\s?(?:[^\d\s,;，；。()（）]{1,14}(?:\s?days?|\s?hours?)?)?"
_LOW, _HIGH = rf"(?P<low>{_N})", rf"(?P<high>{_N})"
_OVER = r"(?:more than|over|above|exceed(?:s|ing)?|超过|大于|高于|多于)"
_UP_TO = r"(?:up to|at most|(?:no|not) more than|within|不超过|至多|最多|不高于)"
_UNDER = r"(?:below|under|less than|fewer than|低于|少于|不足|不到|小于)"
_TO = r"(?:\s?(?:to|until|-|–|—|~|～)\s?|至|到)"
_FORMS: tuple[tuple[str, bool, bool], ...] = (
    (rf"{_OVER}\s?{_LOW}{_U}[,，]?\s?(?:and |but |且|但)?(?:{_UP_TO}|到|至)\s?{_HIGH}", False, True),
    (rf"{_LOW}{_U}\s?(?:to|until)\s?{_UNDER}\s?{_HIGH}", True, False),
    (rf"{_LOW}{_U}\s?(?:以上|起)?{_TO}{_HIGH}", True, True),
    (rf"{_UP_TO}\s?{_HIGH}", True, True),
    (rf"{_HIGH}{_U}?\s?(?:以内|以下|之内|及以下|or less|or fewer)", True, True),
    (rf"{_UNDER}\s?{_HIGH}", True, False),
    (rf"{_OVER}\s?{_LOW}", False, True),
    (rf"{_LOW}{_U}?\s?(?:以上|及以上|and more|or more|and above|and over)", True, True),
    (rf"(?:at least|from|不少于|不低于|至少|满)\s?{_LOW}", True, True),
)
"""Pattern, and whether its low and its high end belong to the range; earlier forms take their words first."""
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), low, high) for pattern, low, high in _FORMS)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number with the unit that was written beside it; ``unit`` is '' when none was."""

    value: float
    unit: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Range:
    """The values from ``low`` to ``high``; an end belongs to it when ``closed`` says so (low, high)."""

    low: float
    high: float
    closed: tuple[bool, bool]
    unit: str
    text: str

    def holds(self, amount: Amount) -> bool:
        """The amount lies in the range; one without a unit fits any."""
        amount = self._counted(amount)
        if self.unit and amount.unit and self.unit != amount.unit:
            return False
        above = amount.value >= self.low if self.closed[0] else amount.value > self.low
        return above and (amount.value <= self.high if self.closed[1] else amount.value < self.high)

    def speaks_of(self, amount: Amount) -> bool:
        """Both are of the same unit, so that lying outside means something."""
        return bool(amount.unit) and self.unit == self._counted(amount).unit

    def _counted(self, amount: Amount) -> Amount:
        """The amount in the range's unit, where both are times of days or longer."""
        if self.unit == amount.unit or self.unit not in _DAYS or amount.unit not in _DAYS:
            return amount
        return replace(amount, value=amount.value * _DAYS[amount.unit] / _DAYS[self.unit], unit=self.unit)


def amounts(text: str) -> list[Amount]:
    """The amounts of a text in order."""
    return [_amount(match) for match in _AMOUNT.finditer(plain_text(text))]


def asked(question: str) -> list[Amount]:
    """The amounts with a unit that a question gives; 'over 20 %' is a little more than 20 %."""
    found = [a for a in map(_meant, amounts(in_digits(question))) if a.unit]
    for one in ranges(question):
        if one.high == math.inf and not one.closed[0]:
            found = [replace(a, value=a.value * _BEYOND) if a.value == one.low else a for a in found]
        elif one.low == -math.inf and not one.closed[1]:
            found = [replace(a, value=a.value / _BEYOND) if a.value == one.high else a for a in found]
    return found


def _meant(amount: Amount) -> Amount:
    """A large bare number of a question is money ('a bad debt of 8,500'), unless it may be a year."""
    if amount.unit or amount.value < _MONEY_FROM or (_YEARS[0] <= amount.value <= _YEARS[1] and "," not in amount.text):
        return amount
    return replace(amount, unit="money")


def in_digits(text: str) -> str:
    """Numbers in words that stand for an amount as digits: 'two months' is '2 months', '四万二' is '42000'."""
    spoken = _IN_WORDS.sub(lambda m: f"{_SMALL[m[1].lower()]} ", text)
    return _IN_HANZI.sub(lambda m: m[0] if (value := hanzi_number(m[0])) is None else f"{value:.10g}", spoken)


def ranges(text: str) -> list[Range]:
    """The ranges of a text in order; where forms overlap the longer one counts."""
    plain = plain_text(text)
    found: list[tuple[int, int, Range]] = []
    for pattern, low_closed, high_closed in _PATTERNS:
        for match in pattern.finditer(plain):
            if any(match.start() < end and start < match.end() for start, end, _ in found):
                continue
            groups = match.groupdict()
            low, high = groups.get("low"), groups.get("high")
            unit = next((a.unit for a in amounts(plain[match.start() : match.end() + 12])[::-1] if a.unit), "")
            made = Range(
                low=_value(low) if low else -math.inf, high=_value(high) if high else math.inf,
                closed=(low_closed, high_closed), unit=unit, text=match[0].strip(),
            )  # fmt: skip
            found.append((match.start(), match.end(), made))
    return [made for _, _, made in sorted(found, key=lambda f: f[0])]


def beginning(text: str) -> str:
    """The words before the first range or number: a table's first header, the start of a sentence."""
    header, colon, _ = text.partition(": ")
    if colon and not any(c.isdigit() for c in header):
        return header
    plain = plain_text(text)
    starts = [m.start() for pattern, _, _ in _PATTERNS if (m := pattern.search(plain))]
    return plain[: min(starts, default=len(plain))].strip()


def placed(question: str, text: str) -> bool | None:
    """Whether the question's amount lies in a range of the text; None when they do not speak of the same unit."""
    compared = [(a, r) for r in ranges(text) for a in asked(question) if r.speaks_of(a)]
    if not compared:
        return None
    return any(r.holds(a) for a, r in compared)


def column_of(question: str, row: str) -> str:
    """The one 'header: cell' of a row whose range holds the question's amount, the tightest of several; '' when none
    or when only one cell has a range at all."""
    given = asked(question)
    cells = [(cell, r) for cell in row.split("; ") for r in ranges(cell)[:1]]
    if not given or len(cells) < 2:
        return ""
    fitting = [(r.high - r.low, r.high, cell) for cell, r in cells if r.speaks_of(given[0]) and r.holds(given[0])]
    return min(fitting, key=lambda f: (f[0], f[1]))[2] if fitting else ""


def _amount(match: re.Match[str]) -> Amount:
    groups = match.groupdict()
    unit = next((name.removeprefix("u_") for name, value in groups.items() if name.startswith("u_") and value), "")
    scale = _SCALES.get((groups["scale"] or "").lower(), 1.0)
    value = float(groups["digits"].replace(",", "")) * scale
    return Amount(value=value, unit="money" if groups["before"] else unit, text=match[0].strip().rstrip(","))


def _value(text: str) -> float:
    return amounts(text)[0].value


def hint(question: str, text: str, inside: bool | None) -> str:
    """Where the question's amount lies in the ranges of a statement, in words for a model; '' when it has none.

    ``inside`` is None for a statement whose range stands alone: it may be the very rule that the amount breaks.
    """
    given = asked(question)
    if not given or inside is None:
        return ""
    cell = column_of(question, text)
    if cell:
        return f" ({given[0].text}: {cell})"
    return f" ({given[0].text} {'lies' if inside else 'does not lie'} in this range)"
