"""From which day a document is in force, and which documents are versions of one, read from their first lines."""

from __future__ import annotations

import re
from datetime import date

_HEAD = 1_200
_DATE = (
    r"(?P<y>(?:19|20)\d\d)\s?(?:[-/.]|年)\s?(?P<m>0?[1-9]|1[0-2])(?!\d)"
    r"(?:\s?(?:[-/.]|月)\s?(?P<d>0?[1-9]|[12]\d|3[01])(?!\d))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDED = (
    rf"(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m1>{'|'.join(_MONTHS)})[a-z]*\.?,?\s+(?P<y1>(?:19|20)\d\d)|"
    rf"(?P<m2>{'|'.join(_MONTHS)})[a-z]*\.?\s+(?:(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?P<y2>(?:19|20)\d\d))"
)
_BEFORE = (
    r"(?:生效日期|施行日期|实施日期|执行日期|发布日期|生效|自|从|in force(?: from| since)?|"
    r"effective(?: date| from| as of)?|"
    r"valid from|as of|applies from|published(?: on)?|issued(?: on)?|dated?)\s*[:：]?\s*"
)
_IN_FORCE = re.compile(rf"{_BEFORE}(?:{_DATE}|{_WORDED})", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?!\d)")


def in_force(text: str, title: str) -> str:
    """The day as ISO 8601, from 'in force from 2024-01-01', '生效日期 2026-01-01' and the like; the first day of the
    year that the title names; empty when neither says it."""
    for match in _IN_FORCE.finditer(text[:_HEAD]):
        groups = match.groupdict()
        year = groups["y"] or groups["y1"] or groups["y2"]
        word = groups["m1"] or groups["m2"]
        month = int(groups["m"]) if groups["m"] else _MONTHS.index(word.lower()) + 1
        day = int(groups["d"] or groups["d1"] or groups["d2"] or 1)
        try:
            return date(int(year), month, day).isoformat()
        except ValueError:
            continue
    named = _YEAR.search(title)
    return f"{named['y']}-01-01" if named else ""


_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2,6}[-–]?\d{2,5}(?![A-Za-z0-9])")
_YEARS = re.compile(
    r"[（(\[]?\s*v?(?:19|20)\d\d\s*(?:年|年度)?\s*(?:版本?|edition|version)?\s*[)）\]]?|\bv\d+(?:\.\d+)*\b", re.I
)
_HEADER = 400


def family(text: str, title: str) -> str:
    """What versions of one document share: the number that its first lines give ('FIN-012' of 'FIN-012/2024'), else
    its title without years and versions, folded."""
    number = _NUMBER.search(text[:_HEADER])
    if number:
        return number[0].replace("–", "-")
    return " ".join(_YEARS.sub(" ", title).casefold().split())
