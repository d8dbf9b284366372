"""Numbers in prose, checked against tables: every figure that is written must stand on a result.

A mention is supported when it is a cell, the usual derivation of cells (rounding, total, mean, share, growth,
difference, count of rows), a number of the context (the goal, a passage), or a date of a known year.  Small bare
counts ("3 regions", "三个") are not checked: they are words more than figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from clawdbot.text.figures import Mention, mentions, plain_text
from clawdbot.tools.evidence import Evidence

SMALL_COUNT = 12
"""Bare integers up to here (months of a year) are counts, not figures."""

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


def unsupported_numbers(text: str, frames: Sequence[pd.DataFrame], *, context: Sequence[str]) -> list[str]:
    """The numbers of ``text`` that neither ``frames`` nor ``context`` support, as they were written, in order.

    ``context`` is text that may be quoted: the goal, table titles, passages.  Empty means: all is supported.
    """
    evidence = Evidence.of(frames, context)
    rest, unknown = _take_dates(plain_text(text), evidence)
    quoted = [m for passage in context for m in mentions(passage)]
    found = unknown + [m.text for m in mentions(rest, plain=True) if not _supported(m, evidence, quoted)]
    return list(dict.fromkeys(found))


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
