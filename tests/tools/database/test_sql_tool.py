"""The sql tool: rows kept under a name, told in a few lines, with a receipt and help when nothing was found."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import PolicyRefused, RetryableToolError
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.preview import preview, shown_number
from clawdbot.tools.database.sql import sql
from clawdbot.tools.workspace import Workspace


@pytest.fixture
def context(shop: Any, tmp_path: Path) -> ToolContext:
    return ToolContext(
        run_id="r", goal="g", language="en", workspace=Workspace(tmp_path / "run"), config=Config(),
        envelope=Envelope(databases=frozenset({"shop"})), services={Databases: shop.databases},
    )  # fmt: skip


def _view(context: ToolContext, **changes: Any) -> RunView:
    view = RunView(
        goal="g", language="en", deliverables=frozenset({"table"}), workspace=context.workspace, config=Config(),
        envelope=context.envelope, services=context.services,
    )  # fmt: skip
    return dataclasses.replace(view, **changes)


def test_rows_are_kept_and_told(context: ToolContext) -> None:
    result = sql(context, "SELECT country, SUM(freight) AS freight FROM orders GROUP BY country", "Freight by country")
    assert result.table == "Freight_by_country"
    lines = result.observation.splitlines()
    assert lines[0] == "table Freight_by_country: 4 rows x 2 columns" and lines[1] == "country | freight"
    assert "totals: freight 2507.1" in lines and "note: joined customers for country" in lines
    info = context.workspace.table("Freight_by_country")
    receipt = dict(result.receipt)
    assert receipt.pop("ms") >= 0
    assert receipt == {
        "database": "shop", "sql": info.sql, "rows": 4, "columns": ["country", "freight"], "sha256": info.sha256,
        "truncated": False, "table": "Freight_by_country",
    }  # fmt: skip
    assert (info.source, info.title) == ("shop", "Freight by country")
    assert sorted(context.workspace.load_table(info.name)["country"]) == ["Brazil", "Germany", "USA", "中国"]


def test_a_title_may_be_chinese_or_a_path(context: ToolContext) -> None:
    assert sql(context, "SELECT 1 AS a", "各国运费 / ../../etc").table == "各国运费_etc"


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("SELECT * FROM customers WHERE country = 'Germny'", "no customers.country = 'Germny'; nearest: Germany."),
        ("SELECT * FROM customers WHERE country = 'GERMANY'", "nearest: Germany."),
        ("SELECT * FROM customers c WHERE c.name IN ('Customer 99')", "There is no customers.name = 'Customer 99'"),
        ("SELECT * FROM orders WHERE status = '已付款'", "values: open, paid, shipped."),
        ("SELECT * FROM products WHERE name = '没有'", "values: Product 1, Product 2"),
        ("SELECT COUNT(*), SUM(freight) FROM orders WHERE ordered_at > '2020-01-01'", "from 1996-07-12 to 1998-04-22."),
        ("SELECT SUM(freight) FROM orders WHERE YEAR(ordered_at) = 2020", "runs from 1996-07-12"),
        ("SELECT t.id FROM (SELECT id FROM orders) t WHERE t.id = 'x1'", "Nothing was found."),
    ],
)  # fmt: skip
def test_nothing_found_is_said_with_the_reason(context: ToolContext, statement: str, hint: str) -> None:
    if "x1" in statement and context.service(Databases).catalog("shop").dialect == "postgres":
        statement = statement.replace("'x1'", "-1")
    observation = sql(context, statement, "nothing").observation
    assert "Nothing was found." in observation and hint in observation


def test_only_allowed_databases_are_read(context: ToolContext) -> None:
    with pytest.raises(RetryableToolError, match="Choose one of: shop"):
        sql(context, "SELECT 1", "t", database="other")
    with pytest.raises(PolicyRefused):
        sql(dataclasses.replace(context, envelope=Envelope()), "SELECT 1", "t")
    assert not sql.ready(_view(context, envelope=Envelope()))
    assert sql.ready(_view(context))


def test_the_schema_shows_what_exists(context: ToolContext, shop: Any) -> None:
    one = sql.narrow(_view(context), sql.schema)
    assert list(one["properties"]) == ["sql", "title"] and one["required"] == ["sql", "title"]
    assert one["properties"]["title"]["maxLength"] == 60
    config = Config(databases={n: {"url": shop.url} for n in ("shop", "archive", "hidden")})
    both = _view(
        context, services={Databases: Databases(config)}, envelope=Envelope(databases=frozenset({"shop", "archive"}))
    )
    schema = sql.narrow(both, sql.schema)
    assert schema["properties"]["database"]["enum"] == ["shop", "archive"]
    assert schema["required"] == ["sql", "title", "database"]


def test_a_preview_is_short_and_readable() -> None:
    frame = pd.DataFrame(
        {
            "id": range(1, 31), "name": ["x" * 100, "a | b\nc", *[None] * 28],
            "value": [1234567.891, 0.00123] + [2.0] * 28,
            "day": pd.to_datetime(["1997-01-01"] * 30),
            "seen": pd.to_datetime(pd.Series([*["1997-01-01 10:00"] * 29, None])),
            "ok": [True, False] * 15,
        }
    )  # fmt: skip
    lines = preview(frame, name="t", truncated=True).splitlines()
    assert lines[0] == "table t: 30 rows or more, cut at the limit x 6 columns"
    assert lines[2] == f"1 | {'x' * 45}... | 1234567.89 | 1997-01-01 | 1997-01-01 10:00:00 | true"
    assert lines[3] == "2 | a / b c | 0.00123 | 1997-01-01 | 1997-01-01 10:00:00 | false"
    assert lines[-2] == "... 18 more rows" and lines[-1] == "totals: value 1234623.89"
    assert len(lines) == 16


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (0.1 + 0.2, "0.3"), (-12.345, "-12.35"), (1e20, "1e+20"), (0.000000001, "1e-09"),
     (0.0456789, "0.0457"), (float("nan"), ""), (float("inf"), "")],
)  # fmt: skip
def test_numbers_are_rounded_for_people(value: float, text: str) -> None:
    assert shown_number(value) == text
