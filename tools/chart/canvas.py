"""A figure with its words in place: title, subtitle, legend above, notes below, and the room left for the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from clawdbot.tools.chart.plot import Plot
from clawdbot.tools.chart.style import (
    BODY,
    COLORS,
    DASHES,
    DPI,
    HATCHES,
    INK,
    MARKERS,
    MUTED,
    REST,
    SMALL,
    TITLE,
    WIDTH,
    extent,
    fitted,
    font,
    shortened,
    wrapped,
)

MARGIN = 0.22
LINE = 1.32
_SWATCH = 0.26


@dataclass(kw_only=True)
class Canvas:
    """The figure under work; all lengths are inches from the lower left corner."""

    figure: Figure
    left: float
    right: float
    bottom: float
    top: float

    def text(self, x: float, y: float, text: str, size: float, *, color: str = INK, va: str = "baseline") -> None:
        """Place a line of text."""
        width, height = self.figure.get_size_inches()
        self.figure.text(x / width, y / height, text, fontproperties=font(text, size), color=color, va=va)

    def axes(self, left: float, bottom: float, right: float, top: float) -> Axes:
        """Axes on that rectangle, without frame and ticks."""
        width, height = self.figure.get_size_inches()
        box = (left / width, bottom / height, max(right - left, 0.1) / width, max(top - bottom, 0.1) / height)
        axes = self.figure.add_axes(box)
        axes.tick_params(length=0, pad=4)
        axes.tick_params(axis="x", pad=6)
        axes.set_axisbelow(True)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes


def size_of(axes: Axes) -> tuple[float, float]:
    """Width and height of axes in inches."""
    box = axes.get_window_extent()
    return box.width / DPI, box.height / DPI


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How a series looks, in the data and in the legend."""

    color: str
    hatch: str
    marker: str
    dash: Any
    """A line style of Matplotlib."""


def mark(index: int, *, rest: bool = False) -> Mark:
    """The look of the series with that index; what was folded away is grey."""
    i = index % len(COLORS)
    return Mark(color=REST if rest else COLORS[i], hatch="" if rest else HATCHES[i], marker=MARKERS[i], dash=DASHES[i])


def canvas(plot: Plot, *, body: float, legend: bool) -> Canvas:
    """A figure with ``body`` inches of height for the data between the words above and below."""
    room = WIDTH - 2 * MARGIN
    title = wrapped(plot.title, TITLE, room, lines=2)
    subtitle = [fitted(plot.subtitle, BODY, room)] if plot.subtitle not in ("", plot.title) else []
    rows = _legend_rows(plot, room) if legend else []
    notes = [line for note in plot.notes for line in wrapped(note, SMALL, room, lines=2)]
    lines = [(text, TITLE, INK) for text in title] + [(text, BODY, MUTED) for text in subtitle]
    head = sum(size * LINE / 72 for _, size, _ in lines) + len(rows) * BODY * 1.6 / 72 + 0.18
    foot = len(notes) * SMALL * LINE / 72 + (0.06 if notes else 0)
    height = MARGIN * 2 + head + body + foot
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    made = Canvas(figure=figure, left=MARGIN, right=WIDTH - MARGIN, bottom=MARGIN + foot, top=height - MARGIN - head)
    y = height - MARGIN
    for text, size, color in lines:
        y -= size * LINE / 72
        made.text(MARGIN, y + size * 0.3 / 72, text, size, color=color)
    for row in rows:
        y -= BODY * 1.6 / 72
        for x, index, name in row:
            _swatch(made, plot, x, y + BODY * 0.35 / 72, index)
            made.text(x + _SWATCH + 0.07, y + BODY * 0.3 / 72, name, BODY)
    for number, text in enumerate(reversed(notes)):
        made.text(MARGIN, MARGIN + (number * LINE + 0.2) * SMALL / 72, text, SMALL, color=MUTED)
    return made


def _legend_rows(plot: Plot, room: float) -> list[list[tuple[float, int, str]]]:
    """Entries (x, index of the series, text) row by row, none wider than a third of the room."""
    rows: list[list[tuple[float, int, str]]] = [[]]
    x = MARGIN
    for index, series in enumerate(plot.series):
        name = shortened(series.name, BODY, room / 3 - _SWATCH - 0.3)
        width = _SWATCH + 0.07 + extent(name, BODY)[0]
        if rows[-1] and x + width > MARGIN + room:
            rows.append([])
            x = MARGIN
        rows[-1].append((x, index, name))
        x += width + 0.22
    return rows


def _swatch(made: Canvas, plot: Plot, x: float, y: float, index: int) -> None:
    width, height = made.figure.get_size_inches()
    look = mark(index, rest=plot.series[index].rest)
    middle, tall = (y + 0.035) / height, 0.105 / height
    if plot.kind in ("line", "scatter"):
        dash: Any = look.dash if plot.kind == "line" else "none"
        made.figure.add_artist(
            Line2D(
                [x / width, (x + _SWATCH / 2) / width, (x + _SWATCH) / width],
                [middle] * 3,
                color=look.color,
                linestyle=dash,
                marker=look.marker,
                markevery=[1],
                markersize=5,
                linewidth=1.8,
            )
        )
        return
    made.figure.add_artist(
        Rectangle(
            (x / width, middle - tall / 2),
            _SWATCH / width,
            tall,
            facecolor=look.color,
            hatch=look.hatch,
            edgecolor="white",
            linewidth=0,
        )
    )
