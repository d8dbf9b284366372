"""Scatter charts and histograms: two numeric axes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clawdbot.tools.chart.amounts import amount_of
from clawdbot.tools.chart.canvas import MARGIN, Canvas, canvas, mark
from clawdbot.tools.chart.plot import Plot
from clawdbot.tools.chart.style import BODY, COLORS, GRID, INK, MUTED, extent, font
from clawdbot.tools.chart.ticks import LINE, nice, put_ticks

HEIGHT = 3.6
HEAVY = 3000
"""More points than this are a picture inside the PDF, so that it stays small."""


def draw_scatter(plot: Plot) -> Figure:
    """The finished figure, one marker for each row."""
    xs = np.concatenate([np.array(series.xs) for series in plot.series])
    ys = np.concatenate([np.array(series.values) for series in plot.series])
    made = canvas(plot, body=HEIGHT, legend=len(plot.series) > 1)
    axes = _numeric(made, plot, _around(xs), _around(ys))
    many = len(xs) > 400
    for index, series in enumerate(plot.series):
        look = mark(index)
        axes.scatter(
            series.xs,
            series.values,
            s=10 if many else 30,
            c=look.color,
            marker=look.marker,
            alpha=0.7,
            edgecolors="white",
            linewidths=0.3,
            rasterized=len(xs) > HEAVY,
            zorder=3,
        )
    axes.grid(True, color=GRID, linewidth=0.8)
    return made.figure


def draw_histogram(plot: Plot) -> Figure:
    """The finished figure: counts in bins with round edges; each whole number its own bin when they are few."""
    values = np.array(plot.series[0].values)
    edges = _edges(values)
    counts, _ = np.histogram(values, edges)
    counted = amount_of("", [float(c) for c in counts], language=plot.language)
    made = canvas(plot, body=HEIGHT, legend=False)
    own = len(edges) > 1 and bool((edges % 1 == 0.5).all())
    marks = (
        _own_marks(edges)
        if own
        else [v for v in nice(float(edges[0]), float(edges[-1]), count=8) if edges[0] <= v <= edges[-1]]
    )
    steps = nice(0, float(counts.max()), count=5, whole=True)
    axes = _numeric(
        made, plot, (float(edges[0]), float(edges[-1]), marks), (0, steps[-1], steps), counts=counted.ticks(steps)
    )
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=COLORS[0], edgecolor="white", linewidth=0.6)
    axes.axhline(0, color=INK, linewidth=0.8)
    return made.figure


Range = tuple[float, float, list[float]]
"""Low end, high end, and the round numbers between."""


def _around(values: np.ndarray) -> Range:
    low, high = float(values.min()), float(values.max())
    pad = (high - low) * 0.04 or abs(low) * 0.1 or 1.0
    low, high = low - pad, high + pad
    if 0 <= low + pad < 0.3 * high:
        low = -pad * 0.5
    return low, high, [v for v in nice(low, high) if low <= v <= high]


def _edges(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if (values == values.round()).all() and high - low <= 20 and abs(high) < 1e6:
        return np.arange(low - 0.5, high + 1)
    if low == high:
        pad = abs(low) * 0.1 or 0.5
        return np.array([low - pad, low + pad])
    spread = float(np.subtract(*np.percentile(values, [75, 25])))
    width = 2 * spread / len(values) ** (1 / 3)
    count = (high - low) / width if width > 0 else np.sqrt(len(values))
    return np.array(nice(low, high, count=int(np.clip(count, 5, 40)) + 1))


def _own_marks(edges: np.ndarray) -> list[float]:
    return [float(v) + 0.5 for v in edges[:-1]][:: max(1, len(edges) // 12)]


def _numeric(made: Canvas, plot: Plot, x: Range, y: Range, *, counts: list[str] | None = None) -> Axes:
    """Axes with both scales labelled; the measure's name stands above the upright one, not turned."""
    texts = counts or plot.amount.ticks(y[2])
    left = MARGIN + max(extent(text, BODY)[0] for text in texts) + 0.1
    line = BODY * LINE / 72
    top = made.top - line - 0.05
    made.text(MARGIN, made.top - line + 0.04, plot.y_label, BODY, color=MUTED)
    labels = plot.x_amount.ticks(x[2])
    width = made.right - left - 0.2
    while len(labels) > 2 and max(extent(text, BODY)[0] for text in labels) + 0.1 > width / len(labels):
        x = (x[0], x[1], x[2][::2])
        labels = plot.x_amount.ticks(x[2])
    axes = made.axes(left, made.bottom + 2 * line + 0.17, made.right - 0.2, top)
    axes.set(xlim=x[:2], ylim=y[:2])
    put_ticks(axes, "y", y[2], texts)
    put_ticks(axes, "x", x[2], labels, grid=False)
    axes.set_xlabel(plot.x_label, fontproperties=font(plot.x_label, BODY), color=MUTED, labelpad=4)
    return axes
