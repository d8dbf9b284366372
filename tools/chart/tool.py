"""The ``chart`` tool: a saved table becomes a PNG for people and a vector PDF for reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from clawdbot.errors import RetryableToolError
from clawdbot.text.language import Language
from clawdbot.tools import RunView, Schema, ToolContext, ToolResult, tool
from clawdbot.tools.chart.choose import Choice, Columns, choose, numeric_columns
from clawdbot.tools.chart.plot import KINDS, Kind, Plot, Sort, Wishes
from clawdbot.tools.chart.text import clean
from clawdbot.tools.workspace import Artifact, TableInfo, Workspace, safe_name

MOST_TABLES = 6
"""The newest tables are offered; a small model gets lost in more."""
MOST_COLUMNS = 24
MANY_ROWS = 12
"""Sorting and a top make a difference only above it."""
TITLE_LENGTH = 60
_SHOWN: dict[Language, str] = {
    "zh": "将在任务文件夹中写入一张图（PNG 和 PDF）\n表：{table}（{rows:,} 行）",
    "en": "A chart will be written into the run's folder (PNG and PDF)\nTable: {table} ({rows:,} rows)",
}


@tool(effect="artifact", provides="chart")
def chart(
    context: ToolContext,
    table: str,
    kind: Literal["auto", "bar", "line", "area", "pie", "scatter", "histogram", "heatmap"] = "auto",
    x: str | None = None,
    y: list[str] | str | None = None,
    series: str | None = None,
    stacked: bool = False,
    title: str = "",
    sort: Sort = "auto",
    top: int | None = None,
) -> ToolResult:
    """Draw a chart of a saved table.

    table: name of the saved table
    kind: leave auto unless the goal names a kind
    x: column along the axis, such as the month or the region
    y: numeric columns to draw
    series: column that splits the values into groups
    stacked: groups on top of each other instead of side by side
    title: short title in the language of the goal
    sort: auto is by time, else largest first
    top: how many of the largest to show; the rest becomes Other
    """
    info = context.workspace.table(table)
    if not info.rows:
        raise RetryableToolError(f"Table {table!r} has no rows.", hint="Query again with other conditions.")
    if top is not None and top < 1:
        raise RetryableToolError(f"top is {top}.", hint="Give 1 or more, or leave it out.")
    columns = Columns(info=info, frame=context.workspace.load_table(table))
    asked = context.hints.get("chart_kind") if kind == "auto" else kind
    wished = [y] if isinstance(y, str) else list(y or ())
    chosen = choose(
        columns,
        kind=asked if asked in KINDS else None,
        x=x,
        y=wished,
        series=series,
        stacked=stacked,
        goal=context.goal,
    )
    wishes = Wishes(title=title, sort=sort, top=top, language=context.language)
    plot, png, pdf = _drawn(context.workspace, columns, chosen, wishes)
    return _result(info, plot, chosen, png, pdf)


def _result(info: TableInfo, plot: Plot, chosen: Choice, png: Artifact, pdf: Artifact) -> ToolResult:
    said = f"{plot.kind} of {', '.join(chosen.y)}" + (f" by {chosen.x}" if chosen.x else "")
    said += f" and {chosen.series}" if chosen.series else ""
    notes = [*chosen.notes, *plot.notes]
    return ToolResult(
        observation=clean(
            f"chart {png.name}: {said}, {plot.points} points" + "".join(f"; {n}" for n in notes), limit=600
        ),
        summary=clean(f"{png.name}: {said}", limit=200),
        artifacts=(png, pdf),
        receipt=_receipt(info, plot, chosen, png),
    )


@chart.shown_by
def shown(context: ToolContext, arguments: Mapping[str, Any]) -> str:
    """Which table is drawn, how, and that two files are written."""
    info = context.workspace.table(str(arguments["table"]))
    given = {name: value for name, value in arguments.items() if name != "table" and value not in (None, "", [])}
    lines = [f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in given.items()]
    return "\n".join([_SHOWN[context.language].format(table=info.name, rows=info.rows), *lines])


@chart.when
def drawable(view: RunView) -> bool:
    """Some saved table has a row and a number."""
    return bool(_drawable(view.workspace))


@chart.narrows
def narrowed(view: RunView, schema: Schema) -> Schema:
    """One branch for each table that can be drawn, its columns as enums; what cannot matter is left out."""
    tables = _drawable(view.workspace)[-MOST_TABLES:][::-1]
    wanted = view.hints.get("chart_kind")
    fixed: Kind | None = wanted if wanted in KINDS else None
    branches = [_branch(info, schema, fixed) for info in tables]
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _drawn(workspace: Workspace, columns: Columns, chosen: Choice, wishes: Wishes) -> tuple[Plot, Artifact, Artifact]:
    """The plot, its PNG and its PDF."""
    # Matplotlib takes a second to import, and every command that knows the tools would pay for it.
    from clawdbot.tools.chart.draw import draw
    from clawdbot.tools.chart.prepare import prepare

    plot = prepare(columns, chosen, wishes)
    picture = draw(plot)
    return (plot, *_saved(workspace, plot, picture.png, picture.pdf))


def _drawable(workspace: Workspace) -> list[TableInfo]:
    return [info for info in workspace.tables() if info.rows and numeric_columns(info)]


def _branch(info: TableInfo, schema: Schema, fixed: Kind | None) -> Schema:
    known: Mapping[str, Any] = schema["properties"]
    numeric = numeric_columns(info)[:MOST_COLUMNS]
    labels = [c.name for c in info.columns if c.name not in numeric]
    across = [*labels, *numeric][:MOST_COLUMNS]
    properties: Schema = {
        "table": _enum(known["table"], [info.name]),
        "kind": _enum(known["kind"], [fixed] if fixed else ["auto", *KINDS]),
        "x": _enum(known["x"], across),
        "y": {
            "type": "array",
            "items": {"type": "string", "enum": numeric},
            "minItems": 1,
            "maxItems": min(4, len(numeric)),
            "description": known["y"]["description"],
        },
    }
    required = ["table", "kind", "x", "y"]
    if fixed == "histogram" or len(info.columns) == 1:
        del properties["x"]
        required.remove("x")
    if len(across) > 2 and fixed not in ("histogram", "pie"):
        properties["series"] = _enum(known["series"], [c.name for c in info.columns][:MOST_COLUMNS])
        properties["stacked"] = known["stacked"]
    properties["title"] = {**known["title"], "maxLength": TITLE_LENGTH}
    if info.rows > MANY_ROWS and fixed in (None, "bar", "pie"):
        properties["sort"] = known["sort"]
        properties["top"] = {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "description": known["top"]["description"],
        }
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _enum(known: Mapping[str, Any], values: list[str]) -> Schema:
    return {"type": "string", "enum": values, "description": known["description"]}


def _saved(workspace: Workspace, plot: Plot, png: bytes, pdf: bytes) -> tuple[Artifact, Artifact]:
    """Both files under one stem that neither of them had before."""
    word = "图表" if plot.language == "zh" else "chart"
    stem = safe_name(f"{word}-{plot.title}", fallback=word)
    number = 2
    path = workspace.artifact_path(stem, suffix=".png")
    while path.with_suffix(".pdf").exists():
        path = workspace.artifact_path(f"{stem[:50]}-{number}", suffix=".png")
        number += 1
    twin = path.with_suffix(".pdf")
    path.write_bytes(png)
    twin.write_bytes(pdf)
    return (
        workspace.add_artifact(path, kind="chart", title=plot.title),
        workspace.add_artifact(twin, kind="chart-pdf", title=plot.title),
    )


def _receipt(info: TableInfo, plot: Plot, chosen: Choice, png: Artifact) -> dict[str, Any]:
    return {
        "table": info.name,
        "kind": plot.kind,
        "x": chosen.x,
        "y": list(chosen.y),
        "series": chosen.series,
        "points": plot.points,
        "sha256": png.sha256,
    }
