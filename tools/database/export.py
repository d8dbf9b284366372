"""Saved tables as files for other programs: CSV and XLSX."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from clawdbot.errors import RetryableToolError
from clawdbot.text.language import Language
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.decorator import tool
from clawdbot.tools.workspace import Artifact, TableInfo, Workspace

Format = Literal["csv", "xlsx"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a cell (OWASP, CSV injection), with their full-width twins."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_HEAD = PatternFill("solid", fgColor="1F4E79")
_WIDEST = 60
_SHOWN: dict[Language, str] = {
    "zh": "将在任务文件夹中写入 {format} 文件\n表：{table}（{rows:,} 行）\n列：{columns}",
    "en": "A {format} file will be written into the run's folder\nTable: {table} ({rows:,} rows)\nColumns: {columns}",
}
_XLSX_ROWS = 1_048_575
_XLSX_CELL = 32_767
_EXACT_INTEGER = 10**15


@tool(effect="artifact", provides="table")
def export(context: ToolContext, table: str, format: Format) -> ToolResult:
    """Write a saved table to a file that a spreadsheet program opens.

    table: name of the saved table
    format: csv or xlsx
    """
    artifact = export_table(context.workspace, table, format)
    return ToolResult(
        observation=f"file {artifact.name}: {artifact.bytes} bytes, from table {table}",
        summary=f"{artifact.name} from {table}",
        artifacts=(artifact,),
        receipt={"table": table, "format": format, "file": artifact.name, "sha256": artifact.sha256},
    )


@export.shown_by
def _shown(context: ToolContext, arguments: Mapping[str, Any]) -> str:
    info = context.workspace.table(str(arguments["table"]))
    return _SHOWN[context.language].format(
        table=info.name, format=arguments["format"], rows=info.rows, columns=", ".join(c.name for c in info.columns)
    )


@export.when
def _ready(view: RunView) -> bool:
    return bool(view.workspace.tables())


@export.narrows
def _narrow(view: RunView, schema: Schema) -> Schema:
    properties = {key: dict(value) for key, value in schema["properties"].items()}
    properties["table"]["enum"] = [t.name for t in view.workspace.tables()]
    asked = [f for f in view.hints.get("formats", ()) if f in FORMATS]
    if asked:
        properties["format"]["enum"] = asked
    return {**schema, "properties": properties}


def export_table(workspace: Workspace, name: str, fmt: Format) -> Artifact:
    """Write the saved table as an artifact named after it.

    Text that a spreadsheet would run as a formula is kept as text (an apostrophe in CSV, a text cell in XLSX).
    RetryableToolError when there is no such table, or more rows than a sheet holds.
    """
    info = workspace.table(name)
    frame = workspace.load_table(name)
    path = workspace.artifact_path(name, suffix=f".{fmt}")
    if fmt == "csv":
        _write_csv(frame, info, path)
    else:
        _write_xlsx(frame, info, path)
    return workspace.add_artifact(path, kind=fmt, title=info.title or name)


def _write_csv(frame: pd.DataFrame, info: TableInfo, path: Path) -> None:
    """UTF-8 with a byte order mark, because Excel reads Chinese wrongly without one; RFC 4180 line ends."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_harmless(str(c)) for c in frame.columns])
        for row in _rows(frame, info):
            writer.writerow([_csv_cell(value) for value in row])


def _write_xlsx(frame: pd.DataFrame, info: TableInfo, path: Path) -> None:
    if len(frame) > _XLSX_ROWS:
        raise RetryableToolError(f"{len(frame)} rows do not fit a sheet.", hint="Export it as csv.")
    book = Workbook()
    sheet = cast(Worksheet, book.active)
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", info.title or info.name)[:31].strip("' ") or "table"
    for position, column in enumerate(info.columns, 1):
        _put(sheet, 1, position, column.name)
    widths = [_width(c.name) for c in info.columns]
    for number, row in enumerate(_rows(frame, info), 2):
        for position, value in enumerate(row, 1):
            _put(sheet, number, position, value)
            if number < 500:
                widths[position - 1] = max(widths[position - 1], _width(_csv_cell(value)))
    _format(sheet, info, widths)
    book.save(path)


def _put(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    cell = sheet.cell(row=row, column=column)
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:_XLSX_CELL]
        cell.data_type = "s"  # openpyxl takes a leading '=' for a formula
    elif isinstance(value, int) and abs(value) >= _EXACT_INTEGER:
        cell.value = str(value)  # a spreadsheet keeps 15 digits
    else:
        cell.value = value


def _format(sheet: Worksheet, info: TableInfo, widths: list[float]) -> None:
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    for position, column in enumerate(info.columns, 1):
        letter = get_column_letter(position)
        sheet.column_dimensions[letter].width = min(_WIDEST, widths[position - 1] + 2)
        head = sheet.cell(row=1, column=position)
        head.font = Font(bold=True, color="FFFFFF")
        head.fill = _HEAD
        right = column.kind in ("number", "integer")
        head.alignment = Alignment(horizontal="right" if right else "left", vertical="center")
        pattern = {"number": "#,##0.00", "integer": "0", "date": "yyyy-mm-dd"}.get(column.kind)
        if pattern is not None:
            for (cell,) in sheet.iter_rows(min_row=2, min_col=position, max_col=position):
                cell.number_format = pattern


def _rows(frame: pd.DataFrame, info: TableInfo) -> list[list[Any]]:
    columns = [_plain(frame[c.name].tolist(), c.kind) for c in info.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _plain(values: list[Any], kind: str) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
            out.append(None)
        elif isinstance(value, pd.Timestamp):
            out.append(value.to_pydatetime())
        elif kind == "integer" and isinstance(value, float):
            out.append(int(value))
        else:
            out.append(value)
    return out


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ")).removesuffix(" 00:00:00")
    return _harmless(value) if isinstance(value, str) else str(value)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _width(text: str) -> float:
    """Columns of a text: Chinese characters take two."""
    line = text.splitlines()[0] if text else ""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in line[:_WIDEST])
