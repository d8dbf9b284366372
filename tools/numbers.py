"""Numbers in prose, checked against tables: every figure that is written must stand on a result.

A mention is supported when it is a cell, the usual derivation of cells (rounding, total, mean, share, growth,
difference, count of rows), a number of the context (the goal, a passage), or a date of a known year.  Small bare
counts ("3 regions", "三个") are not checked: they are words more than figures.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from clawdbot.tools.evidence import Evidence

SMALL_COUNT = 12
"""Bare integers up to here (months of a year) are counts, not figures."""

_SCALES = {
    "万亿": 1e12, "千亿": 1e11, "百亿": 1e10, "十亿": 1e9, "亿": 1e8, "千万": 1e7, "百万": 1e6, "十万": 1e5,
    "万": 1e4, "千": 1e3, "百": 1e2, "trillion": 1e12, "billion": 1e9, "million": 1e6, "thousand": 1e3,
    "bn": 1e9, "mn": 1e6, "tn": 1e12, "k": 1e3, "m": 1e6, "b": 1e9,
}  # fmt: skip
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<word>[A-Za-z_][A-Za-z_\-#]*)?(?P<digits>\d{{1,3}}(?:[,']\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:e(?P<power>[+\-]?\d{{1,2}})(?![0-9A-Za-z]))?"
    rf"(?:\s?(?P<scale>{_SCALE})(?![A-Za-z]))?(?:\s?(?P<percent>%|‰|percent\b|per cent\b|个?百分点|pp\b))?"
    rf"(?:\s?(?P<times>倍|times\b|x\b))?(?P<tail>[A-Za-z_][A-Za-z_\-\d]*)?",
    re.IGNORECASE,
)
_APART = re.compile(r"|.*-|(?:USD|RMB|CNY|EUR|GBP|HKD|JPY|AUD|CHF|Rs)", re.IGNORECASE)
"""What may touch a figure from the left; any other word makes it a code (SKU1234)."""
_UNIT = re.compile(r"[A-Za-z]{0,3}")
_HANZI = "零一二两三四五六七八九十百千万亿"
_CHINESE = re.compile(
    rf"(?P<percent>百分之)?(?P<body>[一二两三四五六七八九十][{_HANZI}]*(?:点[零一二三四五六七八九]+)?)"
)
_ABOUT = re.compile(
    r"(?:约|大约|近|将近|接近|超过?|逾|高达|不到|about|around|roughly|nearly|almost|over|under|above|below|"
    r"approximately|approx\.?|more than|less than|close to|~|≈)\s*[$€£¥]?\s*$",
    re.IGNORECASE,
)
_MORE = re.compile(r"^\s*(?:多|余|左右|上下|\+|or so)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_YEAR = r"(?P<y>(?:19|20|21)\d\d)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}\s?[-/.]\s?(?:0?[1-9]|1[0-2])\s?[-/.]\s?{_DAY}(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?(?!\d)",
        rf"(?<!\d){_YEAR}\s?年\s?(?:度\s?)?(?:(?:0?[1-9]|1[0-2])\s?月(?:份)?(?:\s?{_DAY}\s?[日号])?)?",
        rf"(?<!\d){_YEAR}\s?[-/]\s?(?:0[1-9]|1[0-2])(?!\d)",
        rf"(?<!\d){_YEAR}\s?[-/]?\s?(?:Q[1-4]|H[12]|第?[1-4一二三四]季度?)(?!\d)",
        rf"\b(?:Q[1-4]|H[12]|FY|CY)\s?(?:of\s)?[-/']?\s?{_YEAR}(?!\d)",
        rf"\b{_MONTH}\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR}(?!\d)|\b{_DAY}(?:st|nd|rd|th)?\s{_MONTH},?\s(?P<y2>(?:19|20|21)\d\d)(?!\d)",
        rf"\b{_MONTH}\s{_YEAR}(?!\d)",
        r"\bQ[1-4]\b|(?<![A-Za-z])Q[1-4](?![\dA-Za-z])|第\s?[1-4]\s?季度?",
        rf"(?<!\d)(?:0?[1-9]|1[0-2])\s?月(?:份|\s?{_DAY}\s?[日号])?",
        rf"\b{_MONTH}\s{_DAY}(?:st|nd|rd|th)?\b|\b{_DAY}(?:st|nd|rd|th)?\s{_MONTH}\b",
        r"(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!\d)",
    )
)


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A number as it was written: its value, the size of its last written digit, and how it was meant."""

    text: str
    value: float
    unit: float
    digits: int
    percent: bool = False
    times: bool = False
    about: bool = False
    """Said to be rough ("over", "约"): cut as well as rounded."""

    @property
    def tolerance(self) -> float:
        """How far a cell may lie: half a unit when rounded, a whole one where a cut is harmless."""
        return self.unit * (1.0 if self.about or self.digits >= 5 else 0.5) + abs(self.value) * 1e-9


def unsupported_numbers(text: str, frames: Sequence[pd.DataFrame], *, context: Sequence[str]) -> list[str]:
    """The numbers of ``text`` that neither ``frames`` nor ``context`` support, as they were written, in order.

    ``context`` is text that may be quoted: the goal, table titles, passages.  Empty means: all is supported.
    """
    evidence = Evidence.of(frames, context)
    rest, unknown = _take_dates(_plain(text), evidence)
    quoted = [m for passage in context for m in mentions(passage)]
    found = unknown + [m.text for m in mentions(rest, plain=True) if not _supported(m, evidence, quoted)]
    return list(dict.fromkeys(found))


