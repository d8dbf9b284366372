"""From a table and a choice to the values of a chart: aggregated, sorted, folded, labelled, cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clawdbot.errors import RetryableToolError
from clawdbot.tools.chart.amounts import Language, additive, amount_of
from clawdbot.tools.chart.buckets import size_positions, time_positions
from clawdbot.tools.chart.choose import FEW_PARTS, FEW_SERIES, Choice, Columns
from clawdbot.tools.chart.plot import Plot, Series, Wishes
from clawdbot.tools.chart.text import MISSING, clean
from clawdbot.tools.chart.words import say

MOST_BARS = 30
MOST_CELLS = 40
MOST_SLOTS = 400
HUGEST = 1e200
"""Beyond it a sum could overflow; such values count as not finite."""
TINIEST = 1e-200
"""Below it an axis has no digits left; such values are drawn as zero."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Values by category (rows) and series (columns); positions are empty where categories have no order."""

    values: pd.DataFrame
    positions: tuple[float, ...]
    notes: tuple[str, ...]
    rest: str = ""
    rest_series: bool = False


def prepare(columns: Columns, chosen: Choice, wishes: Wishes) -> Plot:
    """The chart's values; RetryableToolError when nothing finite is left to draw."""
    frame = columns.frame.copy()
    dropped = 0
    for name in {*chosen.y, *([chosen.x] if chosen.kind == "scatter" else [])} & set(columns.numeric):
        column = pd.to_numeric(frame[name], errors="coerce").astype(float)
        bad = ~np.isfinite(column) | (column.abs() > HUGEST)
        dropped += int(bad.sum())
        frame[name] = column.mask(bad).mask(column.abs() < TINIEST, 0.0)
    frame = frame.dropna(subset=list(chosen.y), how="all")
    if frame.empty:
        raise RetryableToolError(
            f"Column {', '.join(chosen.y)!r} of {columns.info.name!r} has no value that can be drawn.",
            hint="Draw another numeric column, or query again.",
        )
    notes = (say("dropped", wishes.language, n=dropped),) if dropped else ()
    if columns.info.truncated:
        notes = (*notes, say("truncated", wishes.language, n=columns.info.rows))
    columns = replace(columns, frame=frame)
    if chosen.kind == "scatter":
        plot = _scatter(columns, chosen, wishes)
    elif chosen.kind == "histogram":
        plot = _histogram(chosen, frame, wishes)
    else:
        plot = _categorical(columns, chosen, wishes)
    plot = replace(plot, notes=(*notes, *plot.notes))
    return _with_glyph_note(plot)


def _categorical(columns: Columns, chosen: Choice, wishes: Wishes) -> Plot:
    language = wishes.language
    grid = _grid(columns, chosen, wishes)
    grid = _sorted(grid, chosen, wishes)
    grid = _folded_series(_folded(grid, chosen, wishes), chosen, language)
    table = grid.values
    flat = [float(v) for v in table.to_numpy().ravel()]
    if chosen.stacked or chosen.kind == "area":
        flat += [float(v) for v in table.sum(axis=1)]
    series = tuple(
        Series(
            name=clean(str(name), limit=80),
            values=tuple(float(v) for v in table.iloc[:, i]),
            rest=grid.rest_series and i == table.shape[1] - 1,
        )
        for i, name in enumerate(table.columns)
    )
    y_label = say("and", language).join(_name(y) for y in chosen.y)
    x_label = _name(chosen.x) if chosen.x else say("row", language)
    by = {"y": y_label, "x": x_label, "s": _name(chosen.series or "")}
    subtitle = clean(say("by2" if chosen.series else "by", language, **by), limit=100)
    return Plot(
        kind=chosen.kind,
        title=clean(wishes.title, limit=120) or subtitle,
        subtitle=subtitle,
        x_label=clean(x_label, limit=40),
        y_label=clean(y_label, limit=60),
        categories=tuple(clean(str(c), limit=120) or say("blank", language) for c in table.index),
        positions=grid.positions,
        series=series,
        stacked=chosen.stacked and len(series) > 1,
        amount=amount_of(" ".join(chosen.y), flat, language=language),
        rest=grid.rest,
        notes=grid.notes,
        language=language,
    )


def _name(column: str) -> str:
    """A column's name as people write it."""
    return " ".join(column.replace("_", " ").split()) or column


