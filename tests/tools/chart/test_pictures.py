"""What the files really show: text that can be read and copied, ink, embedded fonts, the same bytes each time."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pypdf import PdfReader

from clawdbot.tools import ToolResult
from clawdbot.tools.chart.choose import Columns, choose
from clawdbot.tools.chart.draw import draw
from clawdbot.tools.chart.plot import KINDS, Kind, Plot, Wishes
from clawdbot.tools.chart.prepare import prepare
from clawdbot.tools.workspace import Column, TableInfo, Workspace

Draw = Callable[..., ToolResult]

CITIES = ["华东", "华南", "华北", "西南"]
ROWS = pd.DataFrame(
    [
        (city, f"2026-{m:02d}", 1000.5 * m + 700 * i, 20.0 + i * m)
        for i, city in enumerate(CITIES)
        for m in (1, 2, 3, 4)
    ],
    columns=["地区", "月份", "销售额", "数量"],
)
ASKED: dict[Kind, dict[str, object]] = {
    "bar": {"x": "地区", "y": ["销售额"], "series": "月份", "stacked": True},
    "line": {"x": "月份", "y": ["销售额"], "series": "地区"},
    "area": {"x": "月份", "y": ["销售额"], "series": "地区"},
    "pie": {"x": "地区", "y": ["销售额"]},
    "scatter": {"x": "数量", "y": ["销售额"], "series": "地区"},
    "histogram": {"y": ["销售额"]},
    "heatmap": {"x": "月份", "y": ["销售额"], "series": "地区"},
}


def text_of(result: ToolResult) -> str:
    return str(PdfReader(result.artifacts[1].path).pages[0].extract_text())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_shows_its_words_and_marks(draw_chart: Draw, kind: Kind) -> None:
    result = draw_chart(ROWS, "zh", kind=kind, title="各地区销售额概览", **ASKED[kind])
    assert result.receipt["kind"] == kind
    text = text_of(result)
    assert "各地区销售额概览" in text
    if kind != "histogram":
        assert all(city in text for city in CITIES)
    with Image.open(result.artifacts[0].path) as picture:
        assert picture.width >= 1600
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    colourful = (pixels.max(axis=1) - pixels.min(axis=1)) > 40
    assert 0.001 < colourful.mean() < 0.8


def test_a_bar_is_as_tall_as_its_value(draw_chart: Draw) -> None:
    result = draw_chart(pd.DataFrame({"a": ["x", "y"], "n": [100, 50]}), kind="bar")
    with Image.open(result.artifacts[0].path) as picture:
        blue = np.all(np.abs(np.asarray(picture.convert("RGB")).astype(int) - [0, 114, 178]) < 6, axis=2)
    heights = blue.sum(axis=0)
    edges = np.flatnonzero(np.diff((heights > 10).astype(int)))
    first, second = (int(np.median(heights[a + 1 : b])) for a, b in edges.reshape(-1, 2))
    assert first == pytest.approx(2 * second, rel=0.01)


def test_fonts_are_embedded_as_subsets_with_their_unicode(draw_chart: Draw) -> None:
    result = draw_chart(pd.DataFrame({"a": ["华东", "Škoda", "ارز"], "n": [3, 2, 1]}), title="销售额 Revenue")
    resources: Any = PdfReader(result.artifacts[1].path).pages[0]["/Resources"]
    fonts = resources["/Font"]
    assert {str(f.get_object()["/Subtype"]) for f in fonts.values()} == {"/Type3"}
    assert all("/ToUnicode" in f.get_object() for f in fonts.values())
    assert Path(result.artifacts[1].path).stat().st_size < 100_000
    assert "koda" in text_of(result) and "销售额 Revenue" in text_of(result)


def test_mathematical_markup_is_only_text(draw_chart: Draw) -> None:
    names = ["$x_1^2$", "\\frac{1}{2}", "a_b^c", "100%", "_hidden", "$", "{}"]
    text = text_of(draw_chart(pd.DataFrame({"a": names, "n": range(1, 8)}), title="$\\alpha$ & _x_"))
    assert all(name in text for name in names)
    assert "$\\alpha$ & _x_" in text


def test_values_stand_on_few_bars_in_the_units_of_the_language(draw_chart: Draw) -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "n": [1284000, 963000]})
    assert "128.4万" in text_of(draw_chart(frame, "zh"))
    assert "1.28M" in text_of(draw_chart(frame, "en"))


SCRIPT = """
import hashlib, sys
import pandas as pd
from clawdbot.tools.chart.choose import Columns, choose
from clawdbot.tools.chart.draw import draw
from clawdbot.tools.chart.plot import Wishes
from clawdbot.tools.chart.prepare import prepare
from clawdbot.tools.workspace import Column, TableInfo
frame = pd.DataFrame({"m": ["2026-01", "2026-02"] * 3, "s": list("aabbcc"), "n": range(6)})
info = TableInfo(name="t", columns=(Column(name="m", kind="text"), Column(name="s", kind="text"),
                 Column(name="n", kind="integer")), rows=6, sha256="")
