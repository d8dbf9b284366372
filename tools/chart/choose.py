"""Which kind of chart and which columns: the caller's wishes, completed and mended by rules without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from rapidfuzz import process

from clawdbot.errors import RetryableToolError
from clawdbot.tools.chart.buckets import time_positions
from clawdbot.tools.chart.plot import Kind
from clawdbot.tools.workspace import TableInfo

_CODE = re.compile(r"(?:^|[_\s])(?:id|no|nr|code|key|zip|rank)$|[a-z]I[Dd]$|编号|编码|序号|代码|排名", re.I)
_CALENDAR = re.compile(
    r"(?:^|[_\s])(?:year|quarter|month|week|day|hour|weekday|yr|qtr)s?$|年份?$|季度?$|月份?$|周$|日$", re.I
)
_PARTS = re.compile(
    r"share|proportion|composition|breakdown|part of|percentage of|pie|占比|份额|构成|比例|比重|饼", re.I
)
FEW_PARTS = 8
FEW_SERIES = 8


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What to draw from a table; ``notes`` say, for the model, what was mended."""

    kind: Kind
    x: str | None
    y: tuple[str, ...]
    series: str | None
    stacked: bool = False
    notes: tuple[str, ...] = field(default=())

    def but(self, note: str, **changes: object) -> Choice:
        """The same choice with changes and the reason for them."""
        return replace(self, notes=(*self.notes, note), **changes)  # type: ignore[arg-type]  # fields by name


@dataclass(frozen=True, kw_only=True)
class Columns:
    """A table's columns by the part that they can play."""

    info: TableInfo
    frame: pd.DataFrame

    @property
    def numeric(self) -> list[str]:
        """Columns that hold numbers."""
        return numeric_columns(self.info)

    @property
    def measures(self) -> list[str]:
        """Numeric columns that are worth a mark: no keys, no calendar fields."""
        return [c for c in self.numeric if not _CODE.search(c) and not self.is_time(c)]

    @property
    def names(self) -> list[str]:
        """All columns, in the table's order."""
        return [c.name for c in self.info.columns]

    def is_time(self, name: str) -> bool:
        """The column names points in time or calendar buckets."""
        kind = next(c.kind for c in self.info.columns if c.name == name)
        values = self.frame[name].dropna()
        if kind == "date":
            return True
        if kind == "text":
            return len(values) > 0 and time_positions([str(v) for v in values.unique()]) is not None
        if kind == "boolean" or not len(values):
            return False
        if not bool((values == values.round()).all()):
            return False
        years = bool(values.between(1900, 2100).all())
        if _CALENDAR.search(name):
            return years or bool(values.between(0, 366).all())
        return years and len(values) > 1 and bool((values.diff().dropna() == 1).all())

    def distinct(self, name: str) -> int:
        """How many different values."""
        return int(self.frame[name].nunique(dropna=False))


def numeric_columns(info: TableInfo) -> list[str]:
    """Names of the columns that hold numbers."""
    return [c.name for c in info.columns if c.kind in ("number", "integer")]


def choose(
    columns: Columns,
    *,
    kind: Kind | None,
    x: str | None,
    y: Sequence[str],
    series: str | None,
    stacked: bool,
    goal: str,
) -> Choice:
    """A combination that can be drawn; RetryableToolError names the columns that exist when a wish cannot be met."""
    _check(columns, x=x, y=y, series=series)
    notes: tuple[str, ...] = ()
    wished = tuple(dict.fromkeys(y))
    if x is not None and wished == (x,) and kind != "histogram":
        notes = (f"x and y were both {x!r}; x was chosen from the other columns",)
        x = None
    measures = wished or _default_y(columns, x=x, series=series)
    if series in (x, *measures):
        series = None
    if x is None and kind != "histogram":
        x = _default_x(columns, y=measures, series=series, scatter=kind == "scatter")
    kept = tuple(name for name in measures if name != x) or measures
    chosen = Choice(kind=kind or "bar", x=x, y=kept, series=series, stacked=stacked, notes=notes)
    chosen = _with_series(columns, chosen)
    if kind is None:
        chosen = replace(chosen, kind=_auto(columns, chosen, goal=goal))
    return _mended(columns, chosen)


def _check(columns: Columns, *, x: str | None, y: Sequence[str], series: str | None) -> None:
    for name in (x, series, *y):
        if name is not None and name not in columns.names:
            near = process.extractOne(name, columns.names, score_cutoff=60)
            nearest = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(columns.names)
            raise RetryableToolError(
                f"Table {columns.info.name!r} has no column {name[:80]!r}.", hint=f"Columns: {known}.{nearest}"
            )
    if not columns.numeric:
        raise RetryableToolError(
            f"Table {columns.info.name!r} has no numeric column to draw.",
            hint="Query a count, a sum or another number.",
        )
    for name in y:
        if name not in columns.numeric:
            known = ", ".join(columns.numeric)
            raise RetryableToolError(f"y {name!r} is not numeric.", hint=f"Numeric columns: {known}.")


