"""Sentences that code can state from a table, in the goal's language: the safe words of a run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from clawdbot.text.language import Language
from clawdbot.tools.workspace import TableInfo

_SHOWN = 30
_FEW = 5
_NOT_ADDITIVE = re.compile(
    r"avg|average|mean|price|percent|pct|share|rate|min|max|change|均|单价|占比|率", re.IGNORECASE
)


def format_number(value: Any) -> str:
    """1234567.891 -> '1,234,567.89'; whole numbers without decimals; text as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value != value:
        return "-"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}"


def format_value(value: Any) -> str:
    """A cell as people write it; dates without a midnight time, missing values as '-'."""
    if value is None or value is pd.NaT:
        return "-"
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value)
    return format_number(value.item() if hasattr(value, "item") else value)


def _measures(info: TableInfo, frame: pd.DataFrame) -> list[str]:
    names = [c.name for c in info.columns if c.kind in ("number", "integer") and c.name in frame]
    return [n for n in names if not n.lower().endswith(("id", "_no", "year", "code", "postalcode", "zip"))]


def _name_column(info: TableInfo) -> str | None:
    texts = [c.name for c in info.columns if c.kind in ("text", "date")]
    named = [t for t in texts if not t.lower().endswith("id")]
    return next(iter([*named, *texts]), None)


def facts(info: TableInfo, frame: pd.DataFrame, language: Language) -> list[str]:
    """Total, highest and lowest of each measure; the single row's values; or 'no rows'."""
    if frame.empty:
        return ["没有符合条件的数据。" if language == "zh" else "No rows match."]
    if len(frame) == 1:
        sep, end = ("，", "。") if language == "zh" else (", ", ".")
        joint = "为" if language == "zh" else " is "
        pairs = [f"{c}{joint}{format_value(v)}" for c, v in zip(frame.columns, frame.iloc[0], strict=True)]
        return [sep.join(pairs) + end]
    name = _name_column(info)
    found = [_measure_fact(info, frame, measure, name, language) for measure in _measures(info, frame)[:3]]
    stated = [f for f in found if f]
    return stated or [f"共{info.rows}行。" if language == "zh" else f"{info.rows} rows."]


def is_additive(measure: str) -> bool:
    """A total of the column means something: not of averages, prices, shares or extremes."""
    return not _NOT_ADDITIVE.search(measure)


def _measure_fact(info: TableInfo, frame: pd.DataFrame, measure: str, name: str | None, language: Language) -> str:
    """Every row when they are few, else the highest and the lowest; the total where it means something."""
    numbers = [float(v) for v in pd.to_numeric(frame[measure], errors="coerce")]
    labels = [format_value(v) for v in frame[name]] if name else [""] * len(numbers)
    rows = [(value, f"{label} {format_number(value)}") for label, value in zip(labels, numbers, strict=True)]
    known = [(value, text.strip()) for value, text in rows if value == value]
    if not known:
        return ""
    zh = language == "zh"
    pieces = []
    if is_additive(measure) and not info.truncated:
        total = format_number(sum(value for value, _ in known))
        pieces.append(f"{measure}合计{total}" if zh else f"total {measure} {total}")
    if len(known) <= _FEW:
        texts = [text for _, text in known]
        pieces.append(f"{measure}：{'、'.join(texts)}" if zh else f"{measure}: {', '.join(texts)}")
    else:
        top, low = max(known)[1], min(known)[1]
        pieces.append(f"{measure}最高：{top}；最低：{low}" if zh else f"highest {measure}: {top}; lowest: {low}")
    return ("；".join(pieces) + "。") if zh else ("; ".join(pieces) + ".")


def listing(info: TableInfo, frame: pd.DataFrame, *, limit: int = _SHOWN) -> str:
    """The rows as a Markdown table, at most ``limit`` of them."""
    header = " | ".join(str(c) for c in frame.columns)
    lines = [f"| {header} |", "|" + " --- |" * len(frame.columns)]
    for row in frame.head(limit).itertuples(index=False):
        lines.append("| " + " | ".join(format_value(v).replace("|", "/")[:80] for v in row) + " |")
    if len(frame) > limit:
        lines.append(f"(+{len(frame) - limit})")
    return "\n".join(lines)


def state(tables: Sequence[tuple[TableInfo, pd.DataFrame]], language: Language) -> str:
    """What all results say, without a model: facts of each table and its rows when they are few."""
    pieces = []
    for info, frame in tables:
        body = " ".join(facts(info, frame, language))
        if 1 < len(frame) <= _SHOWN:
            body += "\n" + listing(info, frame)
        pieces.append(body)
    return "\n".join(pieces)
