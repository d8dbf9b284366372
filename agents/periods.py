"""Dates in a goal become half-open ranges, by rules, in Chinese and English.

``find_periods("2024年第三季度和第四季度", today)`` gives two ranges.  Every rule is a pattern with a function;
patterns are tried longest mention first and a stretch of text is used once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from clawdbot.agents.period_rules import ABSOLUTE, RELATIVE, YEAR, Range, add_months
from clawdbot.text.language import normalise


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days from ``start`` up to but not including ``end``; None is open.  ``mention`` is the goal's text."""

    start: date | None
    end: date | None
    label: str
    mention: str
    position: int = 0


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
_ZH_BEFORE = re.compile(r"^\s*(?:之前|以前|前(?!\s*[\d一二两三四五六七八九十几]))")
_AMOUNT_BEFORE = re.compile(
    r"(?:\b(?:over|above|exceed(?:s|ing)?|than|under|below|least|most|top|first|limit|worth|of at)|[$¥€£]|"
    r"超过|大于|小于|高于|低于|不足|"
    r"至少|至多|多于|少于|满|达到?|前)\s*$",
    re.IGNORECASE,
)
_AMOUNT_AFTER = re.compile(
    r"\s*(?:元|块|件|个|单|笔|条|多|余|名|人|家|种|台|箱|吨|公斤|千克|斤|米|次|位|套|份|万|千|百|亿|美元|人民币|以上|以下|dollars?\b|usd\b|eur\b|cny\b|rmb\b|yuan\b|units?\b|pieces?\b|rows?\b|"
    r"or (?:more|less)\b)",
    re.IGNORECASE,
)
_HANZI_YEAR = re.compile(r"(?:一九|二[〇零])[〇零一二三四五六七八九]{2}(?=\s*年)")
_HANZI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_BARE = re.compile(r"(?:19|20)\d\d-(?:Q\d|\d\d$)")
_PART = re.compile(r"(?:19|20)\d\d-(?:Q\d|H\d|\d\d)")
_AND_ZH = re.compile(r"\s*年?\s*(?:和|与|及|以及|、|同|跟|对比|vs\.?)\s*")
_AND_EN = re.compile(r"\s*(?:,|and|&|or|vs\.?|versus|compared (?:to|with)|against|with)\s+", re.IGNORECASE)
_ONWARD = re.compile(r"^\s*(?:onwards?|and later|or later)", re.IGNORECASE)


def find_periods(goal: str, today: date) -> tuple[Period, ...]:
    """All periods that a goal names, in the order of the text; ranges and open ends are put together."""
    text = _HANZI_YEAR.sub(lambda m: m[0].translate(_HANZI_DIGITS), normalise(goal))
    taken: list[tuple[int, int, Range]] = []
    for pattern, make in (*ABSOLUTE, *RELATIVE):
        for match in pattern.finditer(text):
            begin, stop = match.span("at" if "at" in pattern.groupindex else 0)
            if any(begin < end and start < stop for start, end, _ in taken):
                continue
            if _is_amount(text, match):
                continue
            try:
                taken.append((begin, stop, make(match, today)))
            except (ValueError, KeyError, OverflowError):
                continue
    taken.sort(key=lambda item: item[0])
    return _combine(text, _share_part(text, _inherit_year(text, taken)))


def _is_amount(text: str, match: re.Match[str]) -> bool:
    """A bare '2000' beside 'more than' or a unit is a quantity, not a year."""
    if not re.fullmatch(YEAR, match[0]):
        return False
    return bool(_AMOUNT_BEFORE.search(text[: match.start()]) or _AMOUNT_AFTER.match(text[match.end() :]))


def _inherit_year(text: str, found: list[tuple[int, int, Range]]) -> list[tuple[int, int, Range]]:
    """'2024年第三季度和第四季度', 'Q1 and Q2 2024', '1997年3月到5月': a bare part takes the neighbour's year."""
    years = [int(m[0]) for _, _, (_, _, label) in found if (m := re.match(r"(?:19|20)\d\d", label))]
    explicit = {i: re.search(YEAR, text[a:b]) for i, (a, b, _) in enumerate(found)}
    named = [int(m[0]) for m in explicit.values() if m]
    if len(set(named)) != 1 or not years:
        return found
    out = []
    for index, (a, b, (start, end, label)) in enumerate(found):
        bare = explicit[index] is None and _BARE.match(label) is not None
        relative = re.search(r"上|本|这|last|this|previous|当|下|今|去", text[a:b], re.IGNORECASE)
        if bare and not relative and start and end:
            shift = (named[0] - start.year) * 12
            out.append((a, b, _relabel(add_months(start, shift), add_months(end, shift), label, named[0])))
        else:
            out.append((a, b, (start, end, label)))
    return out


def _share_part(text: str, found: list[tuple[int, int, Range]]) -> list[tuple[int, int, Range]]:
    """'1997年和1998年第一季度', 'Q1 1997 and 1998': a whole year beside a part of another means the same part of it."""
    out = list(found)
    pairs = [(i, i + 1, _AND_ZH) for i in reversed(range(len(out) - 1))]
    pairs += [(i + 1, i, _AND_EN) for i in range(len(out) - 1)]
    for whole, part, between in pairs:
        first, second = sorted((whole, part))
        (a, b, (start, _, _)), (_, _, (other, end, label)) = out[whole], out[part]
        if not between.fullmatch(text[out[first][1] : out[second][0]]) or not re.fullmatch(rf"{YEAR}年?", text[a:b]):
            continue
        if _PART.fullmatch(label) and start and other and end:
            shift = (start.year - other.year) * 12
            out[whole] = (a, b, _relabel(add_months(other, shift), add_months(end, shift), label, start.year))
    return out


def _relabel(start: date, end: date, label: str, year: int) -> Range:
    return start, end, f"{year}{label[4:]}"


def _combine(text: str, found: list[tuple[int, int, Range]]) -> tuple[Period, ...]:
    periods: list[Period] = []
    index = 0
    while index < len(found):
        a, b, (start, end, label) = found[index]
        before, after = text[:a], text[b:]
        if index + 1 < len(found) and _is_range(text, found[index], found[index + 1]):
            periods.append(_range(text, found[index], found[index + 1]))
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


def _is_range(text: str, first: tuple[int, int, Range], second: tuple[int, int, Range]) -> bool:
    between = text[first[1] : second[0]]
    if not _JOIN.match(between):
        return False
    return bool(_STRONG_JOIN.search(between) or _BETWEEN.search(text[: first[0]]))


def _range(text: str, first: tuple[int, int, Range], second: tuple[int, int, Range]) -> Period:
    """One period from two; 'October 2025 to February' ends in the next year, years said backwards are turned."""
    (a, _, (start, end, label)), (c, d, (start2, end2, label2)) = first, second
    if start and end2 and end2 <= start:
        if _BARE.match(label2) and not re.search(YEAR, text[c:d]):
            end2, label2 = add_months(end2, 12), f"{int(label2[:4]) + 1}{label2[4:]}"
        if end2 <= start:
            start, end2, label, label2 = start2, end, label2, label
    return Period(start=start, end=end2, label=f"{label} to {label2}", mention=text[a:d], position=a)
