"""No label touches another or leaves the picture, whatever the data."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from clawdbot.tools.chart.choose import Columns, choose
from clawdbot.tools.chart.draw import figure, look
from clawdbot.tools.chart.plot import KINDS, Kind, Wishes
from clawdbot.tools.chart.prepare import prepare
from clawdbot.tools.workspace import Workspace

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""No shrinking: a chart takes a tenth of a second, and a failing one would take minutes to make smaller."""
LETTERS = "abcdefgh WXYZ 华东地区销售额季度 0123 šłğ $_^\\"
NAMES = st.text(LETTERS, min_size=1, max_size=40).map(str.strip).filter(bool)
NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.integers(0, 10**9).map(float), st.sampled_from([0.0, 1e-9, -3.5, 1e15, 7e150])
)


def drawn(
    folder: Path, frame: pd.DataFrame, kind: Kind | None, *, language: str = "en", title: str = "A title"
) -> Figure:
    """The figure for these rows, laid out."""
    info = Workspace(folder).save_table(frame, name="t")
    columns = Columns(info=info, frame=Workspace(folder).load_table(info.name))
    chosen = choose(columns, kind=kind, x=None, y=(), series=None, stacked=False, goal="")
    plot = prepare(columns, chosen, Wishes(title=title, language="zh" if language == "zh" else "en"))
    with look():
        made = figure(plot)
        FigureCanvasAgg(made).draw()  # type: ignore[no-untyped-call]  # matplotlib leaves it untyped
        _check(made)
    return made


def _check(made: Figure) -> None:
    texts = [t for t in made.findobj(Text) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
    assert texts
    width, height = made.bbox.width, made.bbox.height
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts]
    for text, box in boxes:
        assert box.x0 >= -2 and box.y0 >= -2 and box.x1 <= width + 2 and box.y1 <= height + 2, f"{text!r} leaves {box}"
    level = [pair for pair, t in zip(boxes, texts, strict=True) if not t.get_rotation()]
    for (one, a), (other, b) in itertools.combinations(level, 2):
        touch = min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 4
        assert not touch, f"{one!r} {a} touches {other!r} {b}"
    tilted = [t for t in texts if t.get_rotation()]
    for one_text, next_text in itertools.pairwise(tilted):
        apart = next_text.get_window_extent().x1 - one_text.get_window_extent().x1
        line = float(one_text.get_fontsize()) / 72 * made.dpi
        assert apart * math.sin(math.radians(one_text.get_rotation())) >= line * 0.75


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, phases=QUICK, derandomize=True)
@given(rows=st.lists(st.tuples(NAMES, NUMBERS), min_size=1, max_size=45), chinese=st.booleans(), title=NAMES)
def test_labels_never_touch(
    kind: Kind, rows: list[tuple[str, float]], chinese: bool, title: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = pd.DataFrame(rows, columns=["name", "value"]).assign(other=[float(i) for i in range(len(rows))])
    drawn(tmp_path_factory.mktemp("run"), frame, kind, language="zh" if chinese else "en", title=title)


@settings(max_examples=12, phases=QUICK, derandomize=True)
@given(
    cells=st.lists(
        st.tuples(st.sampled_from(["2026-01", "2026-02", "2026-04", "2026-11"]), NAMES, NUMBERS),
        min_size=1,
        max_size=40,
    ),
    kind=st.sampled_from(["bar", "line", "area", "heatmap"]),
)
def test_legends_of_any_size_never_touch(
    cells: list[tuple[str, str, float]], kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = pd.DataFrame(cells, columns=["month", "group", "value"]).drop_duplicates(["month", "group"])
    info_folder = tmp_path_factory.mktemp("run")
    drawn(info_folder, frame, kind)


@pytest.mark.parametrize("count", [1, 2, 31, 50, 400])
@pytest.mark.parametrize("axis", ["text", "month", "date"])
def test_any_number_of_categories_fits(count: int, axis: str, tmp_path: Path) -> None:
    days = pd.date_range("1996-01-01", periods=count)
    names = {
        "text": [f"Category with number {i}" for i in range(count)],
        "month": [f"{1990 + i // 12}-{i % 12 + 1:02d}" for i in range(count)],
        "date": list(days),
    }[axis]
    kinds: tuple[Kind, ...] = ("bar", "line")
    for kind in kinds:
        made = drawn(tmp_path, pd.DataFrame({"x": names, "n": range(count)}), kind)
        assert made.get_figheight() < 11
