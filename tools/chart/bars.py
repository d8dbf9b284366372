"""Bars: upright for time and short labels, lying for long ones; grouped or stacked; zero is always the base."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clawdbot.tools.chart.canvas import MARGIN, canvas, mark, size_of
from clawdbot.tools.chart.plot import Plot
from clawdbot.tools.chart.style import BODY, INK, REST, SMALL, WIDTH, extent, font, shortened
from clawdbot.tools.chart.ticks import LINE, nice, put_ticks, put_x_ticks, tick_plan

FEW = 12
"""So many bars carry their values."""
FEWEST = 4
"""Fewer bars stand as if there were so many: a wall of one colour is not a chart."""
HEIGHT = 3.35
TALLEST = 9.0


def draw_bars(plot: Plot) -> Figure:
    """The finished figure; an axis in time stands upright, other labels lie when they are many or long."""
    if plot.positions:
        return _upright(plot)
    slot = (WIDTH - 1.3) / len(plot.categories)
    longest = max(extent(name, BODY)[0] for name in plot.categories)
    return _lying(plot) if longest > slot * 1.7 or len(plot.categories) > 14 else _upright(plot)


def _values(plot: Plot) -> np.ndarray:
    """Values by series and category."""
    return np.array([series.values for series in plot.series], dtype=float)


def _ends(values: np.ndarray, *, stacked: bool) -> tuple[float, float]:
    filled = np.nan_to_num(values)
    if stacked:
        return float(np.minimum(filled, 0).sum(axis=0).min()), float(np.maximum(filled, 0).sum(axis=0).max())
    return float(min(filled.min(), 0)), float(max(filled.max(), 0))


def _with_room(values: np.ndarray, low: float, high: float, *, share: float) -> tuple[float, float]:
    """The ends with room for labels beyond them: a share of the axis on each side where a bar ends."""
    if low == high:
        return 0.0, 1.0
    sides = (low < 0) + bool((values >= 0).any())
    room = (high - low) / max(1 - share * sides, 0.2) * share
    return low - room * (low < 0), high + room * bool((values >= 0).any())


def _upright(plot: Plot) -> Figure:
    values = _values(plot)
    low, high = _ends(values, stacked=plot.stacked)
    low, high = _with_room(values, low, high, share=0.08 if _labelled(plot) else 0.0)
    steps = nice(low, high)
    texts = plot.amount.ticks(steps)
    made = canvas(plot, body=HEIGHT, legend=len(plot.series) > 1)
    left = MARGIN + max(extent(text, BODY)[0] for text in texts) + 0.1
    count = len(plot.categories)
    spare = max(0, FEWEST - count) / 2
    slot = (made.right - left) / (count + 2 * spare)
    places = [slot * (spare + i + 0.5) for i in range(count)]
    ticks = tick_plan(plot.categories, places, ordered=bool(plot.positions), first=left)
    axes = made.axes(left, made.bottom + ticks.height + 0.11, made.right, made.top)
    positions = [float(i) for i in range(count)]
    axes.set_xlim(-0.5 - spare, count - 0.5 + spare)
    axes.set_ylim(steps[0], steps[-1])
    put_ticks(axes, "y", steps, texts)
    put_x_ticks(axes, positions, ticks)
    _bars(axes, plot, values, upright=True)
    axes.axhline(0, color=INK, linewidth=0.8)
    if _labelled(plot):
        _upright_labels(axes, plot, values, slot)
    return made.figure


def _lying(plot: Plot) -> Figure:
    values = _values(plot)
    rows = len(plot.categories)
    each = 0.3 if plot.stacked or len(plot.series) == 1 else 0.12 + 0.16 * len(plot.series)
    body = min(max(1.0, rows * each), TALLEST) + 0.3
    low, high = _ends(values, stacked=plot.stacked)
    longest = max((extent(plot.amount.text(v), SMALL)[0] for v in values.ravel() if v == v), default=0)
    names = [shortened(name, BODY, WIDTH * 0.36) for name in plot.categories]
    made = canvas(plot, body=body, legend=len(plot.series) > 1)
    left = made.left + max(extent(name, BODY)[0] for name in names) + 0.1
    labelled = len(plot.series) == 1 or _labelled(plot)
    share = (longest + 0.1) / (made.right - left) if labelled else 0
    low, high = _with_room(values, low, high, share=max(share, 0.03))
    steps = [step for step in nice(low, high, count=5) if low <= step <= high]
    texts = plot.amount.ticks(steps)
    axes = made.axes(left, made.bottom + 0.28, made.right - extent(texts[-1], BODY)[0] / 2, made.top)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xlim(low, high)
    put_ticks(axes, "y", range(rows), names, grid=False)
    put_ticks(axes, "x", steps, texts)
    _bars(axes, plot, values, upright=False)
    axes.axvline(0, color=INK, linewidth=0.8)
    if labelled:
        _lying_labels(axes, plot, values)
    return made.figure


def _labelled(plot: Plot) -> bool:
    bars = len(plot.categories) * (1 if plot.stacked else len(plot.series))
    return bars <= FEW


def _bars(axes: Axes, plot: Plot, values: np.ndarray, *, upright: bool) -> None:
    count = len(plot.series)
    thick = 0.72 if plot.stacked or count == 1 else 0.82 / count
    at = np.arange(len(plot.categories), dtype=float)
    positive, negative = np.zeros(len(at)), np.zeros(len(at))
    for index, series in enumerate(plot.series):
        look = mark(index, rest=series.rest)
        sizes = np.nan_to_num(values[index])
        base = np.where(sizes >= 0, positive, negative) if plot.stacked else np.zeros(len(at))
        offset = 0.0 if plot.stacked else (index - (count - 1) / 2) * thick
        colors = [REST if plot.rest and name == plot.rest else look.color for name in plot.categories]
        edge: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.4 if count > 1 else 0, "hatch": look.hatch}
        if upright:
            axes.bar(at + offset, sizes, thick, bottom=base, color=colors, **edge)
        else:
            axes.barh(at + offset, sizes, thick, left=base, color=colors, **edge)
        positive += np.maximum(sizes, 0)
        negative += np.minimum(sizes, 0)


def _labels(plot: Plot, values: np.ndarray) -> list[tuple[float, float, str]]:
    """(place along the axis, end of the bar, text) for each bar, or for each stack's total."""
    if plot.stacked:
        tops = np.nan_to_num(np.maximum(values, 0)).sum(axis=0)
        totals = np.nan_to_num(values).sum(axis=0)
        whole = bool((np.nan_to_num(values) >= 0).all())
        return [(i, float(tops[i]), plot.amount.text(float(totals[i]))) for i in range(len(tops))] if whole else []
    count = len(plot.series)
    thick = 0.72 if count == 1 else 0.82 / count
    return [
        (i + (index - (count - 1) / 2) * thick * (count > 1), float(value), plot.amount.text(float(value)))
        for index, row in enumerate(values)
        for i, value in enumerate(row)
        if value == value
    ]


def _upright_labels(axes: Axes, plot: Plot, values: np.ndarray, slot: float) -> None:
    labels = _labels(plot, values)
    room = slot * (0.97 if plot.stacked or len(plot.series) == 1 else 0.82 / len(plot.series)) - 0.03
    if any(extent(text, SMALL)[0] > room for _, _, text in labels):
        return
    for place, end, text in labels:
        axes.annotate(
            text,
            (place, end),
            xytext=(0, 3 if end >= 0 else -3),
            textcoords="offset points",
            ha="center",
            va="bottom" if end >= 0 else "top",
            fontproperties=font(text, SMALL),
            color=INK,
        )


def _lying_labels(axes: Axes, plot: Plot, values: np.ndarray) -> None:
    labels = _labels(plot, values)
    height = size_of(axes)[1]
    if height / max(len(labels), 1) < SMALL * LINE / 72 * 0.9:
        return
    for place, end, text in labels:
        axes.annotate(
            text,
            (end, place),
            xytext=(4 if end >= 0 else -4, 0),
            textcoords="offset points",
            ha="left" if end >= 0 else "right",
            va="center_baseline",
            fontproperties=font(text, SMALL),
            color=INK,
        )