def _labels(columns: Columns, name: str | None, language: Language) -> pd.Series[str]:
    """The column's values as texts; dates at the grain that they have."""
    frame = columns.frame
    if name is None:
        return pd.Series([str(i + 1) for i in range(len(frame))], index=frame.index)
    values = frame[name]
    kind = next(c.kind for c in columns.info.columns if c.name == name)
    if kind == "date":
        texts = values.dt.strftime(_date_form(values.dropna()))
    elif kind == "boolean":
        texts = values.map({True: say("yes", language), False: say("no", language)})
    elif kind in ("number", "integer"):
        texts = values.map("{:.12g}".format, na_action="ignore")
    else:
        texts = values.map(str, na_action="ignore")
    blank = say("blank", language)
    filled = [text if isinstance(text, str) and text.strip() else blank for text in texts]
    return pd.Series(filled, index=frame.index, dtype=object)


def _date_form(values: pd.Series[pd.Timestamp]) -> str:
    if not (values == values.dt.normalize()).all():
        return "%Y-%m-%d %H:%M"
    if not (values.dt.day == 1).all() or len(values) == 1:
        return "%Y-%m-%d"
    return "%Y-%m" if not (values.dt.month == 1).all() else "%Y"


def _grid(columns: Columns, chosen: Choice, wishes: Wishes) -> Grid:
    """Rows with the same category (and series) become one value: a sum, or a mean where a sum means nothing."""
    language = wishes.language
    frame = columns.frame
    labels = _labels(columns, chosen.x, language)
    how = "sum" if all(additive(y) for y in chosen.y) else "mean"
    if chosen.series is None:
        grouped = frame[list(chosen.y)].groupby(labels, sort=False)
        duplicated = bool(labels.duplicated().any())
        table = grouped.sum(min_count=1) if how == "sum" else grouped.mean()
        table.columns = pd.Index([_name(y) for y in chosen.y])
    else:
        groups = _labels(columns, chosen.series, language)
        cells = frame[chosen.y[0]].groupby([labels, groups], sort=False)
        duplicated = bool(pd.DataFrame({"x": labels, "s": groups}).duplicated().any())
        flat = cells.sum(min_count=1) if how == "sum" else cells.mean()
        table = flat.unstack()
        table = table.reindex(index=labels.unique(), columns=_series_order(list(groups.unique())))
    note = say("summed" if how == "sum" else "averaged", language, x=clean(_name(chosen.x or ""), limit=40))
    return Grid(values=table, positions=_positions(columns, chosen, table), notes=(note,) if duplicated else ())


def _series_order(names: list[str]) -> list[str]:
    keys = time_positions(names) or size_positions(names)
    return [name for _, name in sorted(zip(keys, names, strict=True))] if keys else names


def _positions(columns: Columns, chosen: Choice, table: pd.DataFrame) -> tuple[float, ...]:
    """Where each category stands on a scale of time; empty when the axis has none."""
    names = [str(c) for c in table.index]
    if chosen.x is None:
        return tuple(float(i) for i in range(len(names)))
    found = time_positions(names)
    if found is None and chosen.x in columns.numeric:
        try:
            keys = [float(name) for name in names]
        except ValueError:
            return ()
        ranks = {key: rank for rank, key in enumerate(sorted(keys))}
        found = [float(ranks[key]) for key in keys]
    return tuple(found or ())


def _sorted(grid: Grid, chosen: Choice, wishes: Wishes) -> Grid:
    table = grid.values
    totals = table.sum(axis=1).to_numpy()
    names = [str(c) for c in table.index]
    sizes = size_positions(names)
    keys: Sequence[float] | Sequence[str]
    ordered = False
    if grid.positions and wishes.sort in ("auto", "label"):
        keys, ordered = grid.positions, True
    elif wishes.sort == "none" or (wishes.sort == "auto" and chosen.kind in ("line", "area") and not sizes):
        return replace(grid, positions=())
    elif wishes.sort == "label" or (wishes.sort == "auto" and sizes and chosen.kind != "pie"):
        keys = sizes or names
    else:
        keys = [-float(total) for total in totals]
    order = sorted(range(len(names)), key=lambda i: keys[i])
    positions = tuple(grid.positions[i] - min(grid.positions) for i in order) if ordered else ()
    return replace(grid, values=table.iloc[order], positions=positions)


