"""Query rows as a pandas frame with honest column types."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd

from clawdbot.tools.database.rows import RawRows

ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?")
"""Dates as SQLite keeps them: 'YYYY-MM-DD', with or without a time, no zone."""
_INT64 = range(-(2**63), 2**63)


def to_frame(raw: RawRows) -> pd.DataFrame:
    """One row for each result row.

    Integers with gaps are Int64, Decimal becomes float (15 digits), dates and times without a zone become
    datetime64, times with a zone become UTC without a zone, anything else text.
    """
    data = {name: _series([row[i] for row in raw.rows]) for i, name in enumerate(raw.columns)}
    return pd.DataFrame(data, columns=list(raw.columns))


def _series(values: list[Any]) -> pd.Series[Any]:
    present = [v for v in values if v is not None]
    kinds = {type(v) for v in present}
    if not kinds:
        return pd.Series(values, dtype="object")
    if kinds == {bool}:
        return pd.Series(values, dtype="bool" if len(present) == len(values) else "boolean")
    if kinds <= {int} and all(v in _INT64 for v in present):
        return pd.Series(values, dtype="int64" if len(present) == len(values) else "Int64")
    if kinds <= {int, float, Decimal, bool}:
        return pd.Series([None if v is None else float(v) for v in values], dtype="float64")
    if kinds <= {dt.date, dt.datetime} or (kinds == {str} and all(ISO.fullmatch(v) for v in present)):
        return _dates(values)
    return pd.Series([None if v is None else _text(v) for v in values], dtype="object")


def _dates(values: list[Any]) -> pd.Series[Any]:
    plain = [_without_zone(v) for v in values]
    try:
        return pd.Series(pd.to_datetime(pd.Series(plain, dtype="object"), format="ISO8601"))
    except (ValueError, OverflowError):  # 0000-00-00 and other dates that no calendar has stay text
        return pd.Series([None if v is None else str(v) for v in values], dtype="object")


def _without_zone(value: Any) -> Any:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value


def _text(value: Any) -> str:
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds() / 86400:g} days"
    if isinstance(value, (UUID, dt.time, dt.date)):
        return str(value)
    return value if isinstance(value, str) else str(value)
