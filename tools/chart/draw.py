"""A plot becomes two files with the same picture: PNG for people, vector PDF for reports; same plot, same bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from clawdbot.tools.chart.bars import draw_bars
from clawdbot.tools.chart.cells import draw_heatmap
from clawdbot.tools.chart.lines import draw_lines
from clawdbot.tools.chart.pies import draw_pie
from clawdbot.tools.chart.plot import Kind, Plot
from clawdbot.tools.chart.points import draw_histogram, draw_scatter
from clawdbot.tools.chart.style import DPI, RC

DRAWN: Mapping[Kind, Callable[[Plot], Figure]] = {
    "bar": draw_bars,
    "line": draw_lines,
    "area": draw_lines,
    "pie": draw_pie,
    "scatter": draw_scatter,
    "histogram": draw_histogram,
    "heatmap": draw_heatmap,
}
_turn = threading.RLock()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The two files' contents."""

    png: bytes
    pdf: bytes


@contextmanager
def look() -> Iterator[None]:
    """Matplotlib's settings are one table for the whole process, so charts take turns and put it back."""
    with _turn, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


def figure(plot: Plot) -> Figure:
    """The chart as a Matplotlib figure; call it inside ``look()``."""
    return DRAWN[plot.kind](plot)


def draw(plot: Plot) -> Picture:
    """Both files; no dates and no versions in them, fonts embedded as subsets."""
    with look():
        made = figure(plot)
        png, pdf = BytesIO(), BytesIO()
        FigureCanvasAgg(made)
        made.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        FigureCanvasPdf(made)
        made.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
        return Picture(png=png.getvalue(), pdf=pdf.getvalue())
