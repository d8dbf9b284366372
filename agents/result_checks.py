"""Does a result answer the brief?  Period, time step, number of rows and named values, each in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from clawdbot.agents.brief import Part
from clawdbot.agents.facts import format_value
from clawdbot.agents.grains import Grain
from clawdbot.tools.database.catalog import ValueHit

_BUCKETS: dict[Grain, re.Pattern[str]] = {
    "day": re.compile(r"\d{4}-\d\d-\d\d"),
    "week": re.compile(r"\d{4}-?W\d\d|\d{4}-\d\d-\d\d|\d{4}-\d\d"),
    "month": re.compile(
        r"\d{4}-\d\d(?:-01)?|1[0-2]|0?[1-9]|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
    ),
    "quarter": re.compile(r"(?:\d{4}[- ]?)?Q?[1-4](?:[- ]?\d{4})?|\d{4}-\d\d(?:-01)?"),
    "year": re.compile(r"(?:19|20)\d\d(?:\.0)?"),
}
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


def check_result(frame: pd.DataFrame, sql: str, part: Part, values: Sequence[ValueHit]) -> list[str]:
    """Complaints about a result, most telling first; empty when it fits the part of the goal."""
    found = [_grain(frame, part), _ranking(frame, part), _period(sql, part), _values(sql, values)]
    return [c for c in found if c]


def _grain(frame: pd.DataFrame, part: Part) -> str:
    if part.grain is None or (part.ranking and part.ranking.limit == 1):
        return ""
    pattern = _BUCKETS[part.grain]
    for column in frame.columns:
        shown = [format_value(v).replace(",", "") for v in frame[column].dropna()]
        if shown and all(pattern.fullmatch(s) for s in shown):
            return ""
    return f"the goal asks for one row per {part.grain}; group by the {part.grain} and show it as a column"


def _ranking(frame: pd.DataFrame, part: Part) -> str:
    limit = part.ranking.limit if part.ranking else None
    if limit is None or len(frame) <= limit:
        return ""
    if part.grain is not None or len(part.periods) > 1:
        return ""
    order = "descending" if part.ranking and part.ranking.descending else "ascending"
    cure = f"order by the measure {order} and limit to {limit}"
    return f"the goal asks for {limit} row(s), the result has {len(frame)}; {cure}"


def _period(sql: str, part: Part) -> str:
    for period in part.periods:
        years = {d.year for d in (period.start, period.end) if d}
        if years and not any(str(y) in sql for y in years):
            bounds = [f">= '{period.start}'" if period.start else "", f"< '{period.end}'" if period.end else ""]
            cure = f"filter the date with {' and '.join(b for b in bounds if b)}"
            return f"the period {period.label} is not in the query; {cure}"
    return ""


def _values(sql: str, values: Sequence[ValueHit]) -> str:
    literals = {m.replace("''", "'").lower() for m in _LITERAL.findall(sql)}
    by_mention: dict[str, list[ValueHit]] = {}
    for hit in values:
        by_mention.setdefault(hit.mention.lower(), []).append(hit)
    for hits in by_mention.values():
        names = {h.value.lower() for h in hits}
        if not any(name in literal or literal.strip("%") in name for name in names for literal in literals if literal):
            hit = hits[0]
            return f"the goal names {hit.value!r}, a value of {hit.table}.{hit.column}; filter on it"
    return ""