def mentions(text: str, *, plain: bool = False) -> list[Mention]:
    """Every number of the text, Arabic or Chinese, in order of writing; ``plain`` when already normalised."""
    clean = text if plain else _plain(text)
    return [*_arabic(clean), *_chinese(clean)]


def _plain(text: str) -> str:
    """Full-width and compatibility forms folded, addresses removed, '百分之12' turned into '12%'."""
    clean = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text).replace("\u2212", "-"))
    return re.sub(r"百分之\s?(\d+(?:\.\d+)?)", r"\1%", clean)


def _take_dates(text: str, evidence: Evidence) -> tuple[str, list[str]]:
    """The text without dates, and the dates whose year nothing mentions."""
    unknown: list[str] = []

    def judge(match: re.Match[str]) -> str:
        groups = match.groupdict()
        year = groups.get("y") or groups.get("y2")
        if year and int(year) not in evidence.years:
            unknown.append(match.group(0).strip())
        return " "

    for pattern in _DATES:
        text = pattern.sub(judge, text)
    return text, unknown


def _arabic(text: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(text):
        word, tail = match["word"] or "", match["tail"] or ""
        digits = match["digits"].replace(",", "").replace("'", "")
        if not (_APART.fullmatch(word) and _UNIT.fullmatch(tail)):
            # A code such as SKU1234: its digits are checked as they stand, without units.
            yield Mention(text=match.group(0), value=float(digits), unit=0.0, digits=len(digits.strip("0")))
            continue
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0) * 10.0 ** int(match["power"] or 0)
        decimals = len(digits.partition(".")[2])
        unit = 10.0**-decimals
        whole = digits.partition(".")[0]
        about = _rough(text, match.start("digits"), match.end())
        if about and not decimals:
            unit = 10.0 ** (len(whole) - len(whole.rstrip("0")))
        percent = match["percent"] or ""
        factor = scale / 10 if percent == "‰" else scale
        significant = len(digits.replace(".", "").lstrip("0")) or 1
        yield Mention(
            text=match.group(0).lstrip("-_# ").strip(), value=float(digits) * factor, unit=unit * factor,
            digits=significant, percent=bool(percent), times=bool(match["times"]), about=about,
        )  # fmt: skip


def _rough(text: str, start: int, end: int) -> bool:
    return bool(_ABOUT.search(text[max(0, start - 20) : start]) or _MORE.match(text[end : end + 8]))


def _chinese(text: str) -> Iterator[Mention]:
    for match in _CHINESE.finditer(text):
        whole, _, decimals = match["body"].partition("点")
        value = _hanzi_value(whole) + sum(_HANZI_DIGITS[c] * 10.0**-i for i, c in enumerate(decimals, 1))
        big = any(c in "百千万亿" for c in whole)
        if (value < 100 or not big) and not match["percent"]:
            continue
        unit = 10.0 ** -len(decimals) if decimals else _hanzi_unit(whole)
        yield Mention(
            text=match.group(0), value=value, unit=unit, digits=len(f"{value / unit:.0f}"),
            percent=bool(match["percent"]), about=_rough(text, *match.span()),
        )  # fmt: skip


_HANZI_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_HANZI_UNITS = {"十": 10, "百": 100, "千": 1000}


def _hanzi_value(text: str) -> float:
    """三千五百万 -> 35000000.0; the last digit after a unit counts one unit less (两万五 is 25000)."""
    total, section, digit, last = 0.0, 0.0, 0.0, 1.0
    for char in text:
        if char in _HANZI_DIGITS:
            digit = float(_HANZI_DIGITS[char])
            if char == "零":
                last = 10.0
        elif char in _HANZI_UNITS:
            last = float(_HANZI_UNITS[char])
            section += (digit or 1.0) * last
            digit = 0.0
        else:
            last = 1e4 if char == "万" else 1e8
            total = (total + section + digit) * last if char == "亿" else total + (section + digit) * last
            section = digit = 0.0
    return total + section + digit * (last / 10 if last > 10 else 1.0)


def _hanzi_unit(text: str) -> float:
    """The place of the last written digit: 三千五百万 -> 1000000.0."""
    value = round(_hanzi_value(text))
    unit = 1.0
    while value and value % 10 == 0:
        value, unit = value // 10, unit * 10
    return unit


def _supported(mention: Mention, evidence: Evidence, quoted: Sequence[Mention]) -> bool:
    plain = not (mention.percent or mention.times)
    if plain and mention.unit <= 1 and mention.value <= SMALL_COUNT and mention.value == int(mention.value):
        return True
    if plain and mention.value == int(mention.value) and int(mention.value) in evidence.years:
        return True
    if any(abs(q.value - mention.value) <= mention.tolerance for q in quoted if q.percent == mention.percent):
        return True
    fine = mention.digits >= 4
    if mention.percent:
        near = mention.tolerance / 100
        return (
            evidence.has_amount(mention.value, mention.tolerance, fine=False)
            or evidence.has_amount(mention.value / 100, near, fine=fine)
            or evidence.has_ratio(mention.value / 100, near)
        )
    if evidence.has_amount(mention.value, mention.tolerance, fine=fine):
        return True
    written_as_ratio = mention.times or (mention.value < 100 and mention.unit < 1)
    return written_as_ratio and evidence.has_ratio(mention.value, mention.tolerance)
