"""A pie from twelve o'clock, largest first, named in a list beside it, so that no two labels can meet."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, Wedge

from clawdbot.tools.chart.canvas import canvas, mark, size_of
from clawdbot.tools.chart.plot import Plot
from clawdbot.tools.chart.style import BODY, INK, MUTED, extent, font, shortened

RADIUS = 1.55
ROW = 0.34
SMALLEST = 0.055
"""A slice below this share has no text inside."""


def draw_pie(plot: Plot) -> Figure:
    """The finished figure; slices that are zero appear in the list only."""
    values = np.nan_to_num(np.array(plot.series[0].values, dtype=float))
    shares = values / values.sum()
    made = canvas(plot, body=max(2 * RADIUS + 0.15, len(values) * ROW), legend=False)
    axes = made.axes(made.left, made.top - 2 * RADIUS - 0.1, made.left + 2 * RADIUS + 0.1, made.top)
    axes.set(xlim=(-1.03, 1.03), ylim=(-1.03, 1.03), xticks=[], yticks=[])
    start = 90.0
    for index, share in enumerate(shares):
        look = mark(index, rest=plot.categories[index] == plot.rest)
        end = start - 360 * float(share)
        axes.add_patch(
            Wedge((0, 0), 1, end, start, facecolor=look.color, hatch=look.hatch, edgecolor="white", linewidth=1.0)
        )
        if share >= SMALLEST:
            middle = np.radians((start + end) / 2)
            text = f"{share:.0%}"
            axes.text(
                0.68 * np.cos(middle),
                0.68 * np.sin(middle),
                text,
                fontproperties=font(text, BODY),
                color=INK,
                ha="center",
                va="center",
                bbox={"boxstyle": "round,pad=0.18", "facecolor": "white", "linewidth": 0},
            )
        start = end
    _list(made.axes(made.left + 2 * RADIUS + 0.5, made.bottom, made.right, made.top), plot, shares)
    return made.figure


def _list(axes: Axes, plot: Plot, shares: np.ndarray) -> None:
    """Names, values and shares, one a row, centred beside the pie."""
    width, height = size_of(axes)
    axes.set(xlim=(0, width), ylim=(0, height), xticks=[], yticks=[])
    y = (height + len(shares) * ROW) / 2
    values = [plot.amount.text(v) if v == v else "–" for v in plot.series[0].values]
    percents = [f"{share:.1%}" for share in shares]
    right = max(extent(text, BODY)[0] for text in percents)
    middle = max(extent(text, BODY)[0] for text in values)
    room = width - 0.3 - right - middle - 0.4
    for index, name in enumerate(plot.categories):
        y -= ROW
        look = mark(index, rest=name == plot.rest)
        axes.add_patch(
            Rectangle((0, y + 0.05), 0.2, 0.15, facecolor=look.color, hatch=look.hatch, edgecolor="white", linewidth=0)
        )
        shown = shortened(name, BODY, room)
        cells = (
            (0.3, shown, "left", INK),
            (width - right - 0.2, values[index], "right", MUTED),
            (width, percents[index], "right", INK),
        )
        for x, text, align, color in cells:
            axes.text(x, y + 0.06, text, fontproperties=font(text, BODY), color=color, ha=align, va="baseline")