def _default_y(columns: Columns, *, x: str | None, series: str | None) -> tuple[str, ...]:
    taken = {x, series}
    for names in (columns.measures, columns.numeric):
        free = [name for name in names if name not in taken]
        if free:
            return (free[0],)
    return (columns.numeric[0],)


def _default_x(columns: Columns, *, y: Sequence[str], series: str | None, scatter: bool) -> str | None:
    free = [name for name in columns.names if name not in (*y, series)]
    if scatter:
        return next((name for name in free if name in columns.measures), free[0] if free else None)
    labels = [name for name in free if name not in columns.numeric]
    times = [name for name in free if columns.is_time(name)]
    codes = [name for name in free if name not in columns.measures]
    return next(iter((*times, *labels, *codes)), None)


def _with_series(columns: Columns, chosen: Choice) -> Choice:
    """A table in long form (month, region, revenue) is split by its second label when only that makes rows unique."""
    if chosen.series or chosen.x is None or len(chosen.y) > 1 or chosen.kind in ("pie", "histogram", "scatter"):
        return chosen
    rows = len(columns.frame)
    if columns.distinct(chosen.x) == rows:
        return chosen
    for name in columns.names:
        if name in (chosen.x, *chosen.y) or (name in columns.numeric and not columns.is_time(name)):
            continue
        unique = len(columns.frame[[chosen.x, name]].drop_duplicates()) == rows
        if unique and 2 <= columns.distinct(name) <= FEW_SERIES:
            return chosen.but(f"split by {name!r}", series=name)
    return chosen


def _auto(columns: Columns, chosen: Choice, *, goal: str) -> Kind:
    if chosen.x is None:
        return "histogram" if len(columns.frame) > 12 else "bar"
    distinct = columns.distinct(chosen.x)
    one = len(chosen.y) == 1 and chosen.series is None
    if columns.is_time(chosen.x):
        return "line" if distinct >= 3 else "bar"
    if chosen.x in columns.measures and distinct > 12:
        return "scatter"
    if one and 2 <= distinct <= FEW_PARTS and _PARTS.search(goal) and not _negative(columns, chosen):
        return "pie"
    return "bar"


def _mended(columns: Columns, chosen: Choice) -> Choice:
    if chosen.kind == "pie":
        return _pie(columns, chosen)
    if chosen.kind == "scatter":
        return _scatter(columns, chosen)
    if chosen.kind == "heatmap" and chosen.series is None and len(chosen.y) == 1:
        other = [c for c in columns.names if c not in (chosen.x, *chosen.y) and c not in columns.measures]
        if not other:
            return chosen.but("a heat map needs a second label column; drawn as bars", kind="bar")
        return chosen.but(f"rows are {other[0]!r}", series=other[0])
    if chosen.kind == "line" and chosen.stacked:
        chosen = chosen.but("stacked lines are drawn as areas", kind="area")
    if chosen.kind == "area" and _negative(columns, chosen):
        return chosen.but("areas cannot show negative values; drawn as lines", kind="line", stacked=False)
    if chosen.series and len(chosen.y) > 1:
        return chosen.but(f"with a series only one y is drawn: {chosen.y[0]!r}", y=chosen.y[:1])
    if chosen.kind == "histogram" and len(chosen.y) > 1:
        return chosen.but(f"a histogram shows one column: {chosen.y[0]!r}", y=chosen.y[:1])
    return chosen


def _pie(columns: Columns, chosen: Choice) -> Choice:
    if _negative(columns, chosen):
        return chosen.but("a pie cannot show negative values; drawn as bars", kind="bar")
    total = columns.frame[chosen.y[0]].clip(upper=1e200).sum()
    if total < 1e-190:
        return chosen.but("a pie needs a total above zero; drawn as bars", kind="bar")
    if len(chosen.y) > 1:
        return chosen.but("a pie cannot show several columns; drawn as stacked bars", kind="bar", stacked=True)
    return replace(chosen, series=None)


def _scatter(columns: Columns, chosen: Choice) -> Choice:
    if chosen.x in columns.numeric or (chosen.x is not None and columns.is_time(chosen.x)):
        return replace(chosen, y=chosen.y[:1])
    others = [name for name in columns.measures if name != chosen.y[0]]
    if not others:
        raise RetryableToolError(
            f"A scatter chart needs two numeric columns; {columns.info.name!r} has only {chosen.y[0]!r}.",
            hint="Use kind 'bar', or query a table with two numbers for each row.",
        )
    across = chosen.y[1] if len(chosen.y) > 1 else others[0]
    label = chosen.series
    if label is None and chosen.x is not None and columns.distinct(chosen.x) <= FEW_SERIES < len(columns.frame):
        label = chosen.x
    return chosen.but(f"x must be numeric: {across!r} was taken", x=across, y=chosen.y[:1], series=label)


def _negative(columns: Columns, chosen: Choice) -> bool:
    return any(bool((columns.frame[name].dropna() < 0).any()) for name in chosen.y)