def _folded(grid: Grid, chosen: Choice, wishes: Wishes) -> Grid:
    """At most so many categories as the eye can hold: the caller's ``top``, or what the kind allows."""
    language, table = wishes.language, grid.values
    allowed = {"pie": FEW_PARTS, "heatmap": MOST_CELLS, "bar": MOST_BARS}.get(chosen.kind, MOST_SLOTS)
    if grid.positions and chosen.kind != "pie":
        allowed = MOST_SLOTS
    limit = max(1, min(wishes.top or allowed, allowed))
    # One more than allowed is shown as it is: folding a single one saves nothing.
    if len(table) <= limit + (wishes.top is None and chosen.kind == "pie"):
        return grid
    totals = table.sum(axis=1)
    largest = set(np.argsort(-totals.to_numpy(), kind="stable")[:limit].tolist())
    kept = table.iloc[[i for i in range(len(table)) if i in largest]]
    positions = tuple(p for i, p in enumerate(grid.positions) if i in largest)
    rest = table.iloc[[i for i in range(len(table)) if i not in largest]]
    folds = (chosen.kind == "pie" or wishes.top is not None) and not grid.positions
    if not folds or not all(additive(y) for y in chosen.y):
        note = say("largest", language, n=limit, all=len(table))
        return replace(grid, values=kept, positions=positions, notes=(*grid.notes, note))
    other = say("other", language)
    while other in kept.index:
        other += " …"
    folded = rest.sum(min_count=1).rename(other).to_frame().T
    note = say("folded", language, n=len(rest), other=other)
    return replace(grid, values=pd.concat([kept, folded]), positions=(), notes=(*grid.notes, note), rest=other)


def _folded_series(grid: Grid, chosen: Choice, language: Language) -> Grid:
    table = grid.values
    limit = MOST_CELLS if chosen.kind == "heatmap" else FEW_SERIES
    if table.shape[1] <= limit:
        return grid
    totals = table.abs().sum().to_numpy()
    largest = set(np.argsort(-totals, kind="stable")[: limit - 1].tolist())
    kept = table.iloc[:, [i for i in range(table.shape[1]) if i in largest]]
    rest = table.iloc[:, [i for i in range(table.shape[1]) if i not in largest]]
    if chosen.series is None or chosen.kind not in ("bar", "area") or not additive(chosen.y[0]):
        note = say("largest", language, n=limit - 1, all=table.shape[1])
        return replace(grid, values=kept, notes=(*grid.notes, note))
    other = say("other", language)
    while other in kept.columns:
        other += " …"
    note = say("folded", language, n=rest.shape[1], other=other)
    values = kept.assign(**{other: rest.sum(axis=1, min_count=1)})
    return replace(grid, values=values, notes=(*grid.notes, note), rest_series=True)


def _scatter(columns: Columns, chosen: Choice, wishes: Wishes) -> Plot:
    language, x, y = wishes.language, chosen.x or "", chosen.y[0]
    frame = columns.frame.dropna(subset=[x, y])
    if x not in columns.numeric:
        found = time_positions([str(v) for v in _labels(replace(columns, frame=frame), x, language)])
        frame = frame.assign(**{x: [p - min(found) for p in found] if found else range(len(frame))})
    groups = _labels(replace(columns, frame=frame), chosen.series, language) if chosen.series else None
    names = _series_order(list(groups.unique()))[:FEW_SERIES] if groups is not None else [_name(y)]
    if frame.empty:
        raise RetryableToolError("No row has both numbers.", hint="Choose other columns, or query again.")
    series = []
    for name in names:
        part = frame if groups is None else frame[groups == name]
        xs, ys = (tuple(float(v) for v in part[c]) for c in (x, y))
        series.append(Series(name=clean(name, limit=80), values=ys, xs=xs))
    subtitle = clean(say("against", language, y=_name(y), x=_name(x)), limit=100)
    return Plot(
        kind="scatter",
        title=clean(wishes.title, limit=120) or subtitle,
        subtitle="",
        x_label=clean(_name(x), limit=60),
        y_label=clean(_name(y), limit=60),
        series=tuple(series),
        amount=amount_of(y, frame[y], language=language),
        x_amount=amount_of(x, frame[x], language=language),
        language=language,
    )


def _histogram(chosen: Choice, frame: pd.DataFrame, wishes: Wishes) -> Plot:
    language, y = wishes.language, chosen.y[0]
    values = tuple(float(v) for v in frame[y].dropna())
    subtitle = clean(say("distribution", language, y=_name(y)), limit=100)
    return Plot(
        kind="histogram",
        title=clean(wishes.title, limit=120) or subtitle,
        subtitle="",
        x_label=clean(_name(y), limit=60),
        y_label=say("rows", language),
        series=(Series(name=clean(_name(y), limit=40), values=values),),
        x_amount=amount_of(y, values, language=language),
        language=language,
    )


def _with_glyph_note(plot: Plot) -> Plot:
    texts = (plot.title, plot.subtitle, *plot.categories, *(s.name for s in plot.series))
    if any(MISSING in text for text in texts):
        return replace(plot, notes=(*plot.notes, say("glyphs", plot.language)))
    return plot
