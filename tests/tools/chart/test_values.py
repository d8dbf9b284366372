"""The values in a chart are the table's: summed, sorted, folded and never invented."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.tools.chart.choose import Columns, choose
from clawdbot.tools.chart.plot import Kind, Plot, Wishes
from clawdbot.tools.chart.prepare import prepare
from clawdbot.tools.workspace import Column, TableInfo, column_kind


def plot_of(
    frame: pd.DataFrame, kind: Kind | None = None, *, x: str | None = None, series: str | None = None, **wishes: Any
) -> Plot:
    named = tuple(Column(name=str(c), kind=column_kind(frame[c])) for c in frame.columns)
    info = TableInfo(
        name="t", columns=named, rows=len(frame), sha256="", truncated=bool(wishes.pop("truncated", False))
    )
    columns = Columns(info=info, frame=frame)
    chosen = choose(columns, kind=kind, x=x, y=wishes.pop("y", ()), series=series, stacked=False, goal="")
    return prepare(columns, chosen, Wishes(**wishes))


def test_categories_are_sorted_by_value_and_time_by_time() -> None:
    frame = pd.DataFrame({"a": ["x", "y", "z"], "n": [1, 3, 2]})
    assert plot_of(frame).categories == ("y", "z", "x")
    assert plot_of(frame, sort="none").categories == ("x", "y", "z")
    assert plot_of(frame.iloc[::-1], sort="label").categories == ("x", "y", "z")
    months = pd.DataFrame({"m": ["1997-11", "1998-01", "1997-03"], "n": [1, 3, 2]})
    assert plot_of(months).categories == ("1997-03", "1997-11", "1998-01")
    assert plot_of(months).positions == (0, 8, 10)
    assert plot_of(months, "bar", sort="value").categories == ("1998-01", "1997-03", "1997-11")
    ages = pd.DataFrame({"age": ["36+", "18-25", "26-35"], "n": [1, 2, 3]})
    assert plot_of(ages).categories == ("18-25", "26-35", "36+")


def test_numbers_along_the_axis_are_ordered_without_gaps() -> None:
    plot = plot_of(pd.DataFrame({"units": [30, 2, 10, None], "v": [1.0, 2.0, 3.0, 4.0]}), "bar", x="units")
    assert plot.categories == ("(blank)", "10", "2", "30") and plot.positions == ()
    whole = plot_of(pd.DataFrame({"units": [30, 2, 10], "v": [1.0, 2.0, 3.0]}), "bar", x="units")
    assert (whole.categories, whole.positions) == (("2", "10", "30"), (0, 1, 2))


def test_dates_are_labelled_at_their_grain() -> None:
    def labels(*texts: str) -> tuple[str, ...]:
        return plot_of(pd.DataFrame({"d": pd.to_datetime(list(texts), format="ISO8601"), "n": 1.0})).categories

    assert labels("2025-01-01", "2026-01-01") == ("2025", "2026")
    assert labels("2026-03-01", "2026-04-01") == ("2026-03", "2026-04")
    assert labels("2026-03-05", "2026-04-01") == ("2026-03-05", "2026-04-01")
    assert labels("2026-03-05 09:30", "2026-03-06") == ("2026-03-05 09:30", "2026-03-06 00:00")


def test_rows_of_one_category_are_added_or_averaged_and_said() -> None:
    added = plot_of(pd.DataFrame({"a": ["x", "x", "y"], "n": [1.0, 2.0, 5.0]}))
    assert added.series[0].values == (5, 3)
    assert "added up" in added.notes[0]
    mean = plot_of(pd.DataFrame({"a": ["x", "x", "y"], "avg_price": [1.0, 2.0, 5.0]}), language="zh")
    assert mean.series[0].values == (5, 1.5)
    assert "平均" in mean.notes[0]


def test_a_top_folds_the_rest_into_other() -> None:
    frame = pd.DataFrame({"a": list("vwxyz"), "n": [5, 4, 3, 2, 1]})
    plot = plot_of(frame, top=2)
    assert (plot.categories, plot.series[0].values, plot.rest) == (("v", "w", "Other"), (5, 4, 6), "Other")
    assert plot_of(frame, top=2, language="zh").categories[-1] == "其他"
    taken = plot_of(frame.assign(a=["Other", "w", "x", "y", "z"]), top=2)
    assert taken.categories == ("Other", "w", "Other …")
    prices = plot_of(frame.rename(columns={"n": "price"}), top=2)
    assert prices.categories == ("v", "w") and "largest 2 of 5" in prices.notes[-1]


def test_too_many_series_are_folded_where_a_sum_means_something() -> None:
    frame = pd.DataFrame(
        [(m, f"s{i:02d}", 1.0) for m in ("1997-01", "1997-02", "1997-03") for i in range(20)], columns=["m", "s", "n"]
    )
    bars = plot_of(frame, "area", x="m", series="s")
    assert len(bars.series) == 8 and bars.series[-1].rest and bars.series[-1].values == (13, 13, 13)
    lines = plot_of(frame, "line", x="m", series="s")
    assert len(lines.series) == 7 and not any(s.rest for s in lines.series)


def test_missing_and_endless_values_are_left_out_and_counted() -> None:
    frame = pd.DataFrame({"a": list("wxyz"), "n": [1.0, math.nan, math.inf, 1e300]})
    plot = plot_of(frame)
    assert (plot.categories, plot.points) == (("w",), 1)
    assert "3 values" in plot.notes[0]


def test_blank_boolean_and_cut_tables_are_named() -> None:
    plot = plot_of(pd.DataFrame({"a": [None, "", "x"], "n": [3, 2, 4]}), language="zh", truncated=True)
    assert plot.categories == ("（空）", "x")
    assert "3 行" in plot.notes[0]
    assert plot_of(pd.DataFrame({"paid": [True, False], "n": [2, 1]}), language="zh").categories == ("是", "否")


def test_names_that_differ_only_far_out_stay_apart() -> None:
    frame = pd.DataFrame({"a": ["x" * 500 + "1", "x" * 500 + "2"], "n": [1, 2]})
    assert plot_of(frame).points == 2


def test_titles_are_made_from_the_columns_in_the_language() -> None:
    frame = pd.DataFrame({"region_name": ["x", "y"], "net_revenue": [1, 2]})
    assert plot_of(frame).title == "net revenue by region name"
    assert plot_of(frame, language="zh").title == "net revenue（按 region name）"
    assert plot_of(frame, title="  My\n{x} %s title ").title == "My {x} %s title"


def test_scatter_groups_and_time(tmp_path: Path) -> None:
    frame = pd.DataFrame({"p": [1.0, 2.0, 3.0], "q": [4.0, 5.0, None], "g": ["a", "b", "a"]})
    plot = plot_of(frame, "scatter", x="p", y=("q",), series="g")
    assert [(s.name, s.xs, s.values) for s in plot.series] == [("a", (1.0,), (4.0,)), ("b", (2.0,), (5.0,))]


@given(
    st.lists(st.tuples(st.text(max_size=5), st.integers(-1000, 1000)), min_size=1, max_size=60),
    st.one_of(st.none(), st.integers(1, 12)),
)
def test_nothing_is_lost_when_a_top_is_wished(rows: list[tuple[str, int]], top: int | None) -> None:
    frame = pd.DataFrame(rows, columns=["a", "n"])
    plot = plot_of(frame, "bar", x="a", top=top)
    cut = any("largest" in note for note in plot.notes)
    total = sum(v for v in plot.series[0].values)
    assert cut or total == frame["n"].sum()
    assert len(plot.categories) <= (top or 30) + 1
