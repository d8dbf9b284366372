"""Exported files open in a spreadsheet program with the right values, and run nothing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import RetryableToolError
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.database.export import export, export_table
from clawdbot.tools.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path / "run")
    frame = pd.DataFrame(
        {
            "国家": ["德国", "=1+1", "@SUM(A1)", "-cmd", "+49 30 1", "-12.5", "\tx", None, "＝1", "a,b\n\"c\""],
            "orders": pd.Series([1, 2, None, 4, 5, 6, 7, 8, 9, 10**16], dtype="Int64"),
            "revenue": [1.25, None, 3e6, 4, 5, 6, 7, 8, 9, 10],
            "day": pd.to_datetime(pd.Series([*["1997-01-31"] * 9, None])),
            "ok": [True, False] * 5,
        }
    )  # fmt: skip
    found.save_table(frame, name="sales", title="Sales: by/country?")
    return found


def test_csv_has_a_mark_and_no_formula(workspace: Workspace) -> None:
    artifact = export_table(workspace, "sales", "csv")
    data = Path(artifact.path).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    with open(artifact.path, encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["国家", "orders", "revenue", "day", "ok"]
    assert [r[0] for r in rows] == [
        "德国", "'=1+1", "'@SUM(A1)", "'-cmd", "'+49 30 1", "-12.5", "'\tx", "", "'＝1", 'a,b\n"c"',
    ]  # fmt: skip
    assert rows[0][1:] == ["1", "1.25", "1997-01-31", "true"] and rows[2][1:3] == ["", "3000000.0"]


def test_xlsx_has_typed_cells_and_no_formula(workspace: Workspace) -> None:
    artifact = export_table(workspace, "sales", "xlsx")
    assert artifact.name == "sales.xlsx" and artifact.kind == "xlsx" and artifact.title == "Sales: by/country?"
    sheet: Any = openpyxl.load_workbook(artifact.path).active
    assert sheet.title == "Sales  by country" and sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:E11"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sheet["A3"].value == "=1+1" and sheet["A1"].font.bold
    assert (sheet["B2"].value, sheet["C2"].value, sheet["E2"].value) == (1, 1.25, True)
    assert sheet["D2"].value.isoformat() == "1997-01-31T00:00:00" and sheet["D2"].number_format == "yyyy-mm-dd"
    assert sheet["C2"].number_format == "#,##0.00" and sheet["B11"].value == "10000000000000000"
    assert sheet.column_dimensions["A"].width > 8


def test_the_tool_gives_an_artifact_and_a_receipt(workspace: Workspace) -> None:
    context = ToolContext(
        run_id="r", goal="g", language="en", workspace=workspace, envelope=Envelope(), config=Config()
    )
    result = export(context, "sales", "csv")
    assert [a.name for a in result.artifacts] == ["sales.csv"] and result.receipt["sha256"] == result.artifacts[
        0
    ].sha256
    assert export(context, "sales", "csv").artifacts[0].name == "sales-2.csv"
    with pytest.raises(RetryableToolError, match="Saved tables: sales"):
        export(context, "other", "csv")


def test_the_schema_names_tables_and_asked_formats(workspace: Workspace, tmp_path: Path) -> None:
    view = RunView(
        goal="g", language="en", deliverables=frozenset(), workspace=workspace, envelope=Envelope(), config=Config(),
        hints={"formats": ["xlsx", "pdf"]},
    )  # fmt: skip
    schema = export.narrow(view, export.schema)
    assert schema["properties"]["table"]["enum"] == ["sales"] and schema["properties"]["format"]["enum"] == ["xlsx"]
    assert export.ready(view)
    empty = RunView(
        goal="g", language="en", deliverables=frozenset(), workspace=Workspace(tmp_path / "new"), envelope=Envelope(),
        config=Config(),
    )  # fmt: skip
    assert not export.ready(empty)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_any_text_is_exported_without_becoming_a_formula(tmp_path: Path, texts: list[str]) -> None:
    workspace = Workspace(tmp_path / "any")
    clean = [t.encode("utf-8", "replace").decode() for t in texts]
    info = workspace.save_table(pd.DataFrame({"t": pd.Series(clean, dtype="object")}), name="any")
    with open(export_table(workspace, info.name, "csv").path, encoding="utf-8-sig", newline="") as file:
        for (cell,) in list(csv.reader(file))[1:] if all(clean) else []:
            assert not cell.startswith(("=", "@", "+", "-")) or cell[1:2].isdigit()
    sheet: Any = openpyxl.load_workbook(export_table(workspace, info.name, "xlsx").path).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
