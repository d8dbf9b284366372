"""The tool as a run uses it: what it offers, what it draws, what it mends, what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from clawdbot.errors import RetryableToolError
from clawdbot.tools import RunView, ToolResult
from clawdbot.tools.chart.tool import chart, drawable, narrowed
from clawdbot.tools.workspace import Workspace

Draw = Callable[..., ToolResult]
View = Callable[..., RunView]

SALES = pd.DataFrame({"region": ["North", "South", "East"], "revenue": [10.0, 30.0, 20.0]})
MONTHS = [f"1997-{m:02d}" for m in range(1, 13)]
LONG = pd.DataFrame(
    [(m, c, i + len(c)) for i, m in enumerate(MONTHS) for c in ("tea", "fish")], columns=["month", "kind", "n"]
)


def kind_of(result: ToolResult) -> str:
    return str(result.receipt["kind"])


def test_a_chart_leaves_a_picture_its_twin_and_a_receipt(draw_chart: Draw, workspace: Workspace) -> None:
    result = draw_chart(SALES, title="Revenue")
    png, pdf = result.artifacts
    assert (png.kind, pdf.kind) == ("chart", "chart-pdf")
    assert Path(png.path).stem == Path(pdf.path).stem
    assert [a.name for a in workspace.artifacts("chart")] == [png.name]
    assert result.receipt == {
        "table": "result",
        "kind": "bar",
        "x": "region",
        "y": ["revenue"],
        "series": None,
        "points": 3,
        "sha256": hashlib.sha256(Path(png.path).read_bytes()).hexdigest(),
    }
    assert result.observation == "chart chart-Revenue.png: bar of revenue by region, 3 points"


def test_a_second_chart_of_that_name_replaces_nothing(draw_chart: Draw, workspace: Workspace) -> None:
    workspace.artifact_path("chart-Revenue", suffix=".pdf").write_bytes(b"a report of that name")
    names = [a.name for _ in range(3) for a in draw_chart(SALES, title="Revenue").artifacts]
    assert len(set(names)) == 6
    assert (workspace.root / "artifacts" / "chart-Revenue.pdf").read_bytes() == b"a report of that name"


@pytest.mark.parametrize(
    ("frame", "goal", "expected", "x"),
    [
        (SALES, "", "bar", "region"),
        (SALES, "show each region's share of revenue", "pie", "region"),
        (SALES, "各地区销售额占比", "pie", "region"),
        (pd.DataFrame({"month": MONTHS, "n": range(12)}), "", "line", "month"),
        (pd.DataFrame({"n": range(4), "quarter": ["1997-Q1", "1997-Q2", "1997-Q3", "1997-Q4"]}), "", "line", "quarter"),
        (pd.DataFrame({"day": pd.date_range("2026-01-01", periods=9), "n": range(9)}), "", "line", "day"),
        (pd.DataFrame({"year": [1996, 1997, 1998], "n": [5, 6, 7]}), "", "line", "year"),
        (pd.DataFrame({"month": ["1997-01", "1997-02"], "n": [5, 6]}), "", "bar", "month"),
        (pd.DataFrame({"customer_id": range(5), "name": list("abcde"), "n": range(5)}), "", "bar", "name"),
        (pd.DataFrame({"amount": [i * 1.7 for i in range(40)]}), "", "histogram", None),
        (pd.DataFrame({"active": [True, False], "n": [3, 4]}), "", "bar", "active"),
        (pd.DataFrame({"n": [3, 4]}), "", "bar", None),
    ],
)
def test_defaults_are_right_without_a_model(
    draw_chart: Draw, frame: pd.DataFrame, goal: str, expected: str, x: str | None
) -> None:
    result = draw_chart(frame, goal=goal)
    assert (kind_of(result), result.receipt["x"]) == (expected, x)


def test_the_kind_that_the_goal_names_holds_where_the_model_says_nothing(draw_chart: Draw) -> None:
    assert kind_of(draw_chart(SALES, hints={"chart_kind": "pie"})) == "pie"
    assert kind_of(draw_chart(SALES, hints={"chart_kind": "radar"})) == "bar"
    assert kind_of(draw_chart(SALES, hints={"chart_kind": "pie"}, kind="bar")) == "bar"


def test_a_table_in_long_form_is_split_by_its_second_label(draw_chart: Draw) -> None:
    result = draw_chart(LONG, x="month", y=["n"])
    assert (result.receipt["series"], result.receipt["points"], kind_of(result)) == ("kind", 24, "line")
    assert "split by 'kind'" in result.observation


@pytest.mark.parametrize(
    ("frame", "arguments", "kind", "said"),
    [
        (pd.DataFrame({"a": ["x", "y"], "n": [1, -1]}), {"kind": "pie"}, "bar", "negative"),
        (pd.DataFrame({"a": ["x", "y"], "n": [0, 0]}), {"kind": "pie"}, "bar", "total above zero"),
        (pd.DataFrame({"a": ["x", "y"], "n": [1, 2], "m": [3, 4]}), {"kind": "pie", "y": ["n", "m"]}, "bar", "stacked"),
        (pd.DataFrame({"a": [f"c{i}" for i in range(30)], "n": range(1, 31)}), {"kind": "pie"}, "pie", "22 smaller"),
        (pd.DataFrame({"a": MONTHS, "n": [1] * 11 + [-1]}), {"kind": "area"}, "line", "negative"),
        (LONG, {"kind": "line", "series": "kind", "stacked": True}, "area", "areas"),
        (SALES, {"kind": "heatmap"}, "bar", "second label"),
        (LONG, {"kind": "heatmap", "x": "month"}, "heatmap", "'kind'"),
        (
            pd.DataFrame({"a": ["x", "y"], "n": [1, 2], "m": [3, 4]}),
            {"kind": "scatter", "x": "a"},
            "scatter",
            "x must be",
        ),
        (
            pd.DataFrame({"a": ["x", "y"] * 9, "n": range(18), "m": range(18)}),
            {"kind": "scatter", "x": "a"},
            "scatter",
            "and a",
        ),
        (pd.DataFrame({"m": MONTHS, "n": range(12)}), {"kind": "scatter", "x": "m"}, "scatter", "by m"),
        (SALES, {"x": "revenue", "y": ["revenue"]}, "bar", "by region"),
        (LONG.assign(m=1), {"series": "kind", "y": ["n", "m"]}, "line", "only one y"),
        (SALES.assign(m=1), {"kind": "histogram", "y": ["revenue", "m"]}, "histogram", "one column"),
        (SALES, {"series": "region", "x": "region"}, "bar", "by region"),
    ],
)
def test_what_cannot_be_drawn_is_mended_and_said(
    draw_chart: Draw, frame: pd.DataFrame, arguments: dict[str, Any], kind: str, said: str
) -> None:
    result = draw_chart(frame, **arguments)
    assert kind_of(result) == kind
    assert said in result.observation


@pytest.mark.parametrize(
    ("frame", "arguments", "said"),
    [
        (SALES, {"kind": "scatter"}, "two numeric columns.*Use kind 'bar'"),
        (SALES, {"y": ["revenu"]}, "no column 'revenu'.*Did you mean 'revenue'"),
        (SALES, {"x": "\x00zzz"}, "Columns: region, revenue"),
        (SALES, {"y": ["region"]}, "not numeric.*revenue"),
        (SALES[["region"]], {}, "no numeric column"),
        (SALES.iloc[:0], {}, "no rows"),
        (SALES, {"top": 0}, "top is 0"),
        (pd.DataFrame({"a": ["x", "y"], "n": [None, float("nan")]}, dtype=object).astype({"n": float}), {}, "no value"),
        (pd.DataFrame({"n": [1.0, None], "m": [None, 1.0]}), {"kind": "scatter", "x": "n", "y": "m"}, "both numbers"),
    ],
)
def test_what_cannot_be_mended_is_refused_with_the_cure(
    draw_chart: Draw, workspace: Workspace, frame: pd.DataFrame, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(RetryableToolError, match=said):
        draw_chart(frame, **arguments)
    assert workspace.artifacts() == ()


def test_an_unknown_table_names_those_that_exist(draw_chart: Draw, workspace: Workspace, view: View) -> None:
    draw_chart(SALES)
    with pytest.raises(RetryableToolError, match="Saved tables: result"):
        workspace.table("nothing")


def test_it_is_offered_when_a_table_has_a_row_and_a_number(workspace: Workspace, view: View) -> None:
    assert not drawable(view())
    workspace.save_table(SALES.iloc[:0], name="empty")
    workspace.save_table(SALES[["region"]], name="names")
    assert not drawable(view())
    workspace.save_table(SALES, name="sales")
    assert drawable(view())


def test_the_schema_names_real_columns_only(workspace: Workspace, view: View) -> None:
    workspace.save_table(SALES, name="sales")
    schema = narrowed(view(), chart.schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    assert properties["table"]["enum"] == ["sales"]
    assert properties["x"]["enum"] == ["region", "revenue"]
    assert properties["y"]["items"]["enum"] == ["revenue"]
    assert properties["title"]["maxLength"] == 60
    assert not {"series", "stacked", "sort", "top"} & set(properties)
    call = {"table": "sales", "kind": "auto", "x": "region", "y": ["revenue"]}
    jsonschema.validate(call, schema)
    for wrong in ({"x": "other"}, {"y": ["region"]}, {"table": "x"}, {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(call | wrong, schema)
    assert chart.validate(call) == call


def test_each_of_several_tables_has_its_own_columns(workspace: Workspace, view: View) -> None:
    workspace.save_table(SALES, name="sales")
    workspace.save_table(LONG, name="months")
    schema = narrowed(view(), chart.schema)
    jsonschema.validate({"table": "months", "kind": "bar", "x": "month", "y": ["n"], "series": "kind"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"table": "sales", "kind": "bar", "x": "month", "y": ["n"]}, schema)
    assert schema["anyOf"][0]["properties"]["table"]["enum"] == ["months"]
    assert {"sort", "top"} <= set(schema["anyOf"][0]["properties"])


def test_a_kind_in_the_brief_is_the_only_one(workspace: Workspace, view: View) -> None:
    workspace.save_table(LONG, name="months")
    pie = narrowed(view(chart_kind="pie"), chart.schema)["properties"]
    assert pie["kind"]["enum"] == ["pie"] and "series" not in pie
    histogram = narrowed(view(chart_kind="histogram"), chart.schema)["properties"]
    assert "x" not in histogram and "top" not in histogram
