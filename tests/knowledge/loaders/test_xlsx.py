"""Excel workbooks, written by openpyxl and by hand."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import loaded


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def sales() -> Workbook:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "销售 2025"
    sheet["B2"] = "Sales of the year"
    sheet.merge_cells("B2:E2")
    sheet.append([])
    sheet.append(["", "地区", "日期", "金额", "占比"])
    sheet.append(["", "华东", datetime(2025, 3, 1), 1234.5, 0.25])
    sheet.append(["", "华南", None, -7, 1])
    for row in (5, 6):
        sheet.cell(row, 3).number_format = 'yyyy"年"m"月"d"日"'
        sheet.cell(row, 4).number_format = '"¥"#,##0.00'
        sheet.cell(row, 5).number_format = "0%"
    book.properties.title = "年度销售"
    book.properties.creator = "Li"
    book.properties.modified = datetime(2025, 4, 1, 8)
    return book


def test_cells_as_a_person_sees_them(tmp_path: Path) -> None:
    book = sales()
    book.create_sheet("secret").sheet_state = "hidden"
    extract = loaded(tmp_path, "a.xlsx", saved(book))
    assert [(b.kind, b.text, b.part, b.row) for b in extract.blocks] == [
        ("paragraph", "Sales of the year", "销售 2025", None),
        (
            "table",
            "| 地区 | 日期 | 金额 | 占比 |\n| 华东 | 2025年3月1日 | ¥1,234.50 | 25% |\n| 华南 |  | -¥7.00 | 100% |",
            "销售 2025",
            5,
        ),
    ]
    assert (extract.title, extract.metadata["author"]) == ("年度销售", "Li")
    assert extract.modified_at.startswith("20")
    assert extract.notes == ("The sheet 'secret' is hidden: left out.",)


def test_merged_headers_and_groups(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Region", 2024, "", 2025, ""])
    sheet.append(["", "Plan", "Real", "Plan", "Real"])
    sheet.append(["North", 1, 2, 3, 4])
    sheet.append(["", 5, 6, 7, 8])
    for cells in ("A1:A2", "B1:C1", "D1:E1", "A3:A4"):
        sheet.merge_cells(cells)
    table = loaded(tmp_path, "a.xlsx", saved(book)).blocks[0]
    assert table.text == (
        "| Region | 2024 Plan | 2024 Real | 2025 Plan | 2025 Real |\n"
        "| North | 1 | 2 | 3 | 4 |\n| North | 5 | 6 | 7 | 8 |"
    )
    assert table.row == 3


def test_formulas_without_a_result_are_told(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["a", "b"])
    sheet.append([1, "=A2*2"])
    extract = loaded(tmp_path, "a.xlsx", saved(book))
    assert extract.text == "| a |\n| 1 |"
    assert "1 formulas without a result" in extract.notes[0]


def test_sheets_and_characters_are_bounded(tmp_path: Path) -> None:
    book = Workbook()
    for n in range(5):
        book.create_sheet(f"s{n}").append([f"cell {n}", "x" * 100])
    extract = loaded(tmp_path, "a.xlsx", saved(book), limits=LoadLimits(max_pages=3))
    assert {block.part for block in extract.blocks} == {"s0", "s1"}  # the first sheet is empty
    assert extract.notes == ("Only the first 3 of 6 sheets are loaded.",)
    short = loaded(tmp_path, "a.xlsx", saved(book), limits=LoadLimits(max_text_chars=120))
    assert len(short.text) <= 130


def test_a_cell_far_away_is_found_with_its_row(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "top"
    sheet["C90000"] = "far"
    sheet["D90000"] = 5
    assert [(b.text, b.row) for b in loaded(tmp_path, "a.xlsx", saved(book)).blocks][-1] == (
        "| C | D |\n| far | 5 |",
        90000,
    )
