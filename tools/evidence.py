"""What tables say in numbers: cells and the derivations that people write without naming a formula.

Three sets, because a check that accepts everything checks nothing: ``coarse`` (cells of small tables, totals,
means, steps) may be met by a rounded figure, ``fine`` (sums and differences of any two rows, cells deep in a large
table) only by one of at least four digits, ``ratios`` (shares, growth) by a percentage.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

FEW = 12
"""Rows up to which any two may be compared; beyond, neighbours and the same period a year before."""
EDGE = 50
"""Rows at each end of a large table that count like those of a small one (a preview shows them)."""
_YEAR = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")
_TEXT_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_SCALED_NAMES = ((re.compile(r"亿"), 1e8), (re.compile(r"百万|million|\bmn\b", re.I), 1e6), (re.compile(r"万"), 1e4),
                 (re.compile(r"千元|thousand", re.I), 1e3))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Sorted absolute values, and the years that data or context mention."""

    coarse: Numbers
    fine: Numbers
    ratios: Numbers
    years: frozenset[int]

    @classmethod
    def of(cls, frames: Sequence[pd.DataFrame], context: Sequence[str]) -> Evidence:
        """All that these tables support; ``context`` adds years only."""
        sets = _Sets()
        totals: list[float] = []
        years = {int(y) for text in context for y in _YEAR.findall(text)}
        for frame in frames:
            years |= _years(frame)
            totals += sets.add_frame(frame)
        if 2 <= len(totals) <= FEW:
            sets.add_pairs(np.array(totals))
        if years and max(years) - min(years) <= 15:
            years |= set(range(min(years), max(years)))
        return cls(
            coarse=_sorted(sets.coarse), fine=_sorted(sets.fine), ratios=_sorted(sets.ratios), years=frozenset(years)
        )

    def has_amount(self, value: float, tolerance: float, *, fine: bool) -> bool:
        """A cell or derived amount lies within ``tolerance``; ``fine`` opens the larger set."""
        return _near(self.coarse, value, tolerance) or (fine and _near(self.fine, value, tolerance))

    def has_ratio(self, value: float, tolerance: float) -> bool:
        """A share, growth or multiple (as a fraction) lies within ``tolerance``."""
        return _near(self.ratios, value, tolerance)


class _Sets:
    """The three sets while they are collected."""

    def __init__(self) -> None:
        self.coarse: list[Numbers] = []
        self.fine: list[Numbers] = []
        self.ratios: list[Numbers] = []

    def add_frame(self, frame: pd.DataFrame) -> list[float]:
        """Add one table; returns the totals of its columns, for comparison between tables."""
        self.coarse.append(np.array([float(len(frame)), *(float(frame[c].nunique()) for c in frame.columns)]))
        numeric = {str(c): _floats(frame[c]) for c in frame.columns if _is_numeric(frame[c])}
        for name, values in numeric.items():
            for scale in (1.0, *(s for pattern, s in _SCALED_NAMES if pattern.search(name))):
                self.add_column(values * scale)
        self.add_text(frame)
        self.add_groups(frame, numeric)
        if 2 <= len(numeric) <= 6:
            self.add_rows(list(numeric.values()))
        return [float(np.nansum(values)) for values in numeric.values() if len(values)]

    def add_column(self, values: Numbers) -> None:
        """Cells, totals, steps, shares and growth of one column in its order."""
        x = values[np.isfinite(values)]
        if not len(x):
            return
        total = float(x.sum())
        edges = x if len(x) <= 2 * EDGE else np.concatenate([x[:EDGE], x[-EDGE:]])
        stats = np.array([total, x.mean(), float(np.median(x)), x.min(), x.max(), x.max() - x.min()])
        self.coarse += [edges, stats]
        self.fine.append(x)
        if len(x) > 2 * EDGE:
            self.ratios.append(_divide(np.array([x.max(), x.min()]), total))
            return
        largest = np.cumsum(np.sort(x)[::-1])
        self.coarse.append(np.diff(x))
        self.fine += [largest, np.cumsum(x)]
        self.ratios += [_divide(x, total), _divide(largest, total)]
        for lag in (1, 4, 12):
            if len(x) > lag:
                self.ratios.append(_growth(x[:-lag], x[lag:]))
                self.fine.append(x[lag:] - x[:-lag])
        self.ratios.append(_growth(x[:1], x[-1:]))
        self.coarse.append(x[-1:] - x[:1])
        self.ratios += [_growth(np.array([x.mean()]), x), _divide(np.array([x.max()]), float(x.min()))]
        if len(x) <= FEW:
            self.add_pairs(x)

    def add_pairs(self, x: Numbers) -> None:
        """Sums and differences of any two; growth and multiples when they are very few."""
        first, second = np.triu_indices(len(x), 1)
        self.fine += [x[first] + x[second], x[first] - x[second]]
        if len(x) <= 3:
            self.coarse.append(x[first] - x[second])
        if len(x) <= FEW // 2:
            self.ratios += [_growth(x[first], x[second]), _growth(x[second], x[first])]

    def add_rows(self, columns: list[Numbers]) -> None:
        """One column against another: target and actual, this year and the last."""
        for i, left in enumerate(columns):
            for right in columns[i + 1 :]:
                pairs = np.column_stack([left, right])
                both = np.vstack([pairs[: 2 * EDGE], np.nansum(pairs, axis=0)])
                self.fine += [both[:, 0] - both[:, 1], both[:, 0] + both[:, 1]]
                a, b = both[:, 0], both[:, 1]
                self.ratios += [_divide(a, b), _divide(b, a)]

    def add_text(self, frame: pd.DataFrame) -> None:
        """Numbers inside names and text cells ('12 - 355 ml cans')."""
        texts = [str(c) for c in frame.columns]
        for column in frame.columns:
            if not _is_numeric(frame[column]) and not pd.api.types.is_datetime64_any_dtype(frame[column]):
                texts += [str(v)[:200] for v in frame[column].dropna().head(2 * EDGE)]
        found = [float(n.replace(",", "")) for text in texts for n in _TEXT_NUMBER.findall(text)]
        if found:
            self.coarse.append(np.array(found))

    def add_groups(self, frame: pd.DataFrame, numeric: dict[str, Numbers]) -> None:
        """Totals by a column with few values, and by year and quarter of a date column."""
        for key in _group_keys(frame):
            for values in numeric.values():
                groups = pd.Series(values).groupby(key.to_numpy(), sort=True)
                sums = np.asarray(groups.sum(), dtype=np.float64)
                self.coarse += [sums, np.asarray(groups.size(), dtype=np.float64)]
                self.ratios += [_divide(sums, float(sums.sum())), _growth(sums[:-1], sums[1:])]


