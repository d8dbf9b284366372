"""Words that are part of a longer name mean that name: 'ship country' is no day of shipping, 'CA' not always Canada."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config, DatabaseConfig
from clawdbot.tools.contract import RunView, ToolContext, ToolResult
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.query import query
from clawdbot.tools.workspace import Workspace

SCHEMA = """
CREATE TABLE Shippers (ShipperID INTEGER PRIMARY KEY, CompanyName TEXT NOT NULL);
CREATE TABLE Customers (CustomerID INTEGER PRIMARY KEY, CompanyName TEXT, Region TEXT, Country TEXT);
CREATE TABLE Categories (CategoryID INTEGER PRIMARY KEY, CategoryName TEXT);
CREATE TABLE Products (ProductID INTEGER PRIMARY KEY, ProductName TEXT, UnitPrice REAL,
  CategoryID INTEGER REFERENCES Categories (CategoryID));
CREATE TABLE Orders (OrderID INTEGER PRIMARY KEY, CustomerID INTEGER REFERENCES Customers (CustomerID),
  OrderDate DATE, ShippedDate DATE, ShipCountry TEXT, Freight REAL, ShipVia INTEGER REFERENCES Shippers (ShipperID));
CREATE TABLE Invoices (InvoiceID INTEGER PRIMARY KEY, OrderID INTEGER REFERENCES Orders (OrderID), IssuedOn DATE,
  Amount REAL, Status TEXT);
INSERT INTO Invoices VALUES (1, 1, '1996-12-31', 50, 'paid'), (2, 2, '1996-03-09', 60, 'open'),
  (3, 3, '1997-02-09', 70, 'overdue');
INSERT INTO Shippers VALUES (1, 'Speedy'), (2, 'United');
INSERT INTO Customers VALUES (1, 'Ada', 'CA', 'USA'), (2, 'Bea', 'BC', 'Canada'), (3, 'Cy', 'SP', 'Brazil'),
  (4, 'Di', 'RJ', 'Brazil'), (5, 'Ed', 'OR', 'USA');
INSERT INTO Categories VALUES (1, 'Seafood'), (2, 'Drinks');
INSERT INTO Products VALUES (1, 'Crab', 10, 1), (2, 'Eel', 20, 1), (3, 'Tea', 5, 2);
INSERT INTO Orders VALUES (1, 1, '1996-12-30', '1997-01-05', 'USA', 5, 1), (2, 2, '1996-03-01', '1996-03-04',
  'Canada', 7, 2), (3, 3, '1997-02-01', '1997-02-03', 'Brazil', 9, 2);
