"""What a result shows against what was asked: one line for each contradiction, for the model to mend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from clawdbot.tools.database.asked import Hints, read_question
from clawdbot.tools.database.brief_query import read_periods
from clawdbot.tools.database.compiler import Compiled
from clawdbot.tools.database.timeline import floor
from clawdbot.tools.database.typed import Period, TypedQuery


def check_result(frame: pd.DataFrame, query: TypedQuery, hints: Hints, compiled: Compiled) -> list[str]:
    """Complaints about a result; empty when nothing speaks against it."""
    measures = [c for c, role in compiled.roles.items() if role == "measure" and c in frame.columns]
    if frame.empty:
        return [_empty(query)]
    if measures and frame[measures].isna().all(axis=None):
        return [_empty(query)]
    found = []
    if hints.limit and query.limit is None and len(frame) > hints.limit:
        found.append(f"{len(frame)} rows, but the question asks for {hints.limit}.")
    if query.measures and hints.limit and hints.limit > 1 and len(frame) == 1 and not (query.by or query.per):
        found.append(f"One total, but the question asks for {hints.limit}: group with by.")
    if query.measures and hints.grain and query.per != hints.grain:
        found.append(f"The question asks for one row per {hints.grain}; this result is per {query.per or 'nothing'}.")
    asked = read_question(hints.question)
    if (asked.numbers or asked.columns) and not (query.filters or query.having or query.without or query.limit):
        found.append("The question compares something, but no condition was applied.")
    found += _outside(frame, query, compiled, read_periods(hints))
    found += [f"Column {c!r} is empty in every row." for c in measures if len(measures) > 1 and frame[c].isna().all()]
    return found


def _empty(query: TypedQuery) -> str:
    limits = [f"{f.column} {f.op} {f.other_column or f.values or f.value}" for f in query.filters]
    limits += [f"period {p.start or ''}..{p.end or ''}" for p in query.periods]
    limits += [f"without {query.without}"] if query.without else []
    return "No rows match" + (f": {'; '.join(limits)}." if limits else ".")


def _outside(frame: pd.DataFrame, query: TypedQuery, compiled: Compiled, periods: Sequence[Period]) -> list[str]:
    column = next((c for c, role in compiled.roles.items() if role == "time"), None)
    starts, ends = [p.start for p in periods], [p.end for p in periods]
    if column is None or not periods or query.per is None or None in starts or None in ends:
        return []
    first = min(floor(s, query.per) for s in starts if s)
    last = max(e for e in ends if e)
    outside = [str(v) for v in frame[column].dropna() if not first <= bucket_start(str(v)) < last]
    return [f"Buckets outside the asked period: {', '.join(outside[:3])}."] if outside else []


def bucket_start(text: str) -> date:
    """The first day of a bucket from its label: '1997', '1997-Q2', '1997-03' or '1997-03-05'."""
    year, _, rest = text.partition("-")
    if rest.startswith("Q"):
        return date(int(year), int(rest[1:]) * 3 - 2, 1)
    month, _, day = rest.partition("-")
    return date(int(year), int(month or 1), int(day or 1))