def _group_keys(frame: pd.DataFrame) -> Iterable[pd.Series[Any]]:
    for column in frame.columns:
        series = frame[column]
        dates = _dates(series)
        if dates is not None:
            yield from (k for k in (dates.dt.year, dates.dt.to_period("Q").astype(str)) if 1 < k.nunique() < len(k))
        elif 1 < series.nunique() <= FEW and series.nunique() < len(series):
            yield series


def _dates(series: pd.Series[Any]) -> pd.Series[Any] | None:
    """The column as dates, when it holds dates or texts like 2024-07; missing ones make it no date column."""
    if pd.api.types.is_datetime64_any_dtype(series):
        return series if series.notna().all() else None
    if _is_numeric(series) or not len(series) or not series.astype(str).str.match(r"^(19|20|21)\d\d-\d\d").all():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns when it must guess a format; an unreadable one becomes NaT
        parsed = pd.to_datetime(series, errors="coerce")
    return parsed if parsed.notna().all() else None


def _years(frame: pd.DataFrame) -> set[int]:
    found = {int(y) for c in frame.columns for y in _YEAR.findall(str(c))}
    for column in frame.columns:
        series = frame[column].dropna()
        if pd.api.types.is_datetime64_any_dtype(series):
            found |= {int(y) for y in series.dt.year.unique()}
        elif not _is_numeric(series):
            found |= {int(y) for v in series.unique()[:1000] for y in _YEAR.findall(str(v)[:200])}
        elif re.search(r"year|年", str(column), re.I):
            found |= {int(v) for v in series.unique() if 1900 <= v < 2200}
    return found


def _is_numeric(series: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series))


def _floats(series: pd.Series[Any]) -> Numbers:
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _divide(top: Numbers, bottom: Numbers | float) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(top / np.asarray(bottom, dtype=np.float64), dtype=np.float64)


def _growth(before: Numbers, after: Numbers) -> Numbers:
    """Growth as a fraction, and the multiple."""
    multiple = _divide(after, before)
    return np.concatenate([multiple - 1, multiple])


def _sorted(parts: list[Numbers]) -> Numbers:
    if not parts:
        return np.empty(0)
    joined = np.abs(np.concatenate([np.ravel(p) for p in parts]))
    return np.unique(joined[np.isfinite(joined)])


def _near(values: Numbers, value: float, tolerance: float) -> bool:
    left = int(np.searchsorted(values, abs(value) - tolerance, side="left"))
    return left < len(values) and bool(values[left] <= abs(value) + tolerance)
