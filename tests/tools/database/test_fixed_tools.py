"""Fixed questions of workflows: typed queries and SQL with bound parameters, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import PolicyRefused, RetryableToolError
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.database.bound_sql import bind, bound_sql
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.typed_query import typed_query
from clawdbot.tools.workspace import Workspace


@pytest.fixture
def context(shop: Any, tmp_path: Path) -> ToolContext:
    return ToolContext(
        run_id="r", goal="g", language="en", workspace=Workspace(tmp_path / "run"), config=Config(),
        envelope=Envelope(databases=frozenset({"shop"})), services={Databases: shop.databases},
    )  # fmt: skip


def test_a_typed_query_gives_what_direct_sql_gives(context: ToolContext, shop: Any) -> None:
    period = {"start": "1997-01-01", "end": "1997-04-01", "label": "1997-Q1"}
    asked = {"measures": [{"of": "orders.freight"}], "by": ["customers.country"], "periods": [period]}
    result = typed_query(context, query=asked)
    expected = shop.run(
        "SELECT c.country, SUM(o.freight) FROM orders o JOIN customers c ON c.id = o.customer_id"
        " WHERE o.ordered_at >= '1997-01-01' AND o.ordered_at < '1997-04-01' GROUP BY c.country"
    )
    assert result.table is not None
    frame = context.workspace.load_table(result.table)
    assert {(r[0], round(float(r[1]), 2)) for r in frame.itertuples(index=False)} == {
        (country, round(float(freight), 2)) for country, freight in expected
    }
    assert (result.receipt["rows"], result.receipt["empty"]) == (len(expected), False)
    assert result.receipt["period"] == [period]
    again = typed_query(context, query=dict(result.receipt["query"]), database="shop", title="again")
    assert again.receipt["sha256"] == result.receipt["sha256"] and again.table == "again"


def test_a_period_without_rows_is_told_as_nothing(context: ToolContext) -> None:
    period = {"start": "2031-01-01", "end": "2031-04-01"}
    grouped = typed_query(context, query={"measures": [{"of": "orders"}], "by": ["orders.status"], "periods": [period]})
    total = typed_query(context, query={"measures": [{"of": "orders.freight"}], "periods": [period]})
    assert grouped.receipt["empty"] and grouped.receipt["rows"] == 0
    assert total.receipt["empty"] and "Nothing was found." in total.observation


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"measures": [{"of": "orders"}], "columns": ["orders.id"]}, "either measures or columns"),
        ({"measure": ["orders"]}, "measure"),
        ({"measures": [{"of": "orders.fright"}]}, "freight"),
    ],
)
def test_a_query_that_makes_no_sense_is_told(context: ToolContext, query: dict[str, Any], told: str) -> None:
    with pytest.raises(RetryableToolError, match=told):
        typed_query(context, query=query)


def test_a_database_outside_the_envelope_is_refused(context: ToolContext) -> None:
    fenced = ToolContext(
        run_id="r", goal="g", language="en", workspace=context.workspace, config=Config(), envelope=Envelope(),
        services=context.services,
    )  # fmt: skip
    with pytest.raises(PolicyRefused):
        typed_query(fenced, query={"measures": [{"of": "orders"}]})
    with pytest.raises(PolicyRefused):
        bound_sql(fenced, sql="SELECT 1 AS a", title="t")
    view = RunView(
        goal="g", language="en", deliverables=frozenset(), workspace=context.workspace, config=Config(),
        envelope=Envelope(), services=context.services,
    )  # fmt: skip
    assert not typed_query.ready(view) and not bound_sql.ready(view)


def test_parameters_are_values_never_text_of_the_statement(context: ToolContext) -> None:
    statement = (
        "SELECT name FROM customers WHERE country = :country AND id >= :least AND vip = :vip"
        " AND joined < :day AND city IN (:cities) AND :nothing IS NULL ORDER BY name LIMIT :most"
    )
    given = {
        "country": "x' OR '1'='1", "least": -1, "vip": True, "day": dt.date(2000, 1, 1), "cities": ["City 0", "City 1"],
        "nothing": None, "most": 5,
    }  # fmt: skip
    assert bound_sql(context, sql=statement, title="none", parameters=given).receipt["rows"] == 0
    found = bound_sql(context, sql=statement, title="some", parameters={**given, "country": "Germany"})
    assert found.table is not None
    assert list(context.workspace.load_table(found.table)["name"]) == ["Customer 4"]
    nobody = bound_sql(context, sql=statement, title="nobody", parameters={**given, "cities": []})
    assert nobody.receipt["empty"] and nobody.receipt["parameters"]["cities"] == []


@pytest.mark.parametrize(
    ("sql", "parameters", "told"),
    [
        ("SELECT :a AS a", {}, "parameter :a has no value"),
        ("SELECT 1 AS a", {"a": 1}, "no parameter :a"),
        ("SELECT ? AS a", {"a": 1}, "has no value"),
        ("SELECT :a AS a", {"a": [1]}, "is a list"),
        ("SELECT :a AS a", {"a": float("nan")}, "nan"),
        ("SELECT :a AS a", {"a": {}}, "Give text"),
        ("SELECT FROM WHERE (", {}, "does not parse"),
        ("DELETE FROM orders WHERE id = :a", {"a": 1}, "DELETE"),
    ],
)
def test_what_cannot_be_bound_or_run_is_told(
    context: ToolContext, sql: str, parameters: dict[str, Any], told: str
) -> None:
    with pytest.raises(RetryableToolError, match=told):
        bound_sql(context, sql=sql, title="t", parameters=parameters)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_a_colon_inside_text_or_a_cast_is_no_parameter(dialect: str) -> None:
    bound = bind("SELECT ':a' AS t, CAST(:b AS INTEGER) AS n FROM x WHERE d = :d", {"b": -2.5, "d": "1'2"}, dialect)
    assert "':a'" in bound and "-2.5" in bound and "'1''2'" in bound
