"""Office questions as typed queries: the rows equal those of SQL written by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clawdbot.config import Config, DatabaseConfig
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.measures import discover
from clawdbot.tools.database.typed import TypedQuery

Y97 = {"start": "1997-01-01", "end": "1998-01-01", "label": "1997"}
Q1_97 = {"start": "1997-01-01", "end": "1997-04-01", "label": "1997-Q1"}
Q1_98 = {"start": "1998-01-01", "end": "1998-04-01", "label": "1998-Q1"}

REVENUE = "SUM(d.UnitPrice * d.Quantity * (1 - d.Discount))"
LINES = "[Order Details] d JOIN Orders o USING (OrderID)"
IN_97 = "o.OrderDate >= '1997-01-01' AND o.OrderDate < '1998-01-01'"
QUARTER = "strftime('%Y', o.OrderDate) || '-Q' || ((strftime('%m', o.OrderDate) + 2) / 3)"

revenue = [{"of": "revenue"}]
orders = [{"of": "Orders"}]

QUESTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "total revenue": ({"measures": revenue}, f"SELECT {REVENUE} FROM {LINES}"),
    "revenue in 1997": ({"measures": revenue, "periods": [Y97]}, f"SELECT {REVENUE} FROM {LINES} WHERE {IN_97}"),
    "revenue by category in 1997": (
        {"measures": revenue, "by": ["Categories.CategoryName"], "periods": [Y97]},
        f"SELECT c.CategoryName, {REVENUE} FROM {LINES} JOIN Products p USING (ProductID)"
        f" JOIN Categories c USING (CategoryID) WHERE {IN_97} GROUP BY 1",
    ),
    "top 5 customers by revenue": (
        {"measures": revenue, "by": ["Customers.CompanyName"], "limit": 5},
        f"SELECT c.CompanyName, {REVENUE} FROM {LINES} JOIN Customers c USING (CustomerID)"
        " GROUP BY c.CustomerID ORDER BY 2 DESC LIMIT 5",
    ),
    "the 3 weakest products": (
        {"measures": revenue, "by": ["Products.ProductName"], "limit": 3, "order": {"by": "measure", "desc": False}},
        f"SELECT p.ProductName, {REVENUE} FROM {LINES} JOIN Products p USING (ProductID)"
        " GROUP BY p.ProductID ORDER BY 2 LIMIT 3",
    ),
    "second best customer": (
        {"measures": revenue, "by": ["Customers.CompanyName"], "limit": 1, "offset": 1},
        f"SELECT c.CompanyName, {REVENUE} FROM {LINES} JOIN Customers c USING (CustomerID)"
        " GROUP BY c.CustomerID ORDER BY 2 DESC LIMIT 1 OFFSET 1",
    ),
    "monthly revenue in 1997": (
        {"measures": revenue, "per": "month", "periods": [Y97]},
        f"SELECT strftime('%Y-%m', o.OrderDate), {REVENUE} FROM {LINES} WHERE {IN_97} GROUP BY 1",
    ),
    "revenue by quarter": (
        {"measures": revenue, "per": "quarter"},
        f"SELECT {QUARTER}, {REVENUE} FROM {LINES} GROUP BY 1",
    ),
    "revenue by year": (
        {"measures": revenue, "per": "year"},
        f"SELECT strftime('%Y', o.OrderDate), {REVENUE} FROM {LINES} GROUP BY 1",
    ),
    "orders by week": (
        {"measures": orders, "per": "week", "periods": [Q1_97]},
        "SELECT date(o.OrderDate, '-' || ((strftime('%w', o.OrderDate) + 6) % 7) || ' days'), COUNT(*) FROM Orders o"
        " WHERE o.OrderDate >= '1997-01-01' AND o.OrderDate < '1997-04-01' GROUP BY 1",
    ),
    "orders by day": (
        {"measures": orders, "per": "day", "periods": [Q1_97]},
        "SELECT date(OrderDate), COUNT(*) FROM Orders WHERE OrderDate >= '1997-01-01' AND OrderDate < '1997-04-01'"
        " GROUP BY 1",
    ),
    "revenue by month and category": (
        {"measures": revenue, "per": "month", "by": ["Categories.CategoryName"], "periods": [Q1_97]},
        f"SELECT strftime('%Y-%m', o.OrderDate), c.CategoryName, {REVENUE} FROM {LINES} JOIN Products USING (ProductID)"
        " JOIN Categories c USING (CategoryID) WHERE o.OrderDate >= '1997-01-01' AND o.OrderDate < '1997-04-01'"
        " GROUP BY 1, 2",
    ),
    "how many customers": ({"measures": [{"of": "Customers"}]}, "SELECT COUNT(*) FROM Customers"),
    "orders by salesperson": (
        {"measures": orders, "by": ["Employees.LastName"]},
        "SELECT e.FirstName || ' ' || e.LastName, COUNT(*) FROM Orders JOIN Employees e USING (EmployeeID) GROUP BY 1",
    ),
    "revenue by salesperson id": (
        {"measures": revenue, "by": ["Orders.EmployeeID"]},
        f"SELECT e.FirstName || ' ' || e.LastName, e.EmployeeID, {REVENUE} FROM {LINES}"
        " JOIN Employees e USING (EmployeeID) GROUP BY 2",
    ),
    "average freight by shipper": (
        {"measures": [{"of": "Orders.Freight", "how": "avg"}], "by": ["Shippers.CompanyName"]},
        "SELECT s.CompanyName, AVG(o.Freight) FROM Orders o JOIN Shippers s ON o.ShipVia = s.ShipperID GROUP BY 1",
    ),
    "fan-out: freight of orders by category, each order once": (
        {"measures": [{"of": "Orders.Freight"}], "by": ["Categories.CategoryName"]},
        "SELECT CategoryName, SUM(Freight) FROM (SELECT DISTINCT o.OrderID, o.Freight, c.CategoryName FROM Orders o"
        " JOIN [Order Details] USING (OrderID) JOIN Products USING (ProductID) JOIN Categories c USING (CategoryID))"
        " GROUP BY 1",
    ),
    "fan-out: orders by category": (
        {"measures": orders, "by": ["Categories.CategoryName"]},
        f"SELECT c.CategoryName, COUNT(DISTINCT o.OrderID) FROM {LINES} JOIN Products USING (ProductID)"
        " JOIN Categories c USING (CategoryID) GROUP BY 1",
    ),
    "fan-out: freight of orders that hold a product": (
        {"measures": [{"of": "Orders.Freight"}], "filters": [{"column": "Products.ProductName", "value": "Chai"}]},
        "SELECT SUM(Freight) FROM Orders WHERE OrderID IN (SELECT OrderID FROM [Order Details] WHERE ProductID = 1)",
    ),
    "fan-out: revenue, orders and freight by country": (
        {"measures": [*revenue, *orders, {"of": "Orders.Freight"}], "by": ["Customers.Country"]},
        "SELECT c.Country, SUM(x.r), COUNT(*), SUM(o.Freight) FROM Orders o JOIN Customers c USING (CustomerID)"
        " JOIN (SELECT OrderID, SUM(UnitPrice * Quantity * (1 - Discount)) r FROM [Order Details] GROUP BY 1) x"
        " USING (OrderID) GROUP BY 1",
    ),
    "fan-out: active customers by month": (
        {"measures": [{"of": "Customers"}], "per": "month", "periods": [Y97], "time": "Orders.OrderDate"},
        f"SELECT strftime('%Y-%m', o.OrderDate), COUNT(DISTINCT CustomerID) FROM Orders o WHERE {IN_97} GROUP BY 1",
    ),
    "fan-out: orders by region of the salesperson's territories": (
        {"measures": orders, "by": ["Regions.RegionDescription"]},
        "SELECT r.RegionDescription, COUNT(DISTINCT o.OrderID) FROM Orders o JOIN EmployeeTerritories"
        " USING (EmployeeID) JOIN Territories USING (TerritoryID) JOIN Regions r USING (RegionID) GROUP BY 1",
    ),
    "countries that we sell to": (
        {"measures": [{"of": "Orders.ShipCountry", "how": "count_distinct"}]},
        "SELECT COUNT(DISTINCT ShipCountry) FROM Orders",
    ),
    "products per supplier": (
        {"measures": [{"of": "Products"}], "by": ["Suppliers.CompanyName"]},
        "SELECT s.CompanyName, COUNT(*) FROM Products JOIN Suppliers s USING (SupplierID) GROUP BY 1",
    ),
    "stock value by category": (
        {"measures": [{"of": "stock_value"}], "by": ["Categories.CategoryName"]},
        "SELECT c.CategoryName, SUM(p.UnitPrice * p.UnitsInStock) FROM Products p JOIN Categories c USING (CategoryID)"
        " GROUP BY 1",
    ),
    "average order value by country": (
        {"measures": [{"of": "average_order_value"}], "by": ["Customers.Country"]},
        f"SELECT c.Country, {REVENUE} / COUNT(DISTINCT o.OrderID) FROM {LINES} JOIN Customers c USING (CustomerID)"
        " GROUP BY 1",
    ),
    "customers without orders": (
        {"columns": ["Customers.CompanyName"], "without": "Orders"},
        "SELECT CompanyName FROM Customers WHERE CustomerID NOT IN (SELECT CustomerID FROM Orders)",
    ),
    "customers without orders in 1997": (
        {"columns": ["Customers.CompanyName", "Customers.Country"], "without": "Orders", "periods": [Y97]},
        "SELECT CompanyName, Country FROM Customers WHERE CustomerID NOT IN"
        f" (SELECT CustomerID FROM Orders o WHERE {IN_97})",
    ),
    "customers who never bought seafood": (
        {
            "columns": ["Customers.CompanyName"],
            "without": "Order Details",
            "filters": [{"column": "Categories.CategoryName", "value": "Seafood"}],
        },
        "SELECT CompanyName FROM Customers WHERE CustomerID NOT IN (SELECT o.CustomerID FROM Orders o"
        " JOIN [Order Details] USING (OrderID) JOIN Products p USING (ProductID) WHERE p.CategoryID = 8)",
    ),
    "German customers without orders, counted": (
        {
            "measures": [{"of": "Customers"}],
            "without": "Orders",
            "filters": [{"column": "Customers.Country", "value": "France"}],
        },
        "SELECT COUNT(*) FROM Customers WHERE Country = 'France' AND CustomerID NOT IN (SELECT CustomerID FROM Orders)",
    ),
    "orders shipped late": (
        {
            "measures": orders,
            "filters": [{"column": "Orders.ShippedDate", "op": ">", "other_column": "Orders.RequiredDate"}],
        },
        "SELECT COUNT(*) FROM Orders WHERE ShippedDate > RequiredDate",
    ),
    "products below their reorder level": (
        {
            "columns": ["Products.ProductName", "Products.UnitsInStock"],
            "filters": [{"column": "Products.UnitsInStock", "op": "<", "other_column": "Products.ReorderLevel"}],
        },
        "SELECT ProductName, UnitsInStock, ReorderLevel FROM Products WHERE UnitsInStock < ReorderLevel",
    ),
    "the ten most expensive products": (
        {
            "columns": ["Products.ProductName", "Products.UnitPrice"],
            "limit": 10,
            "order": {"by": "column", "n": 2, "desc": True},
        },
        "SELECT ProductName, UnitPrice FROM Products ORDER BY UnitPrice DESC LIMIT 10",
    ),
    "which customers bought Chai, each once": (
        {"columns": ["Customers.CompanyName"], "filters": [{"column": "Products.ProductName", "value": "Chai"}]},
        "SELECT CompanyName FROM Customers WHERE CustomerID IN (SELECT CustomerID FROM Orders"
        " JOIN [Order Details] USING (OrderID) WHERE ProductID = 1)",
    ),
    "orders of one day, although times are kept": (
        {"columns": ["Orders.OrderID"], "filters": [{"column": "Orders.OrderDate", "value": "1997-05-05"}]},
        "SELECT OrderID FROM Orders WHERE date(OrderDate) = '1997-05-05'",
    ),
    "orders not shipped yet": (
        {"measures": orders, "filters": [{"column": "Orders.ShippedDate", "op": "is_null"}]},
        "SELECT COUNT(*) FROM Orders WHERE ShippedDate IS NULL",
    ),
    "names that contain a percent sign are taken literally": (
        {
            "measures": [{"of": "Customers"}],
            "filters": [{"column": "Customers.CompanyName", "op": "contains", "value": "%"}],
        },
        "SELECT 0",
    ),
    "employees hired in 1993": (
        {
            "columns": ["Employees.LastName"],
            "time": "Employees.HireDate",
            "periods": [{"start": "1993-01-01", "end": "1994-01-01"}],
        },
        "SELECT LastName FROM Employees WHERE HireDate LIKE '1993%'",
    ),
    "countries with more than ten customers": (
        {"measures": [{"of": "Customers"}], "by": ["Customers.Country"], "having": [{"op": ">", "value": 10}]},
        "SELECT Country, COUNT(*) FROM Customers GROUP BY 1 HAVING COUNT(*) > 10",
    ),
    "share of each country": (
        {"measures": revenue, "by": ["Customers.Country"], "share": True},
        f"SELECT c.Country, {REVENUE}, {REVENUE} * 100 / (SELECT {REVENUE} FROM {LINES}) FROM {LINES}"
        " JOIN Customers c USING (CustomerID) GROUP BY 1",
    ),
    "share of one country is of the whole": (
        {"measures": revenue, "share": True, "filters": [{"column": "Customers.Country", "value": "Germany"}]},
        f"SELECT c.Country, {REVENUE}, {REVENUE} * 100 / (SELECT {REVENUE} FROM {LINES}) FROM {LINES}"
        " JOIN Customers c USING (CustomerID) WHERE c.Country = 'Germany' GROUP BY 1",
    ),
    "share of orders that hold a category: parts overlap, the whole is all orders": (
        {"measures": orders, "by": ["Categories.CategoryName"], "share": True},
        f"SELECT c.CategoryName, COUNT(DISTINCT o.OrderID), COUNT(DISTINCT o.OrderID) * 100.0 / 830 FROM {LINES}"
        " JOIN Products USING (ProductID) JOIN Categories c USING (CategoryID) GROUP BY 1",
    ),
    "share within each year where parts overlap": (
        {"measures": orders, "by": ["Categories.CategoryName"], "share": True, "per": "year", "periods": [Y97]},
        f"SELECT '1997', c.CategoryName, COUNT(DISTINCT o.OrderID), COUNT(DISTINCT o.OrderID) * 100.0 /"
        f" (SELECT COUNT(*) FROM Orders o WHERE {IN_97}) FROM {LINES} JOIN Products USING (ProductID)"
        f" JOIN Categories c USING (CategoryID) WHERE {IN_97} GROUP BY 2",
    ),
    "a single column of text is a list of its values": (
        {"columns": ["Customers.Country"], "filters": [{"column": "Customers.City", "op": "starts", "value": "b"}]},
        "SELECT DISTINCT Country FROM Customers WHERE City LIKE 'b%'",
    ),
    "a list says whom it is about": (
        {
            "columns": ["Customers.City", "Customers.Phone"],
            "filters": [{"column": "Customers.Country", "value": "France"}],
        },
        "SELECT City, Phone, CompanyName FROM Customers WHERE Country = 'France'",
    ),
    "change by quarter, the first against the quarter before the period": (
        {"measures": orders, "per": "quarter", "periods": [Y97], "change": "previous"},
        f"WITH q AS (SELECT {QUARTER} b, COUNT(*) n FROM Orders o GROUP BY 1), w AS (SELECT b, n, n - LAG(n) OVER"
        " (ORDER BY b) d, 100.0 * (n - LAG(n) OVER (ORDER BY b)) / LAG(n) OVER (ORDER BY b) p FROM q)"
        " SELECT * FROM w WHERE b LIKE '1997%'",
    ),
    "change against the same quarter a year before": (
        {"measures": orders, "change": "year", "periods": [Q1_98]},
        "SELECT '1998-Q1', a, a - b, 100.0 * (a - b) / b FROM (SELECT"
        " (SELECT COUNT(*) FROM Orders WHERE OrderDate >= '1998-01-01' AND OrderDate < '1998-04-01') a,"
        " (SELECT COUNT(*) FROM Orders WHERE OrderDate >= '1997-01-01' AND OrderDate < '1997-04-01') b)",
    ),
    "two quarters side by side": (
        {"measures": orders, "by": ["Shippers.CompanyName"], "periods": [Q1_97, Q1_98]},
        "SELECT CASE WHEN OrderDate < '1998-01-01' THEN '1997-Q1' ELSE '1998-Q1' END, s.CompanyName, COUNT(*)"
        " FROM Orders o JOIN Shippers s ON o.ShipVia = s.ShipperID"
        " WHERE (OrderDate >= '1997-01-01' AND OrderDate < '1997-04-01')"
        " OR (OrderDate >= '1998-01-01' AND OrderDate < '1998-04-01') GROUP BY 1, 2",
    ),
    "two quarters and the change": (
        {"measures": orders, "periods": [Q1_97, Q1_98], "change": "previous"},
        "WITH n AS (SELECT (SELECT COUNT(*) FROM Orders WHERE OrderDate >= '1997-01-01' AND OrderDate < '1997-04-01')"
        " a, (SELECT COUNT(*) FROM Orders WHERE OrderDate >= '1998-01-01' AND OrderDate < '1998-04-01') b)"
        " SELECT '1997-Q1', a, NULL, NULL FROM n UNION ALL SELECT '1998-Q1', b, b - a, 100.0 * (b - a) / a FROM n",
    ),
    "the top 2 salespeople by month: two people, all months": (
        {"measures": orders, "per": "month", "by": ["Employees.LastName"], "limit": 2, "periods": [Q1_97]},
        "SELECT strftime('%Y-%m', o.OrderDate), e.FirstName || ' ' || e.LastName, COUNT(*) FROM Orders o"
        " JOIN Employees e USING (EmployeeID) WHERE o.OrderDate >= '1997-01-01' AND o.OrderDate < '1997-04-01'"
        " AND EmployeeID IN (SELECT EmployeeID FROM Orders WHERE OrderDate >= '1997-01-01' AND OrderDate < '1997-04-01'"
        " GROUP BY 1 ORDER BY COUNT(*) DESC LIMIT 2) GROUP BY 1, 2",
    ),
    "values in another language and case": (
        {"measures": orders, "filters": [{"column": "Customers.Country", "op": "in", "values": ["德国", "france"]}]},
        "SELECT COUNT(*) FROM Orders JOIN Customers USING (CustomerID) WHERE Country IN ('Germany', 'France')",
    ),
    "everything but some": (
        {
            "measures": orders,
            "filters": [
                {"column": "Orders.ShipCountry", "op": "not_in", "values": ["USA", "UK"]},
                {"column": "Orders.Freight", "op": "between", "values": [10, 20]},
            ],
        },
        "SELECT COUNT(*) FROM Orders WHERE ShipCountry NOT IN ('USA', 'UK') AND Freight BETWEEN 10 AND 20",
    ),
    "first and last order": (
        {"measures": [{"of": "Orders.OrderDate", "how": "min"}, {"of": "Orders.OrderDate", "how": "max"}]},
        "SELECT MIN(OrderDate), MAX(OrderDate) FROM Orders",
    ),
}


class _Northwind:
    def __init__(self, path: Path) -> None:
        self.databases = Databases(Config(databases={"nw": DatabaseConfig(url=f"sqlite:///{path}")}))
        self.catalog = self.databases.catalog("nw")
        self.measures = discover(self.catalog)
        self.raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def typed(self, **fields: Any) -> list[tuple[Any, ...]]:
        compiled = compile_query(TypedQuery.model_validate(fields), self.catalog, self.measures)
        frame = self.databases.run("nw", compiled.sql).frame
        assert list(frame.columns) == list(compiled.roles)
        return [tuple(_plain(v) for v in row) for row in frame.astype("object").itertuples(index=False)]

    def by_hand(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(_plain(v) for v in row) for row in self.raw.execute(sql)]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return value.removesuffix(" 00:00:00.000") if isinstance(value, str) else float(value)


def _same(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]) -> bool:
    """Equal rows in any order, numbers but for the last digits."""
    pairs = zip(sorted(left, key=_rounded), sorted(right, key=_rounded), strict=False)
    return len(left) == len(right) and all(
        len(a) == len(b)
        and all(x == pytest.approx(y) if isinstance(x, float) else x == y for x, y in zip(a, b, strict=True))
        for a, b in pairs
    )


def _rounded(row: tuple[Any, ...]) -> str:
    return repr([round(v) if isinstance(v, float) else v for v in row])


@pytest.fixture(scope="module")
def trade(northwind: Path) -> Iterator[_Northwind]:
    found = _Northwind(northwind)
    yield found
    found.databases.close()
    found.raw.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_equal_those_of_sql_written_by_hand(trade: _Northwind, question: str) -> None:
    query, sql = QUESTIONS[question]
    expected = trade.by_hand(sql)
    found = trade.typed(**query)
    assert expected, "the question has an answer"
    assert _same(found, expected), f"{found} is not {expected}"


def test_lists_are_sorted_highest_first_and_time_first(trade: _Northwind) -> None:
    ranked = [row[-1] for row in trade.typed(measures=revenue, by=["Customers.Country"])]
    assert ranked == sorted(ranked, reverse=True)
    months = [row[0] for row in trade.typed(measures=revenue, per="month", by=["Shippers.CompanyName"])]
    assert months == sorted(months)
    dates = [row[0] for row in trade.typed(measures=revenue, per="month", order={"by": "time", "desc": True})]
    assert dates == sorted(dates, reverse=True)
    names = trade.typed(measures=orders, by=["Shippers.CompanyName"], order={"by": "dimension", "desc": True})
    assert [row[0] for row in names] == ["United Package", "Speedy Express", "Federal Shipping"]
