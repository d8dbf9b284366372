"""Cells as people read them: numbers with separators and one number of decimals for each column, dates by language."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from clawdbot.tools.report.words import WORDS, Language, written_date, written_month
from clawdbot.tools.workspace import Column, TableInfo

MISSING = "–"
_NAMES_NOT_AMOUNTS = re.compile(
    r"(?:^|[_\s])(?:id|no|nr|code|year|yr|zip|phone|number)$|(?<=[a-z])(?:ID|Id|No|Code|Year)$|^(?:id|year)\b"
    r"|编号|代码|年份|年度$|^年$|邮编|电话|单号|号$",
    re.IGNORECASE,
)
_LOWER_ONLY = re.compile(r"[a-z](?:ID|Id|No|Code|Year)$")


@dataclass(frozen=True, kw_only=True)
class FormattedColumn:
    """A column ready to print: its header, its cells as plain text, which side they align to, if they may wrap."""

    name: str
    cells: tuple[str, ...]
    right: bool
    wraps: bool = True


def format_columns(info: TableInfo, frame: pd.DataFrame, language: Language) -> tuple[FormattedColumn, ...]:
    """The columns of a saved table as text, in order."""
    return tuple(
        FormattedColumn(
            name=column.name,
            cells=_cells(column, frame.iloc[:, i].tolist(), language),
            right=column.kind in ("number", "integer"),
            wraps=column.kind == "text",
        )
        for i, column in enumerate(info.columns)
    )


def _cells(column: Column, values: list[Any], language: Language) -> tuple[str, ...]:
    if column.kind in ("number", "integer"):
        return _numbers(column.name, values)
    if column.kind == "date":
        return _moments([None if pd.isna(v) else v.to_pydatetime() for v in values], language)
    if column.kind == "boolean":
        words = WORDS[language]
        return tuple(MISSING if pd.isna(v) else words["yes" if v else "no"] for v in values)
    return tuple(MISSING if v is None or (isinstance(v, float) and math.isnan(v)) else str(v) for v in values)


def _numbers(name: str, values: list[Any]) -> tuple[str, ...]:
    known = [float(v) for v in values if not pd.isna(v) and math.isfinite(v)]
    decimals = _decimals(known)
    plain = decimals == 0 and is_name_of_things(name, known)
    shown = []
    for value in values:
        if pd.isna(value):
            shown.append(MISSING)
        elif plain:
            shown.append(f"{int(value)}")
        else:
            text = f"{value:,.{decimals}f}"
            # A true minus sign; a hyphen would be shorter than the digits are wide.
            shown.append("−" + text[1:] if text.startswith("-") and text.strip("-0.,") else text.lstrip("-"))
    return tuple(shown)


def is_name_of_things(name: str, values: list[float]) -> bool:
    """Whole numbers that name things (years, keys, codes): no thousands separators."""
    years = bool(values) and all(1900 <= v <= 2100 for v in values)
    return bool(_NAMES_NOT_AMOUNTS.search(name)) or (years and bool(re.search(r"year|年", name, re.I)))


def _decimals(values: list[float]) -> int:
    """As many as the values have, at most two; up to four where all are below one (shares, rates)."""
    most = 4 if values and max(map(abs, values)) < 1 else 2
    for decimals in range(most):
        if all(abs(round(v, decimals) - v) < 10.0 ** -(most + 2) * max(1.0, abs(v) * 1e-6) for v in values):
            return decimals
    return most


def _moments(values: list[datetime | None], language: Language) -> tuple[str, ...]:
    """Only as exact as the column: months where every day is a first, times where any is given."""
    known = [v for v in values if v is not None]
    timed = any(v.hour or v.minute or v.second for v in known)
    monthly = not timed and len(set(known)) > 1 and all(v.day == 1 for v in known)
    shown = []
    for value in values:
        if value is None:
            shown.append(MISSING)
        elif monthly:
            shown.append(written_month(value, language))
        else:
            shown.append(written_date(value, language, short=True) + (f" {value:%H:%M}" if timed else ""))
    return tuple(shown)