columns = Columns(info=info, frame=frame)
for kind in ("bar", "line", "heatmap"):
    chosen = choose(columns, kind=kind, x="m", y=("n",), series="s", stacked=False, goal="")
    picture = draw(prepare(columns, chosen, Wishes(title="标题")))
    print(hashlib.sha256(picture.png + picture.pdf).hexdigest())
"""


def test_the_same_table_gives_the_same_bytes_in_any_process() -> None:
    outputs = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, env=environment
        )
        assert (done.returncode, done.stderr) == (0, "")
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert len(set(outputs[0].split())) == 3


def test_charts_in_threads_are_the_charts_one_by_one() -> None:
    frames = [pd.DataFrame({"a": ["x", "y"], "n": [i + 1, 7]}) for i in range(3)]
    plots = [_plot(frame) for frame in frames]
    alone = [draw(plot) for plot in plots]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(draw, plots)) == alone


def _plot(frame: pd.DataFrame) -> Plot:
    columns = (Column(name="a", kind="text"), Column(name="n", kind="integer"))
    table = Columns(info=TableInfo(name="t", columns=columns, rows=len(frame), sha256=""), frame=frame)
    chosen = choose(table, kind="bar", x="a", y=("n",), series=None, stacked=False, goal="")
    return prepare(table, chosen, Wishes())


def test_matplotlib_s_own_settings_stay_as_they_were(draw_chart: Draw) -> None:
    with matplotlib.rc_context({"font.size": 33.0, "text.parse_math": True}):
        before = dict(matplotlib.rcParams)
        changed = draw_chart(ROWS, "zh", kind="bar").receipt["sha256"]
        assert dict(matplotlib.rcParams) == before
    assert draw_chart(ROWS, "zh", kind="bar").receipt["sha256"] == changed


HOSTILE = [
    "../../etc/passwd",
    "a/b\\c",
    "\x00",
    "\u202eevil",
    "😀🎉👨‍👩‍👧",
    "\ud83d",
    "e" + "\u0301" * 200,
    "x" * 10_000,
    "\n\r\t",
    "%s %n {0}",
    "<svg onload=x>",
    "\\input{/etc/passwd}",
    "$\\write18{id}$",
    "\ue000\uffff",
    "  ",
    "بيت العرب",
    "ไทย",
    "हिन्दी",
    "#'\"`;--",
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_texts_draw_and_do_nothing_else(
    draw_chart: Draw, workspace: Workspace, kind: Kind, language: Literal["zh", "en"], caplog: pytest.LogCaptureFixture
) -> None:
    names = [name.encode("utf-8", "replace").decode() for name in HOSTILE]
    frame = pd.DataFrame({names[0]: names, "$n_1$": [float(i * i) for i in range(len(names))], "m\n": 1.5})
    outside = {p for p in workspace.root.parent.rglob("*") if not p.is_relative_to(workspace.root)}
    with caplog.at_level(logging.WARNING):
        for title in names:
            if (kind, language) == ("bar", "en") or title == names[0]:
                draw_chart(frame, language, kind=kind, title=title, y=["$n_1$"])
    assert not caplog.records
    assert {p for p in workspace.root.parent.rglob("*") if not p.is_relative_to(workspace.root)} == outside
    for artifact in workspace.artifacts():
        assert Path(artifact.path).parent == (workspace.root / "artifacts").resolve()
        assert Path(artifact.path).suffix in (".png", ".pdf")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 5,
        [-1.0, -2.0, -3.0],
        [1e150, -1e150, 3.0],
        [1e-300, 2e-300],
        [5.0],
        [float("nan"), 1.0],
        [1e15, 1e15 + 1],
    ],
)
def test_strange_numbers_draw(draw_chart: Draw, kind: Kind, values: list[float]) -> None:
    frame = pd.DataFrame(
        {"month": [f"2026-{i + 1:02d}" for i in range(len(values))], "v": values, "w": range(len(values))}
    )
    assert draw_chart(frame, kind=kind).receipt["points"] >= 1


@pytest.mark.parametrize("count", [401, 5000])
def test_large_scatter_charts_stay_small_files(draw_chart: Draw, count: int) -> None:
    grid = np.linspace(0, 20, count)
    result = draw_chart(pd.DataFrame({"x": grid, "y": np.sin(grid) * 100}), kind="scatter", x="x", y=["y"])
    assert result.receipt["points"] == count
    assert Path(result.artifacts[1].path).stat().st_size < 400_000