"""
Y96 = {"label": "1996", "start": "1996-01-01", "end": "1997-01-01"}


class Trade:
    def __init__(self, folder: Path, *, schema: str = SCHEMA, dated: str = "Orders.OrderDate") -> None:
        path = folder / "trade.sqlite"
        connection = sqlite3.connect(path)
        connection.executescript(schema)
        connection.close()
        config = Config(databases={"trade": DatabaseConfig(url=f"sqlite:///{path}", date_column=dated)})
        self.databases = Databases(config)
        self.workspace = Workspace(folder / "run")
        self.shared: dict[str, Any] = {
            "envelope": Envelope(databases=frozenset({"trade"})),
            "config": config,
            "workspace": self.workspace,
            "services": {Databases: self.databases},
            "language": "en",
        }

    def offered(self, goal: str, **hints: Any) -> Mapping[str, Any]:
        """What the schema of a query offers for a goal: its properties, or ``anyOf`` those of several forms."""
        view = RunView(goal=goal, deliverables=frozenset({"answer"}), hints={"question": goal, **hints}, **self.shared)
        schema = query.narrow(view, query.schema)
        if "anyOf" in schema:
            return {"anyOf": [form["properties"] for form in schema["anyOf"]]}
        properties: Mapping[str, Any] = schema["properties"]
        return properties

    def call(self, goal: str, arguments: Mapping[str, Any], **hints: Any) -> ToolResult:
        context = ToolContext(run_id="r", goal=goal, hints={"question": goal, **hints}, **self.shared)
        found = query(context, **arguments)
        assert isinstance(found, ToolResult)
        return found


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    made = Trade(tmp_path)
    yield made
    made.databases.close()


@pytest.mark.parametrize(
    ("goal", "column"),
    [
        ("Total freight by ship country in 1996", "Orders.OrderDate"),
        ("1996年各发货国家的运费", "Orders.OrderDate"),
        ("Freight of orders shipped in 1996 by ship country", "Orders.ShippedDate"),
        ("1996年发货的订单的运费，按国家", "Orders.ShippedDate"),
    ],
)
def test_the_date_is_the_one_that_is_spoken_of_by_itself(trade: Trade, goal: str, column: str) -> None:
    arguments = {"measures": ["sum Orders.Freight"], "by": ["Orders.ShipCountry"]}
    assert trade.call(goal, arguments, periods=[Y96]).receipt["time"] == column


def test_a_group_of_two_words_is_not_one_of_either(trade: Trade) -> None:
    assert trade.offered("Total freight by ship country")["by"]["items"]["enum"] == ["Orders.ShipCountry"]


@pytest.mark.parametrize("goal", ["Which shipping company carried the most orders?", "哪家物流公司承运的订单最多？"])
def test_a_shipping_company_is_a_shipper(trade: Trade, goal: str) -> None:
    assert trade.offered(goal, limit=1, order="desc")["by"]["items"]["enum"] == ["Shippers.CompanyName"]


@pytest.mark.parametrize("goal", ["加拿大的客户一共下了多少张订单？", "How many orders did customers in Canada place?"])
def test_two_letters_among_states_are_no_country(trade: Trade, goal: str) -> None:
    offered = trade.offered(goal)["filters"]["items"]
    assert offered["properties"]["column"]["enum"] == ["Customers.Country"]
    assert offered["properties"]["value"]["enum"] == ["Canada"]


def test_one_average_has_no_groups_unless_they_are_asked_for(trade: Trade) -> None:
    assert "by" not in trade.offered("What is the average unit price of seafood products?")
    assert "by" in trade.offered("What is the average unit price by category?")
    assert "by" in trade.offered("Compare the average unit price of seafood and drinks products")


def test_a_category_is_known_by_its_singular(trade: Trade) -> None:
    offered = trade.offered("Average price of drink products")["filters"]["items"]
    assert offered["properties"]["value"]["enum"] == ["Drinks"]


@pytest.mark.parametrize("goal", ["饮料类产品的平均单价", "海鲜产品有多少种？"])
def test_a_kind_of_goods_is_known_in_either_language(trade: Trade, goal: str) -> None:
    offered = trade.offered(goal)["filters"]["items"]
    assert offered["properties"]["column"]["enum"] == ["Categories.CategoryName"]


def test_a_share_of_orders_counts_orders(trade: Trade) -> None:
    offered = trade.offered("What percentage of orders in 1996 went to Canada?", periods=[Y96])
    assert offered["measures"]["items"]["enum"] == ["count Orders"]


def test_a_comparison_of_groups_has_a_row_for_each(trade: Trade) -> None:
    offered = trade.offered("Which shippers had fewer than 2 orders?")
    assert offered["by"]["minItems"] == 1


@pytest.mark.parametrize(
    "goal", ["Unpaid invoices by customer", "List the invoices that are not paid", "列出未付款的发票"]
)
def test_a_denied_state_is_every_other_one(trade: Trade, goal: str) -> None:
    offered = trade.offered(goal)["filters"]
    assert offered["minItems"] == 1
    assert offered["items"]["properties"]["op"]["enum"] == ["!="]
    assert offered["items"]["properties"]["value"]["enum"] == ["paid"]


@pytest.mark.parametrize("goal", ["Which invoices are overdue?", "哪些发票已经逾期？"])
def test_things_that_are_asked_for_are_listed(trade: Trade, goal: str) -> None:
    assert "columns" in trade.offered(goal)
    assert "measures" in trade.offered("What is the amount of overdue invoices?")


def test_things_that_are_compared_have_a_row_each(trade: Trade) -> None:
    offered = trade.offered("Compare the total freight of orders to Brazil and Canada")
    assert offered["by"]["items"]["enum"] == ["Orders.ShipCountry"] and offered["by"]["minItems"] == 1


def test_new_customers_are_customers(trade: Trade) -> None:
    assert trade.offered("How many new customers did we get?")["measures"]["items"]["enum"] == ["count Customers"]


def test_both_values_count_when_the_model_writes_one(trade: Trade) -> None:
    one = {"column": "Orders.ShipCountry", "op": "=", "value": "Brazil"}
    found = trade.call(
        "Freight of orders to Brazil and Canada",
        {"measures": ["sum Orders.Freight"], "by": ["Orders.ShipCountry"], "filters": [one]},
    )
    table = trade.workspace.load_table(found.table or "")
    assert sorted(table["ShipCountry"]) == ["Brazil", "Canada"]
    only = trade.call(
        "Freight of orders to Brazil, not from Canada", {"measures": ["sum Orders.Freight"], "filters": [one]}
    )
    assert trade.workspace.load_table(only.table or "").to_numpy().tolist() == [[9.0]]


def test_events_are_counted_not_the_people_they_happen_to(trade: Trade) -> None:
    offered = trade.offered("购买次数最多的三位客户", limit=3, order="desc")
    assert offered["measures"]["items"]["enum"] == ["count Orders"]
    assert offered["by"]["items"]["enum"] == ["Customers.CompanyName"]


def test_a_question_that_no_measure_fits_still_gets_a_list(trade: Trade) -> None:
    assert "columns" in trade.offered("Which customers spent more than 20 dollars in total?")
