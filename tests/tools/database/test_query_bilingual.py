"""A company that keeps names in two languages, targets by quarter and payments with their own dates."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config, DatabaseConfig
from clawdbot.errors import RetryableToolError
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.query import query
from clawdbot.tools.workspace import Workspace

SCHEMA = """
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT NOT NULL, name_zh TEXT NOT NULL);
CREATE TABLE people (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, born DATE, joined DATE);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, name_zh TEXT, region_id INTEGER REFERENCES regions (id));
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), order_date DATE,
  seller_id INTEGER REFERENCES people (id), status TEXT);
CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), quantity INTEGER,
  unit_price REAL);
CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), paid_on DATE, amount REAL);
CREATE TABLE sales_targets (id INTEGER PRIMARY KEY, region_id INTEGER REFERENCES regions (id), year INTEGER,
  quarter INTEGER, target_amount REAL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO regions VALUES (1, 'North', '华北'), (2, 'South', '华南'), (3, 'West', '华西');
INSERT INTO people VALUES (1, 'Ann', 'Li', '1980-01-01', '2020-01-01'), (2, 'Bo', 'Li', '1990-01-01', '2021-01-01');
INSERT INTO customers VALUES (1, 'Acme', '顶点', 1), (2, 'Acme', '艾克', 2), (3, 'Zed', '泽德', 2);
INSERT INTO orders VALUES (1, 1, '2026-07-01', 1, 'done'), (2, 2, '2026-08-01', 2, 'cancelled'),
  (3, 2, '2026-09-30', 2, 'done'), (4, 1, '2026-10-01', 1, 'done');
INSERT INTO order_lines VALUES (1, 1, 2, 10), (2, 1, 1, 5), (3, 2, 1, 7), (4, 3, 3, 1), (5, 4, 9, 9);
INSERT INTO payments VALUES (1, 1, '2026-10-05', 25), (2, 2, '2026-09-05', 7);
INSERT INTO sales_targets VALUES (1, 1, 2026, 3, 100), (2, 2, 2026, 3, 50), (3, 1, 2026, 4, 70);
INSERT INTO notes VALUES (1, 'x'), (2, 'y');
"""
Q3 = {"label": "2026-Q3", "start": "2026-07-01", "end": "2026-10-01"}


class Company:
    def __init__(self, folder: Path) -> None:
        path = folder / "company.sqlite"
        connection = sqlite3.connect(path)
        connection.executescript(SCHEMA)
        connection.close()
        self.config = Config(databases={"co": DatabaseConfig(url=f"sqlite:///{path}", date_column="orders.order_date")})
        self.databases = Databases(self.config)
        self.fields: dict[str, Any] = {
            "envelope": Envelope(databases=frozenset({"co"})),
            "config": self.config,
            "workspace": Workspace(folder / "run"),
            "services": {Databases: self.databases},
            "language": "en",
        }

    def offered(self, goal: str, **hints: Any) -> dict[str, Any]:
        view = RunView(goal=goal, deliverables=frozenset(), hints=hints, **self.fields)
        schema = query.narrow(view, query.schema)
        found: dict[str, Any] = schema.get("anyOf", [schema])[0]["properties"]
        return found

    def rows(self, goal: str, arguments: dict[str, Any], **hints: Any) -> list[list[Any]]:
        result = query(ToolContext(run_id="r", goal=goal, hints=hints, **self.fields), **arguments)
        found: list[list[Any]] = self.fields["workspace"].load_table(result.table).to_numpy().tolist()
        return found


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    found = Company(tmp_path_factory.mktemp("company"))
    yield found
    found.databases.close()


def test_names_come_in_the_language_of_the_question(company: Company) -> None:
    assert company.offered("上季度各地区销售额", periods=[Q3])["by"]["items"]["enum"] == ["regions.name_zh"]
    assert company.offered("Sales by region", periods=[Q3])["by"]["items"]["enum"] == ["regions.name"]
    arguments = {"measures": ["revenue"], "by": ["regions.name_zh"]}
    assert company.rows("上季度各地区销售额", arguments, periods=[Q3]) == [["华北", 25.0], ["华南", 10.0]]


def test_sales_and_targets_stand_side_by_side(company: Company) -> None:
    offered = company.offered("Sales vs target by region last quarter", periods=[Q3])
    assert set(offered["measures"]["items"]["enum"]) == {"revenue", "target_amount"}
    arguments = {"measures": ["revenue", "target_amount"], "by": ["regions.name"]}
    rows = company.rows("Sales vs target by region last quarter", arguments, periods=[Q3])
    assert rows == [["North", 25.0, 100.0], ["South", 10.0, 50.0]]


def test_payments_count_when_they_are_made_and_sales_when_they_are_ordered(company: Company) -> None:
    assert company.rows("上季度回款总额", {"measures": ["payment_amount"]}, periods=[Q3]) == [[7.0]]
    both = company.rows("payments and revenue", {"measures": ["payment_amount", "revenue"]}, periods=[Q3])
    assert both == [[7.0, 35.0]]
    spoken = company.rows("amount shipped and revenue", {"measures": ["payment_amount", "revenue"]}, periods=[Q3])
    assert spoken == both


def test_states_are_found_in_the_other_language(company: Company) -> None:
    offered = company.offered("已取消的订单有多少")
    assert offered["measures"]["items"]["enum"] == ["count orders"]
    assert offered["filters"]["items"]["properties"]["value"]["enum"] == ["cancelled"]


def test_two_of_one_name_stay_apart_with_their_key(company: Company) -> None:
    arguments = {"measures": ["revenue"], "by": ["customers.name"]}
    assert company.rows("Revenue by customer", arguments) == [["Acme", 1, 106.0], ["Acme", 2, 10.0]]
    people = company.rows("Revenue by seller", {"measures": ["revenue"], "by": ["people.last_name"]})
    assert people == [["Ann Li", 106.0], ["Bo Li", 10.0]]


def test_named_things_are_counted_in_the_time_of_their_orders(company: Company) -> None:
    assert company.rows("active sellers", {"measures": ["count people"]}, periods=[Q3]) == [[2]]
    assert company.rows(
        "sellers born in the eighties",
        {"columns": ["people.last_name"]},
        periods=[{"label": "", "start": "1980-01-01", "end": "1990-01-01"}],
    ) == [["Li"]]


def test_who_lacks_rows_on_two_branches_is_one_question(company: Company) -> None:
    planned = {"column": "sales_targets.quarter", "op": "=", "value": 3}
    arguments = {"columns": ["regions.name"], "without": "customers", "filters": [planned]}
    assert company.rows("regions without customers", arguments) == [["West"]]


def test_rows_without_any_time_say_so(company: Company) -> None:
    with pytest.raises(RetryableToolError, match="rows of 'notes' have no date"):
        company.rows("notes", {"measures": ["count notes"]}, periods=[Q3])
    with pytest.raises(RetryableToolError, match="no table 'memos'"):
        company.rows("notes", {"columns": ["customers.name"], "without": "memos"})
    with pytest.raises(RetryableToolError, match="kept by quarter"):
        company.rows("targets", {"measures": ["target_amount"]}, periods=[Q3], grain="month")
    assert company.rows("customers without orders", {"columns": ["customers.name"], "without": "orders"}) == [["Zed"]]
