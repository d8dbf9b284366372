"""A heat map: categories across, series down, the value as shade and, where there is room, as text."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from clawdbot.tools.chart.canvas import MARGIN, canvas
from clawdbot.tools.chart.plot import Plot
from clawdbot.tools.chart.style import BODY, INK, MUTED, SMALL, WIDTH, extent, font, shortened
from clawdbot.tools.chart.ticks import nice, put_ticks, put_x_ticks, tick_plan

ONE_WAY = LinearSegmentedColormap.from_list("one_way", ["#F3F7FB", "#9CC5E3", "#3C8DC4", "#0B3C6F"])
TWO_WAY = LinearSegmentedColormap.from_list("two_way", ["#9C3D00", "#F2C9A1", "#F7F7F7", "#A6CEE9", "#0B3C6F"])
BAR = 0.16


def draw_heatmap(plot: Plot) -> Figure:
    """The finished figure with its scale on the right; cells without a value are blank."""
    values = np.array([series.values for series in plot.series], dtype=float)
    rows, columns = values.shape
    names = [shortened(series.name, BODY, WIDTH * 0.28) for series in plot.series]
    made = canvas(plot, body=min(max(1.6, rows * 0.36), 8.0) + 0.5, legend=False)
    left = MARGIN + max(extent(name, BODY)[0] for name in names) + 0.1
    known = values[np.isfinite(values)]
    low, high = float(known.min()), float(known.max())
    two_way = low < 0 < high
    low, high = (low, high) if high > low else (low, low + (abs(low) or 1.0))
    norm = TwoSlopeNorm(0, low, high) if two_way else Normalize(low, high)
    colors = TWO_WAY if two_way else ONE_WAY
    scale = [v for v in nice(low, high, count=5) if low <= v <= high]
    texts = plot.amount.ticks(scale)
    right = made.right - BAR - max((extent(text, BODY)[0] for text in texts), default=0) - 0.3
    slot = (right - left) / columns
    places = [slot * (i + 0.5) for i in range(columns)]
    ticks = tick_plan(plot.categories, places, ordered=bool(plot.positions), first=left)
    axes = made.axes(left, made.bottom + ticks.height + 0.11, right, made.top)
    axes.pcolormesh(
        np.arange(columns + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        np.ma.masked_invalid(values),
        cmap=colors,
        norm=norm,
        edgecolor="white",
        linewidth=0.8,
    )
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    put_ticks(axes, "y", range(rows), names, grid=False)
    put_x_ticks(axes, [float(i) for i in range(columns)], ticks)
    tall = (made.top - made.bottom - ticks.height) / rows
    _cell_texts(axes, plot, values, colors, norm, room=slot - 0.06 if tall > 0.2 else 0.0)
    bar = made.axes(right + 0.18, made.bottom + ticks.height + 0.11, right + 0.18 + BAR, made.top)
    _scale(bar, colors, norm, scale, texts)
    return made.figure


def _cell_texts(axes: Axes, plot: Plot, values: np.ndarray, colors: Colormap, norm: Normalize, *, room: float) -> None:
    """The values in the cells, when the widest fits into ``room`` inches."""
    shown = [[plot.amount.text(v) if v == v else "" for v in row] for row in values]
    if max(extent(text, SMALL)[0] for row in shown for text in row) >= room:
        return
    for i, row in enumerate(shown):
        for j, text in enumerate(row):
            red, green, blue, _ = colors(float(norm(values[i, j])) if text else 0.0)
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.52
            color = "white" if dark else INK
            axes.text(j, i, text, fontproperties=font(text, SMALL), ha="center", va="center", color=color)


def _scale(bar: Axes, colors: Colormap, norm: Normalize, marks: list[float], texts: list[str]) -> None:
    """The legend of the shades."""
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    grades = np.linspace(low, high, 129)
    bar.pcolormesh([0, 1], grades, ((grades[1:] + grades[:-1]) / 2)[:, None], cmap=colors, norm=norm)
    bar.set(xticks=[], ylim=(low, high))
    bar.yaxis.tick_right()
    bar.tick_params(length=0)
    put_ticks(bar, "y", marks, texts, grid=False)
    for label in bar.get_yticklabels():
        label.set_color(MUTED)
