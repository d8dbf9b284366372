"""Checking the data of a database: every planted fault is found, and nothing else."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import RetryableToolError
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.database.check_data import check_data
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.workspace import Workspace

SCHEMA = """
CREATE TABLE makers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE parts (
    id INTEGER PRIMARY KEY, maker_id INTEGER REFERENCES makers (id), name TEXT, price REAL, discount REAL, made_on DATE
);
CREATE TABLE loose (id INTEGER, note TEXT);
INSERT INTO makers VALUES (1, 'Acme'), (2, 'Borealis');
INSERT INTO parts VALUES
    (1, 1, 'bolt', 1.5, 0.1, '2025-01-05'), (2, 1, 'bolt', 1.5, 0.1, '2025-01-05'), (3, 9, ' nut', -2, 0, '2025-02-01'),
    (4, 2, '', 3, 1.2, '1066-10-14'), (5, NULL, 'cog', 4, 0, 'soon'), (6, 2, 'rod', 5, 0, '2999-01-01');
INSERT INTO loose VALUES (1, 'a'), (1, 'b'), (2, 'c');
"""
FOUND = {
    ("parts", "maker_id", "missing values", 1), ("parts", "name", "missing values", 1),
    ("parts", "name", "blanks at the edge", 1), ("parts", "price", "negative values", 1),
    ("parts", "discount", "outside the range of a share", 1), ("parts", "made_on", "not a date", 1),
    ("parts", "made_on", "date too early", 1), ("parts", "made_on", "date in the future", 1),
    ("parts", "", "rows alike but for their key", 1), ("parts", "maker_id", "reference without a row", 1),
    ("loose", "id", "duplicate keys", 1),
}  # fmt: skip


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    path = tmp_path / "stock.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    config = Config.model_validate(
        {"app": {"today": "2026-11-02"}, "databases": {"stock": {"url": f"sqlite:///{path}"}}}
    )
    return ToolContext(
        run_id="r", goal="g", language="en", workspace=Workspace(tmp_path / "run"), config=config,
        envelope=Envelope(databases=frozenset({"stock"})), services={Databases: Databases(config)},
    )  # fmt: skip


def findings(context: ToolContext, **arguments: Any) -> set[tuple[Any, ...]]:
    result = check_data(context, **arguments)
    assert result.table is not None
    frame = context.workspace.load_table(result.table)
    assert result.receipt["empty"] == (len(frame) == 0)
    return {tuple(row)[:4] for row in frame.itertuples(index=False)}


def test_every_planted_fault_is_found_and_nothing_else(context: ToolContext) -> None:
    assert findings(context) == FOUND


def test_an_example_shows_what_is_wrong(context: ToolContext) -> None:
    check_data(context, title="checked")
    frame = context.workspace.load_table("checked").set_index(["column", "check"])
    assert frame.loc[("made_on", "not a date"), "example"] == "'soon'"
    assert frame.loc[("maker_id", "reference without a row"), "example"] == "9 → makers"
    assert frame.loc[("name", "blanks at the edge"), "example"] == "' nut'"
    assert frame.loc[("price", "negative values"), "share_percent"] == pytest.approx(16.67)


def test_what_is_meant_to_be_so_is_left_out(context: ToolContext) -> None:
    ignored = ["loose", "parts.maker_id", "parts.name:missing", "parts.:duplicate_rows", "PARTS.made_on"]
    kept = {f for f in FOUND if f[0] == "parts" and f[1] in ("name", "price", "discount") and f[2] != "missing values"}
    assert findings(context, ignore=ignored) == kept
    assert findings(context, tables=["makers"]) == set()
    later = findings(context, tables=["parts"], earliest="1000-01-01", days_ahead=400_000)
    assert {f[2] for f in later if f[1] == "made_on"} == {"not a date"}


def test_the_person_reads_it_in_chinese(context: ToolContext) -> None:
    chinese = dataclasses.replace(context, language="zh")
    check_data(chinese, title="检查", tables=["loose"])
    assert context.workspace.load_table("检查").to_dict("records") == [
        {"表": "loose", "列": "id", "检查": "键重复", "行数": 1, "占比_%": 33.33, "示例": "1"}
    ]


def test_wrong_names_and_days_are_told(context: ToolContext) -> None:
    with pytest.raises(RetryableToolError, match="no table 'part'"):
        check_data(context, tables=["part"])
    with pytest.raises(RetryableToolError, match="is no day"):
        check_data(context, earliest="soon")
    view = RunView(
        goal="g", language="en", deliverables=frozenset(), workspace=context.workspace, config=context.config,
        envelope=context.envelope, services=context.services,
    )  # fmt: skip
    assert check_data.ready(view)


def test_postgresql_answers_alike(shop: Any, tmp_path: Path) -> None:
    context = ToolContext(
        run_id="r", goal="g", language="en", workspace=Workspace(tmp_path / "run"), config=Config(),
        envelope=Envelope(databases=frozenset({"shop"})), services={Databases: shop.databases},
    )  # fmt: skip
    assert findings(context) == {("orders", "shipped_at", "missing values", 6)}
