"""Tables on paper: cells as people read them, widths from content, wide tables turned and split."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.tools.report.cells import FormattedColumn, format_columns
from clawdbot.tools.report.document import data_period
from clawdbot.tools.report.layout import LANDSCAPE_MM, PORTRAIT_MM, lay_out, text_width
from clawdbot.tools.report.table_tex import table_source
from clawdbot.tools.report.words import WORDS, Language, written_date, written_period
from clawdbot.tools.workspace import Workspace


def cells(workspace: Workspace, frame: pd.DataFrame, language: Language = "en") -> dict[str, tuple[str, ...]]:
    info = workspace.save_table(frame, name="t")
    return {c.name: c.cells for c in format_columns(info, workspace.load_table(info.name), language)}


def test_cells_as_people_read_them(workspace: Workspace) -> None:
    frame = pd.DataFrame(
        {
            "amount": [1234567.891, -0.5, None],
            "share": [0.4405, 0.1, 0.0],
            "whole": [1000.0, 2000.0, -3000.0],
            "one": [0.5, 12.25, 1000.0],
            "tiny_negative": [-0.001, 5.25, 1.0],
            "orders": [1520, 1310, -7],
            "order_id": [10248, 10249, 10250],
            "CustomerID": [1001, 1002, 1003],
            "年份": [2023, 2024, 2025],
            "paid": [True, False, True],
            "day": pd.to_datetime(["2024-07-01", "", "2024-12-31"]),
            "moment": pd.to_datetime(["2024-07-01 09:30", "2024-07-01 00:00", ""]),
            "month": pd.to_datetime(["2024-07-01", "2024-08-01", ""]),
            "text": ["a", None, "季度"],
        }
    )
    assert cells(workspace, frame) == {
        "amount": ("1,234,567.89", "−0.50", "–"),
        "share": ("0.4405", "0.1000", "0.0000"),
        "whole": ("1,000", "2,000", "−3,000"),
        "one": ("0.50", "12.25", "1,000.00"),
        "tiny_negative": ("0.00", "5.25", "1.00"),
        "orders": ("1,520", "1,310", "−7"),
        "order_id": ("10248", "10249", "10250"),
        "CustomerID": ("1001", "1002", "1003"),
        "年份": ("2023", "2024", "2025"),
        "paid": ("Yes", "No", "Yes"),
        "day": ("1 Jul 2024", "–", "31 Dec 2024"),
        "moment": ("1 Jul 2024 09:30", "1 Jul 2024 00:00", "–"),
        "month": ("Jul 2024", "Aug 2024", "–"),
        "text": ("a", "–", "季度"),
    }
    chinese = cells(workspace, frame, "zh")
    assert chinese["paid"] == ("是", "否", "是")
    assert chinese["day"][0] == "2024-07-01"
    assert chinese["month"][0] == "2024-07"


def test_dates_and_periods_in_words() -> None:
    assert written_date(date(2024, 7, 1), "zh") == "2024年7月1日"
    assert written_date(date(2024, 7, 1), "en") == "1 July 2024"
    assert written_period(date(2024, 7, 1), date(2024, 9, 1), "en") == "July 2024 to September 2024"
    assert written_period(date(2024, 7, 1), date(2024, 9, 30), "zh") == "2024年7月1日 至 2024年9月30日"
    assert written_period(date(2024, 7, 1), date(2024, 9, 1), "zh") == "2024年7月 至 2024年9月"
    assert written_period(date(2024, 7, 1), date(2024, 7, 1), "en") == "1 July 2024"
    frame = pd.DataFrame({"n": [1, 2], "d": pd.to_datetime(["2024-07-02", "2024-08-05"])})
    assert data_period([frame, pd.DataFrame({"x": [1]})], "en") == "2 July 2024 to 5 August 2024"
    assert data_period([], "en") == ""


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()


def column(name: str, *texts: str, right: bool = False) -> FormattedColumn:
    return FormattedColumn(name=name, cells=texts, right=right, wraps=not right)


def test_a_narrow_table_keeps_its_width_and_the_large_type() -> None:
    (block,) = lay_out([column("region", "East"), column("revenue", "1,234.00", right=True)])
    assert (block.size, block.landscape) == (9.0, False)
    assert sum(block.widths) < 15


def test_only_the_widest_columns_give_way() -> None:
    columns = [column("name", "Acme Ltd."), column("note", "word " * 60), column("more", "word " * 60)]
    columns += [column(f"amount {i}", "1,234,567.00", right=True) for i in range(3)]
    (block,) = lay_out(columns)
    assert not block.landscape
    assert block.widths[1] == pytest.approx(block.widths[2])
    assert block.widths[0] >= text_width("Acme Ltd.")


def test_wide_tables_are_turned_then_split_with_the_first_column_repeated() -> None:
    def wide(count: int) -> list[FormattedColumn]:
        return [column("name", "Product")] + [column(f"m{i}", "1,234,567.00", right=True) for i in range(count)]

    (turned,) = lay_out(wide(11))
    assert turned.landscape
    parts = lay_out(wide(60))
    assert len(parts) > 2
    assert all(part.columns[0] == 0 and part.landscape for part in parts)
    assert sorted(i for part in parts for i in part.columns[1:]) == list(range(1, 61))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.builds(
            lambda name, cell, right: column(name, cell, right=right),
            st.text(min_size=1, max_size=30),
            st.text(max_size=120),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_every_column_is_printed_and_every_part_fits(columns: list[FormattedColumn]) -> None:
    blocks = lay_out(columns)
    assert {i for b in blocks for i in b.columns} == set(range(len(columns)))
    for block in blocks:
        room = (LANDSCAPE_MM if block.landscape else PORTRAIT_MM) / (0.3515 * block.size)
        assert sum(block.widths) + len(block.widths) - 1 <= room + 0.01 or len(block.columns) <= 2


def test_a_cell_cannot_be_taken_for_an_option_of_its_row() -> None:
    columns = [column("a", "[5cm]", "*")]
    tex = table_source(columns, lay_out(columns)[0], str, label="Table 1", title="T", continued="c")
    assert "{[5cm]} \\tabularnewline" in tex
    assert "{*} \\tabularnewline" in tex
