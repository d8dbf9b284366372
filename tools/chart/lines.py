"""Lines and areas over time or an ordered axis; gaps in the data stay gaps, gaps in time keep their width."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clawdbot.tools.chart.canvas import MARGIN, canvas, mark
from clawdbot.tools.chart.plot import Plot
from clawdbot.tools.chart.style import BODY, INK, SMALL, extent, font
from clawdbot.tools.chart.ticks import nice, put_ticks, put_x_ticks, tick_plan

HEIGHT = 3.35
MANY = 40
"""With more points than this, points carry no markers."""
DENSE = 150
"""With more points than this, lines are thin."""
LABELLED = 12


def draw_lines(plot: Plot) -> Figure:
    """The finished figure of a line or area chart."""
    values = np.array([series.values for series in plot.series], dtype=float)
    stacked = plot.kind == "area"
    shown = np.nan_to_num(values).sum(axis=0) if stacked else values[np.isfinite(values)]
    low, high = float(shown.min()), float(shown.max())
    if stacked or 0 <= low < 0.6 * high or low == high:
        low = min(low, 0.0)
    steps = nice(low, high + (high - low) * 0.06)
    texts = plot.amount.ticks(steps)
    made = canvas(plot, body=HEIGHT, legend=len(plot.series) > 1)
    left = MARGIN + max(extent(text, BODY)[0] for text in texts) + 0.1
    positions = list(plot.positions) or [float(i) for i in range(len(plot.categories))]
    names = (plot.categories[0], plot.categories[-1])
    ordered = bool(plot.positions)
    most = 0.9 if len(positions) > 4 else 2.0
    pads = [min(extent(name, BODY)[0] / 2 + 0.04, most) for name in names]
    if _labelled(plot):
        pads = [max(pad, extent(_value(plot, i), SMALL)[0] / 2 + 0.04) for pad, i in zip(pads, (0, -1), strict=True)]
    pads = [max(pads[0] - (left - MARGIN), 0.18), pads[1]]
    span = max(positions[-1] - positions[0], 1e-9)
    inner = made.right - left - pads[0] - pads[1]
    places = [pads[0] + (p - positions[0]) / span * inner for p in positions] if len(positions) > 1 else [inner / 2]
    ticks = tick_plan(plot.categories, places, ordered=ordered, first=left)
    axes = made.axes(left, made.bottom + ticks.height + 0.11, made.right, made.top)
    scale = span / inner if len(positions) > 1 else 1.0
    ends = (positions[0] - pads[0] * scale, positions[-1] + pads[1] * scale)
    axes.set_xlim(*ends if len(positions) > 1 else (positions[0] - 1, positions[0] + 1))
    axes.set_ylim(steps[0], steps[-1])
    put_ticks(axes, "y", steps, texts)
    put_x_ticks(axes, positions, ticks)
    (_areas if stacked else _lines)(axes, plot, np.array(positions), values)
    axes.axhline(max(steps[0], min(0.0, steps[-1])), color=INK, linewidth=0.8)
    if _labelled(plot):
        _labels(axes, plot, positions, places)
    return made.figure


def _labelled(plot: Plot) -> bool:
    return plot.kind == "line" and len(plot.series) == 1 and len(plot.categories) <= LABELLED


def _value(plot: Plot, index: int) -> str:
    value = plot.series[0].values[index]
    return plot.amount.text(value) if value == value else ""


def _lines(axes: Axes, plot: Plot, positions: np.ndarray, values: np.ndarray) -> None:
    marked = len(positions) <= MANY
    for index, series in enumerate(plot.series):
        look = mark(index, rest=series.rest)
        known = np.isfinite(values[index])
        alone = not marked and not bool((known[1:] & known[:-1]).any())
        axes.plot(
            positions,
            values[index],
            color=look.color,
            linestyle=look.dash,
            linewidth=1.9 if len(positions) <= DENSE else 1.1,
            markersize=4.5,
            marker=look.marker if marked or alone else "",
            markeredgecolor="white",
            markeredgewidth=0.5,
            clip_on=False,
            zorder=3,
        )


def _areas(axes: Axes, plot: Plot, positions: np.ndarray, values: np.ndarray) -> None:
    base = np.zeros(len(positions))
    if len(positions) == 1:
        positions, values, base = np.array([-0.3, 0.3]) + positions[0], np.repeat(values, 2, axis=1), np.zeros(2)
    for index, series in enumerate(plot.series):
        look = mark(index, rest=series.rest)
        top = base + np.nan_to_num(values[index])
        alone = len(plot.series) == 1
        axes.fill_between(
            positions,
            base,
            top,
            facecolor=look.color,
            hatch=look.hatch,
            edgecolor="white",
            linewidth=0,
            alpha=0.35 if alone else 1.0,
        )
        axes.plot(positions, top, color=look.color if alone else "white", linewidth=1.9 if alone else 0.8)
        base = top


def _labels(axes: Axes, plot: Plot, positions: list[float], places: list[float]) -> None:
    """Values above the points, where they do not touch each other."""
    values = plot.series[0].values
    texts = [_value(plot, i) for i in range(len(values))]
    widths = [extent(text, SMALL)[0] for text in texts]
    for i in range(1, len(texts)):
        if places[i] - places[i - 1] < (widths[i] + widths[i - 1]) / 2 + 0.05:
            return
    for position, value, text in zip(positions, values, texts, strict=True):
        if text:
            axes.annotate(
                text,
                (position, value),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontproperties=font(text, SMALL),
                color=INK,
                zorder=4,
            )
