"""Labels of axes: nice numbers, and texts that never touch each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from clawdbot.tools.chart.style import BODY, GRID, INK, MUTED, WIDTH, extent, font, shortened, wrapped

LINE = 1.32
"""Height of a line of text in font sizes."""


def nice(low: float, high: float, *, count: int = 6, whole: bool = False) -> list[float]:
    """Round numbers from at or below ``low`` to at or above ``high``, in even steps."""
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) if low else 1.0
    locator = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3, integer=whole)
    return [float(value) for value in locator.tick_values(low, high)]


@dataclass(frozen=True, kw_only=True)
class Ticks:
    """Labels of an axis: which are shown, how, and the height that they take below the axis, inches."""

    texts: tuple[str, ...]
    shown: tuple[int, ...]
    angle: float = 0.0
    height: float = BODY * LINE / 72


def tick_plan(labels: Sequence[str], places: Sequence[float], *, ordered: bool, first: float) -> Ticks:
    """Labels at ``places`` (inches along the axis, ascending) that do not touch: whole, in two lines, tilted, or fewer.

    first: inches between the figure's left edge and place 0
    """
    everyone = tuple(range(len(labels)))
    gaps = [b - a for a, b in pairwise(places)]
    slot = min(gaps, default=WIDTH - 2.4) - 0.07
    widths = [extent(label, BODY)[0] for label in labels]
    if all(width <= slot for width in widths):
        return Ticks(texts=tuple(labels), shown=everyone)
    if ordered:
        return _fewer(labels, places, widths)
    if slot > 0.42:
        broken = [wrapped(label, BODY, slot, lines=3) for label in labels]
        if all(
            "".join(lines).replace(" ", "") == label.replace(" ", "")
            for lines, label in zip(broken, labels, strict=True)
        ):
            tall = max(len(lines) for lines in broken) * BODY * LINE / 72
            return Ticks(texts=tuple("\n".join(lines) for lines in broken), shown=everyone, height=tall)
    if slot + 0.07 < BODY * LINE / 72 * 1.5:
        step = math.ceil(1.1 / max(slot + 0.07, 1e-6))
        texts = tuple(shortened(label, BODY, 1.0) if i % step == 0 else "" for i, label in enumerate(labels))
        return Ticks(texts=texts, shown=everyone[::step])
    cut = [
        shortened(label, BODY, min(1.5, (first + place - 0.1) / 0.766))
        for label, place in zip(labels, places, strict=True)
    ]
    longest = max(extent(text, BODY)[0] for text in cut)
    return Ticks(texts=tuple(cut), shown=everyone, angle=40, height=longest * 0.643 + BODY * LINE / 72)


def _fewer(labels: Sequence[str], places: Sequence[float], sizes: Sequence[float]) -> Ticks:
    """Every k-th label, the smallest k with which none touches the next."""
    shown = tuple(range(len(labels)))
    for step in range(1, len(labels) + 1):
        shown = tuple(range(0, len(labels), step))
        free = [places[b] - places[a] - (sizes[a] + sizes[b]) / 2 for a, b in pairwise(shown)]
        if all(gap >= 0.1 for gap in free):
            break
    return Ticks(texts=tuple(labels), shown=shown)


def put_x_ticks(axes: Axes, positions: Sequence[float], ticks: Ticks) -> None:
    """Write the planned labels under the axis."""
    axes.set_xticks([positions[i] for i in ticks.shown], [ticks.texts[i] for i in ticks.shown])
    for label in axes.get_xticklabels():
        label.set_fontproperties(font(label.get_text(), BODY))
        label.set_color(INK)
        if ticks.angle:
            label.set(rotation=ticks.angle, ha="right", va="top", rotation_mode="anchor")


def put_ticks(
    axes: Axes, which: Literal["x", "y"], values: Sequence[float], texts: Sequence[str], *, grid: bool = True
) -> None:
    """Write a numeric axis' labels and its light grid lines ('x' or 'y')."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_ticks(list(values), list(texts))
    for label in axis.get_ticklabels():
        label.set_fontproperties(font(label.get_text(), BODY))
        label.set_color(MUTED if grid else INK)
    if grid:
        axis.grid(True, color=GRID, linewidth=0.8)
