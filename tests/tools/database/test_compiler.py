"""Typed queries on SQLite and PostgreSQL: the same question gives the same rows, and a wrong one a useful answer."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pandas as pd
import pytest

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, ForeignKey, TableSchema
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.measures import discover
from clawdbot.tools.database.typed import TypedQuery

Rows = list[tuple[Any, ...]]
Data = dict[str, list[tuple[Any, ...]]]
Y97 = {"start": "1997-01-01", "end": "1998-01-01", "label": "1997"}
ORDERED = "orders.ordered_at"


def ask(shop: Any, **fields: Any) -> Rows:
    catalog = shop.databases.catalog(shop.name)
    compiled = compile_query(TypedQuery.model_validate({"time": ORDERED, **fields}), catalog, discover(catalog))
    frame = shop.databases.run(shop.name, compiled.sql).frame
    assert list(frame.columns) == list(compiled.roles)
    return [tuple(_plain(v) for v in row) for row in frame.astype("object").itertuples(index=False)]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value.isoformat()[:10] if hasattr(value, "isoformat") else value
    return round(float(value), 4)


def _bucket(at: dt.datetime, grain: str) -> str:
    if grain == "week":
        return (at.date() - dt.timedelta(days=at.weekday())).isoformat()
    return {
        "day": f"{at:%Y-%m-%d}",
        "month": f"{at:%Y-%m}",
        "quarter": f"{at:%Y}-Q{(at.month + 2) // 3}",
        "year": f"{at:%Y}",
    }[grain]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_every_time_step_has_the_same_labels_everywhere(shop: Any, shop_data: Data, grain: str) -> None:
    expected: dict[str, float] = defaultdict(float)
    for order in shop_data["orders"]:
        expected[_bucket(order[2], grain)] += 1
    assert ask(shop, measures=[{"of": "orders"}], per=grain) == [(k, v) for k, v in sorted(expected.items())]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_change_compares_with_the_bucket_before_and_not_with_the_row_before(
    shop: Any, shop_data: Data, grain: str
) -> None:
    totals: dict[str, float] = defaultdict(float)
    for order in shop_data["orders"]:
        totals[_bucket(order[2], grain)] += 1
    found = ask(shop, measures=[{"of": "orders"}], per=grain, change="previous")
    days = {_bucket(dt.datetime(1996, 1, 1) + dt.timedelta(days=n), grain): n for n in range(1200)}
    labels = sorted(days, key=lambda label: days[label])
    for label, value, change, percent in found:
        before = totals.get(labels[labels.index(label) - 1])
        assert value == totals[label]
        assert change == (None if before is None else value - before)
        assert percent == (None if before is None else pytest.approx(100 * (value - before) / before, abs=1e-3))


def test_the_last_second_of_a_period_counts_and_the_first_of_the_next_does_not(shop: Any, shop_data: Data) -> None:
    inside = [o for o in shop_data["orders"] if o[2].year == 1997]
    assert any(o[2] == dt.datetime(1997, 12, 31, 23, 59, 58) for o in inside)
    assert ask(shop, measures=[{"of": "orders"}], periods=[Y97]) == [(float(len(inside)),)]
    by_filter = {"column": ORDERED, "op": "between", "values": ["1997-01-01", "1997-12-31"]}
    assert ask(shop, measures=[{"of": "orders"}], filters=[by_filter]) == [(float(len(inside)),)]


@pytest.mark.parametrize(
    ("op", "value", "keep"),
    [
        ("=", "1997-12-31", lambda d: d == "1997-12-31"),
        ("!=", "1997-12-31", lambda d: d != "1997-12-31"),
        (">", "1997-06", lambda d: d >= "1997-07-01"),
        (">=", "1997/06", lambda d: d >= "1997-06-01"),
        ("<", "1997", lambda d: d < "1997-01-01"),
        ("<=", 1997, lambda d: d < "1998-01-01"),
    ],
)
def test_days_months_and_years_compare_with_times(shop: Any, shop_data: Data, op: str, value: Any, keep: Any) -> None:
    expected = sum(keep(f"{o[2]:%Y-%m-%d}") for o in shop_data["orders"])
    assert ask(shop, measures=[{"of": "orders"}], filters=[{"column": ORDERED, "op": op, "value": value}]) == [
        (float(expected),)
    ]


def test_several_days_are_one_condition(shop: Any, shop_data: Data) -> None:
    days = [f"{o[2]:%Y-%m-%d}" for o in shop_data["orders"][:2]]
    kept = [{"column": ORDERED, "op": "in", "values": days}], [{"column": ORDERED, "op": "not_in", "values": days}]
    counts = [ask(shop, measures=[{"of": "orders"}], filters=f)[0][0] for f in kept]
    assert counts == [2.0, len(shop_data["orders"]) - 2.0]


def test_measures_of_several_tables_stand_side_by_side_and_none_is_multiplied(shop: Any, shop_data: Data) -> None:
    country = {c[0]: c[2] for c in shop_data["customers"]}
    expected: dict[str, list[float]] = {c: [0, 0, 0] for c in country.values()}
    for order in shop_data["orders"]:
        expected[country[order[1]]][1] += 1
        expected[country[order[1]]][2] += order[4]
    of_order = {o[0]: country[o[1]] for o in shop_data["orders"]}
    for order_id, _, quantity, price, discount in shop_data["order lines"]:
        expected[of_order[order_id]][0] += quantity * price * (1 - discount)
    found = ask(
        shop, measures=[{"of": "revenue"}, {"of": "orders"}, {"of": "orders.freight"}], by=["customers.country"]
    )
    assert {row[0]: pytest.approx(row[1:], rel=1e-6) for row in found} == {k: tuple(v) for k, v in expected.items()}


def test_texts_and_dates_stand_beside_numbers_of_other_tables(shop: Any) -> None:
    found = ask(
        shop,
        measures=[
            {"of": "orders.ordered_at", "how": "max"},
            {"of": "customers.name", "how": "min"},
            {"of": "customers.vip", "how": "count"},
            {"of": "revenue"},
        ],
    )
    assert [str(v)[:10] for v in found[0][:2]] == ["1998-04-22", "Customer 1"]


def test_booleans_texts_and_numbers_filter(shop: Any, shop_data: Data) -> None:
    def count(**given: Any) -> float:
        found: float = ask(shop, measures=[{"of": "customers"}], filters=[given])[0][0]
        return found

    assert count(column="customers.vip", value=True) == count(column="customers.vip", value="yes") == 4
    assert count(column="customers.vip", op="!=", value=True) == 4
    assert count(column="customers.country", value="germany") == count(column="customers.country", value="德国") == 2
    assert count(column="customers.name", op="contains", value="CUSTOMER 1") == 1
    assert count(column="customers.name", op="contains", value="_") == 0
    assert count(column="customers.name", op="starts", value="cust") == 8
    assert count(column="customers.id", op="between", values=["2", 3.0]) == 2
    assert count(column="customers.id", op="in", values=["1,000", 1]) == 1
    assert count(column="customers.id", op=">", value=-1) == 8
    assert count(column="customers.city", op="not_null") == 8


def test_who_has_none_in_the_period(shop: Any, shop_data: Data) -> None:
    bought = {o[1] for o in shop_data["orders"] if o[2].year == 1996}
    missing = sorted(c[1] for c in shop_data["customers"] if c[0] not in bought)
    period = {"start": "1996-01-01", "end": "1997-01-01"}
    found = ask(shop, columns=["customers.name"], without="orders", periods=[period])
    assert [row[0] for row in found] == missing and missing
    counted = ask(shop, measures=[{"of": "customers"}], without="orders", periods=[period])
    assert counted == [(float(len(missing)),)]
    never = ask(
        shop,
        columns=["products.name"],
        without="order lines",
        filters=[{"column": "customers.country", "value": "USA"}],
    )
    countries = {c[0]: c[2] for c in shop_data["customers"]}
    american = {o[0] for o in shop_data["orders"] if countries[o[1]] == "USA"}
    sold = {line[1] for line in shop_data["order lines"] if line[0] in american}
    assert [row[0] for row in never] == [p[1] for p in shop_data["products"] if p[0] not in sold]


def test_shares_and_the_leading_groups_of_every_year(shop: Any) -> None:
    shares = ask(shop, measures=[{"of": "revenue"}], by=["customers.country"], per="year", share=True)
    for year in {row[0] for row in shares}:
        assert sum(row[3] for row in shares if row[0] == year) == pytest.approx(100, abs=1e-3)
    whole = ask(shop, measures=[{"of": "revenue"}], per="year", share=True)
    assert sum(row[2] for row in whole) == pytest.approx(100, abs=1e-3)
    leading = ask(shop, measures=[{"of": "revenue"}], by=["customers.country"], per="year", limit=2)
    ranked = [row[0] for row in ask(shop, measures=[{"of": "revenue"}], by=["customers.country"], limit=2)]
    assert {row[1] for row in leading} == set(ranked)
    second = ask(shop, measures=[{"of": "revenue"}], by=["customers.country"], per="year", limit=1, offset=1)
    assert {row[1] for row in second} == {ranked[1]}


def test_a_filter_on_a_group_picks_its_share_of_the_whole(shop: Any) -> None:
    every = {row[0]: row for row in ask(shop, measures=[{"of": "orders"}], by=["customers.country"], share=True)}
    one = ask(
        shop,
        measures=[{"of": "orders"}],
        by=["customers.country"],
        share=True,
        filters=[{"column": "customers.country", "value": "USA"}],
    )
    assert one == [every["USA"]]


def test_periods_side_by_side_with_their_change(shop: Any, shop_data: Data) -> None:
    first = {"start": "1997-01-01", "end": "1997-07-01", "label": "H1"}
    second = {"start": "1997-07-01", "end": "1998-01-01"}
    halves = [sum(o[2].year == 1997 and (o[2].month > 6) == late for o in shop_data["orders"]) for late in (0, 1)]
    found = ask(shop, measures=[{"of": "orders"}], periods=[first, second], change="previous")
    assert [row[:3] for row in found] == [
        ("H1", halves[0], None),
        ("1997-07-01..1998-01-01", halves[1], halves[1] - halves[0]),
    ]
    monthly = ask(shop, measures=[{"of": "orders"}], periods=[first, second], per="month", change="previous")
    assert sum(row[2] for row in monthly) == sum(halves)


def test_the_year_before_a_period_is_read_for_the_comparison_only(shop: Any, shop_data: Data) -> None:
    months = [sum((o[2].year, o[2].month) == (y, 2) for o in shop_data["orders"]) for y in (1997, 1998)]
    found = ask(
        shop, measures=[{"of": "orders"}], change="year", periods=[{"start": "1998-02-01", "end": "1998-03-01"}]
    )
    assert found == [
        ("1998-02", months[1], months[1] - months[0], pytest.approx(100 * (months[1] / months[0] - 1), abs=1e-3))
    ]


def test_conditions_on_groups_hold_in_flat_and_in_outer_statements(shop: Any) -> None:
    flat = ask(shop, measures=[{"of": "orders"}], by=["customers.country"], having=[{"op": ">=", "value": 17}])
    outer = ask(
        shop,
        measures=[{"of": "orders"}, {"of": "revenue"}],
        by=["customers.country"],
        having=[{"measure": 1, "op": ">=", "value": 17}, {"measure": 2, "op": ">", "value": -0.5}],
    )
    assert sorted(r[0] for r in flat) == sorted(r[0] for r in outer)
    assert flat and all(row[1] >= 17 for row in flat)


def test_a_key_is_shown_with_its_name_and_a_date_as_a_day(shop: Any) -> None:
    found = ask(shop, measures=[{"of": "orders"}], by=["orders.customer_id"])
    assert {row[:2] for row in found} == {(f"Customer {i}", float(i)) for i in range(1, 8)}
    days = ask(shop, measures=[{"of": "customers"}], by=["customers.joined"])
    assert ("1995-02-03", 1.0) in days


def test_targets_by_year_stand_beside_sales_by_date() -> None:
    catalog = plan_catalog()
    query = {"measures": [{"of": "sales.amount"}, {"of": "targets.amount"}], "by": ["regions.name"], "per": "quarter"}
    sql = compile_query(TypedQuery.model_validate(query), catalog, {}).sql
    assert run(catalog, sql) == [
        ("2026-Q1", "North", 30, 100),
        ("2026-Q2", "North", None, 200),
        ("2026-Q2", "South", 5, None),
    ]
    first = {"start": "2026-01-01", "end": "2026-04-01"}
    only = TypedQuery.model_validate({"measures": [{"of": "targets.amount"}], "periods": [first]})
    assert run(catalog, compile_query(only, catalog, {}).sql) == [(100,)]
    postgres = Catalog(name="plan", dialect="postgres", tables=catalog.tables)
    assert "MAKE_DATE" in compile_query(only, postgres, {}).sql
    with pytest.raises(RetryableToolError, match="by quarter"):
        monthly = {"measures": [{"of": "targets.amount"}], "per": "month"}
        compile_query(TypedQuery.model_validate(monthly), catalog, {})


def plan_catalog() -> Catalog:
    """Sales have a date, targets a year and a quarter; both belong to regions."""
    key = ColumnSchema(name="id", kind="integer", primary_key=True, nullable=False)
    amount = ColumnSchema(name="amount", kind="integer")
    region = ColumnSchema(name="region_id", kind="integer")
    refers = (ForeignKey(columns=("region_id",), ref_table="regions", ref_columns=("id",)),)
    parts = tuple(ColumnSchema(name=n, kind="integer") for n in ("year", "quarter"))
    return Catalog(
        name="plan",
        dialect="sqlite",
        tables=(
            TableSchema(name="regions", columns=(key, ColumnSchema(name="name", kind="text", distinct=2)), rows=2),
            TableSchema(
                name="sales",
                columns=(key, region, ColumnSchema(name="day", kind="date"), amount),
                rows=3,
                foreign_keys=refers,
            ),
            TableSchema(name="targets", columns=(key, region, *parts, amount), rows=2, foreign_keys=refers),
        ),
    )


def run(catalog: Catalog, sql: str) -> Rows:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE regions(id, name); INSERT INTO regions VALUES (1, 'North'), (2, 'South');"
        "CREATE TABLE sales(id, region_id, day, amount);"
        "INSERT INTO sales VALUES (1, 1, '2026-01-05', 10), (2, 1, '2026-03-31', 20), (3, 2, '2026-04-01', 5);"
        "CREATE TABLE targets(id, region_id, year, quarter, amount);"
        "INSERT INTO targets VALUES (1, 1, 2026, 1, 100), (2, 1, 2026, 2, 200);"
    )
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a table that does not exist": ({"measures": [{"of": "order"}]}, "no measure 'order'.*'orders'"),
    "a column that does not exist": ({"columns": ["orders.amount"]}, "no column 'orders.amount'.*Nearest"),
    "a sum of texts": ({"measures": [{"of": "customers.name", "how": "sum"}]}, "'sum' of 'customers.name'"),
    "a sum of a table": ({"measures": [{"of": "orders", "how": "sum"}]}, "Use count"),
    "a value that no row has": (
        {"measures": [{"of": "customers"}], "filters": [{"column": "customers.country", "value": "Germny"}]},
        "Nearest values: 'Germany'",
    ),
    "a word for a number": (
        {"measures": [{"of": "customers"}], "filters": [{"column": "customers.id", "value": "many"}]},
        "is a number",
    ),
    "no truth value": (
        {"measures": [{"of": "customers"}], "filters": [{"column": "customers.vip", "value": "perhaps"}]},
        "true or false",
    ),
    "no date": ({"measures": [{"of": "orders"}], "filters": [{"column": ORDERED, "value": "1997-13"}]}, "no date"),
    "an endless number": (
        {"measures": [{"of": "orders"}], "filters": [{"column": "orders.freight", "value": float("inf")}]},
        "finite",
    ),
    "NUL": ({"measures": [{"of": "customers"}], "filters": [{"column": "customers.name", "value": "a\x00"}]}, "NUL"),
    "a date compared with a number": (
        {"measures": [{"of": "orders"}], "filters": [{"column": ORDERED, "op": ">", "other_column": "orders.freight"}]},
        "same kind",
    ),
    "tables that nothing connects": (
        {"measures": [{"of": "orders"}], "by": ["Targets.Region"]},
        "not connected with 'orders' by foreign keys",
    ),
    "a time that is no date": (
        {"measures": [{"of": "orders"}], "per": "year", "time": "orders.status"},
        "not a date.*orders.ordered_at",
    ),
    "a change without time": ({"measures": [{"of": "orders"}], "change": "previous"}, "needs a time step"),
    "a share of an average": (
        {"measures": [{"of": "orders.freight", "how": "avg"}], "by": ["customers.country"], "share": True},
        "add up",
    ),
    "without what each row has": (
        {"columns": ["orders.id"], "without": "customers"},
        "at most one row of 'customers'.*is_null",
    ),
    "another aggregate of a ratio": ({"measures": [{"of": "average_order_value", "how": "max"}]}, "already an average"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_answered_with_what_to_do(shop_sqlite: Any, mistake: str) -> None:
    fields, message = WRONG[mistake]
    with pytest.raises(RetryableToolError, match=f"(?s){message}"):
        ask(shop_sqlite, **fields)


def test_customers_of_one_name_stay_apart() -> None:
    key = ColumnSchema(name="id", kind="integer", primary_key=True, nullable=False)
    names = ColumnSchema(name="name", kind="text", distinct=1)
    catalog = Catalog(name="x", dialect="sqlite", tables=(TableSchema(name="regions", columns=(key, names), rows=2),))
    query = TypedQuery.model_validate({"measures": [{"of": "regions"}], "by": ["regions.name"]})
    compiled = compile_query(query, catalog, {})
    assert list(compiled.roles) == ["region", "id", "region_count"]
    assert run(catalog, compiled.sql) == [("North", 1, 1), ("South", 2, 1)]


def test_binary_columns_are_neither_grouped_nor_compared() -> None:
    columns = (ColumnSchema(name="photo", kind="binary"), ColumnSchema(name="id", kind="integer", primary_key=True))
    catalog = Catalog(name="x", dialect="sqlite", tables=(TableSchema(name="people", columns=columns, rows=2),))
    for fields in ({"by": ["people.photo"]}, {"filters": [{"column": "people.photo", "value": "x"}]}):
        with pytest.raises(RetryableToolError, match="binary"):
            compile_query(TypedQuery.model_validate({"measures": [{"of": "people"}], **fields}), catalog, {})
