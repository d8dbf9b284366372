"""A frame as a few short lines of text for a model's context."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

ROWS = 12
_CELL = 48
_NOT_ADDED = re.compile(
    r"(id|key|no|code|year|month|quarter|week|day|rank|率|号|编号|年|月|rate|pct|percent|share)$", re.IGNORECASE
)


def preview(frame: pd.DataFrame, *, name: str, rows: int = ROWS, truncated: bool = False) -> str:
    """One line that tells the size, then at most ``rows`` rows as ``a | b | c``, then totals of number columns.

    Numbers have at most two decimals and no thousands separator, dates no midnight, long cells are cut.
    """
    more = " or more, cut at the limit" if truncated else ""
    size = f"{len(frame)} row{'s' if len(frame) != 1 else ''}{more} x {len(frame.columns)} columns"
    lines = [f"table {name}: {size}", " | ".join(str(c) for c in frame.columns)]
    columns = [_shown(frame[c].head(rows)) for c in frame.columns]
    lines += [" | ".join(cells) for cells in zip(*columns, strict=True)]
    if len(frame) > rows:
        lines.append(f"... {len(frame) - rows} more rows")
    totals = _totals(frame)
    if len(frame) > 1 and totals:
        lines.append("totals: " + ", ".join(f"{column} {value}" for column, value in totals.items()))
    return "\n".join(lines)


def shown_number(value: float) -> str:
    """A number as people read it: no exponent in the usual range, at most two decimals, small ones three digits."""
    if not math.isfinite(value):
        return ""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    if abs(value) >= 1e15 or abs(value) < 1e-6:
        return f"{value:.4g}"
    if abs(value) < 0.1:
        return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}".rstrip("0")
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _shown(series: pd.Series[Any]) -> list[str]:
    if pd.api.types.is_datetime64_any_dtype(series):
        known = series.dropna()
        plain = bool((known == known.dt.normalize()).all())
        pattern = "%Y-%m-%d" if plain else "%Y-%m-%d %H:%M:%S"
        return ["" if pd.isna(v) else v.strftime(pattern) for v in series]
    return [_cell(v) for v in series]


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return shown_number(value)
    text = " ".join(str(value).split()).replace("|", "/")
    return text if len(text) <= _CELL else text[: _CELL - 3] + "..."


def _totals(frame: pd.DataFrame) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in frame.columns:
        series = frame[column]
        if pd.api.types.is_bool_dtype(series) or not pd.api.types.is_numeric_dtype(series):
            continue
        if not _NOT_ADDED.search(str(column)) and series.notna().any():
            found[str(column)] = shown_number(float(series.sum()))
    return found
