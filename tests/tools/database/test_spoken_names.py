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
    def __init__(self, folder: Path) -> None:
        path = folder / "trade.sqlite"
        connection = sqlite3.connect(path)
        connection.executescript(SCHEMA)
        connection.close()
        config = Config(databases={"trade": DatabaseConfig(url=f"sqlite:///{path}", date_column="Orders.OrderDate")})
        self.databases = Databases(config)
        self.shared: dict[str, Any] = {
            "envelope": Envelope(databases=frozenset({"trade"})),
            "config": config,
            "workspace": Workspace(folder / "run"),
            "services": {Databases: self.databases},
            "language": "en",
        }

    def offered(self, goal: str, **hints: Any) -> Mapping[str, Any]:
        """The properties that the schema of a query offers for a goal."""
        view = RunView(goal=goal, deliverables=frozenset({"answer"}), hints={"question": goal, **hints}, **self.shared)
        properties: Mapping[str, Any] = query.narrow(view, query.schema)["properties"]
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
