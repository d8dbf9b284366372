"""Sentences that code states from tables, and numbers that a sentence gives to the wrong row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clawdbot.agents.attribution import misattributed
from clawdbot.agents.facts import facts, format_number, format_value, listing, state
from clawdbot.text.language import Language
from clawdbot.tools.workspace import TableInfo, Workspace

SALES = pd.DataFrame({"region": ["North", "South", "West"], "sales": [5500.25, 3210.5, 1899.75]})


Save = Callable[..., tuple[TableInfo, pd.DataFrame]]


@pytest.fixture
def saved(tmp_path: Path) -> Save:
    space = Workspace(tmp_path)

    def save(frame: pd.DataFrame, **settings: Any) -> tuple[TableInfo, pd.DataFrame]:
        info = space.save_table(frame, name="t", **settings)
        return info, space.load_table(info.name)

    return save


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.891, "1,234,567.89"), (3.0, "3"), (12, "12"), (float("nan"), "-"), (True, "True"), ("x", "x"),
        (None, "-"), (pd.NaT, "-"), (pd.Timestamp("2026-07-01"), "2026-07-01"),
        (pd.Timestamp("2026-07-01 10:30"), "2026-07-01 10:30:00"),
    ],
)  # fmt: skip
def test_values_as_people_write_them(value: Any, text: str) -> None:
    assert format_value(value) == text
    if isinstance(value, (int, float, str)):
        assert format_number(value) == text


def test_totals_and_extremes(saved: Save) -> None:
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        (said,) = facts(*saved(SALES), language)
        assert all(word in said for word in ("sales", "10,610.50", "North 5,500.25", "West 1,899.75"))
        assert misattributed(said, [SALES]) == []
    assert "合计" in facts(*saved(SALES), "zh")[0]


def test_what_must_not_be_summed_is_not(saved: Save) -> None:
    prices = SALES.rename(columns={"sales": "avg_price"})
    assert "10,610.50" not in facts(*saved(prices), "en")[0]
    assert "合计" not in facts(*saved(prices), "zh")[0]
    assert "10,610.50" not in facts(*saved(SALES, truncated=True), "en")[0]
    ids = pd.DataFrame({"customer_id": [1, 2], "year": [2024, 2025]})
    assert facts(*saved(ids), "en") == ["2 rows."]
    assert facts(*saved(ids), "zh") == ["共2行。"]


def test_one_row_and_none(saved: Save) -> None:
    assert facts(*saved(SALES.head(1)), "en") == ["region is North, sales is 5,500.25."]
    assert facts(*saved(SALES.head(1)), "zh") == ["region为North，sales为5,500.25。"]
    assert facts(*saved(SALES.head(0)), "en") == ["No rows match."]
    assert facts(*saved(SALES.head(0)), "zh") == ["没有符合条件的数据。"]


def test_a_measure_without_values_is_left_out(saved: Save) -> None:
    empty = pd.DataFrame({"name": ["a", "b"], "amount": [float("nan"), float("nan")]})
    assert facts(*saved(empty), "en") == ["2 rows."]


def test_a_listing_is_cut_and_cannot_break_its_table(saved: Save) -> None:
    text = listing(*saved(pd.DataFrame({"a|b": ["x|y"] * 5})), limit=3)
    assert text.splitlines()[2:] == ["| x/y |"] * 3 + ["(+2)"]


def test_the_state_of_a_run_holds_few_rows_in_full(saved: Save) -> None:
    many = pd.DataFrame({"n": [f"r{i}" for i in range(50)], "v": range(50)})
    text = state([saved(SALES), saved(many)], "en")
    assert "| South | 3,210.50 |" in text
    assert "r17" not in text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("North sold 5,500.25.", []),
        ("South sold 5,500.25.", ["5,500.25 (it belongs to North)"]),
        ("North sold 5,500.25 and South 3,210.50.", []),
        ("South leads. North sold 5,500.25.", []),
        ("South sold 5,501.", []),
        ("Sales were 5,500.25.", []),
        ("South has 3 orders.", []),
    ],
)
def test_a_number_belongs_to_its_row(text: str, wrong: list[str]) -> None:
    assert misattributed(text, [SALES]) == wrong


def test_a_number_that_another_table_gives_to_the_name_is_right() -> None:
    other = pd.DataFrame({"region": ["South", "East"], "orders": [5500.25, 1.0]})
    assert misattributed("South sold 5,500.25.", [SALES, other]) == []


def test_a_table_of_one_row_has_no_say() -> None:
    assert misattributed("South sold 5,500.25.", [SALES.head(1)]) == []
