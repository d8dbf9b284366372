"""Slips that only one reading mends are mended, the rest is told with the nearest names."""

from __future__ import annotations

from typing import Any

import pytest

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.guard import guard

MENDED = [
    # wrong case, plural, quotes
    ("SELECT COUNT(*) FROM ORDER", "SELECT COUNT(*) FROM orders"),
    ("SELECT COUNT(*) FROM OrderLines", 'SELECT COUNT(*) FROM "order lines"'),
    ("SELECT COUNT(*) FROM order_line", 'SELECT COUNT(*) FROM "order lines"'),
    ("SELECT SUM(Order_Lines.Quantity) FROM Order_Lines", 'SELECT SUM(quantity) FROM "order lines"'),
    ("SELECT MAX(OrderedAt) FROM Orders", "SELECT MAX(ordered_at) FROM orders"),
    ('SELECT MIN("orders.ordered_at") FROM orders', "SELECT MIN(ordered_at) FROM orders"),
    ("SELECT COUNT(*) FROM main.orders", "SELECT COUNT(*) FROM orders"),
    # a column under the wrong table
    (
        "SELECT COUNT(DISTINCT o.country) FROM orders o JOIN customers c ON o.customer_id = c.id",
        "SELECT COUNT(DISTINCT c.country) FROM orders o JOIN customers c ON o.customer_id = c.id",
    ),
    ("SELECT MAX(orders.freight) FROM orders AS o", "SELECT MAX(o.freight) FROM orders AS o"),
    ("SELECT COUNT(x.id) FROM orders", "SELECT COUNT(id) FROM orders"),
    # text in double quotes
    ('SELECT COUNT(*) FROM orders WHERE status = "paid"', "SELECT COUNT(*) FROM orders WHERE status = 'paid'"),
    (
        'SELECT COUNT(*) FROM customers WHERE name = "Nobody at all"',
        "SELECT COUNT(*) FROM customers WHERE name = 'Nobody at all'",
    ),
    # a forgotten join
    (
        "SELECT country, SUM(freight) FROM orders GROUP BY country ORDER BY 1",
        "SELECT c.country, SUM(o.freight) FROM orders o JOIN customers c ON c.id = o.customer_id"
        " GROUP BY c.country ORDER BY 1",
    ),
    (
        "SELECT customers.country, SUM(orders.freight) FROM orders GROUP BY customers.country ORDER BY 1",
        "SELECT c.country, SUM(o.freight) FROM orders o JOIN customers c ON c.id = o.customer_id"
        " GROUP BY c.country ORDER BY 1",
    ),
    (
        "SELECT customers.name, COUNT(orders.id) FROM customers GROUP BY customers.name ORDER BY 1",
        "SELECT c.name, COUNT(o.id) FROM customers c JOIN orders o ON c.id = o.customer_id GROUP BY c.name ORDER BY 1",
    ),
    (
        "SELECT SUM(orders.freight), customers.name FROM customers ORDER BY 2",
        "SELECT SUM(o.freight), c.name FROM customers c JOIN orders o ON c.id = o.customer_id GROUP BY 2 ORDER BY 2",
    ),
    (
        'SELECT country, SUM(quantity) FROM "order lines" GROUP BY country ORDER BY 1',
        'SELECT c.country, SUM(l.quantity) FROM "order lines" l JOIN orders o ON o.id = l.order_id'
        " JOIN customers c ON c.id = o.customer_id GROUP BY c.country ORDER BY 1",
    ),
    # grouping
    (
        "SELECT status, COUNT(*) FROM orders ORDER BY 1",
        "SELECT status, COUNT(*) FROM orders GROUP BY status ORDER BY 1",
    ),
    (
        "SELECT c.id, c.name, SUM(o.freight) FROM customers c JOIN orders o ON o.customer_id = c.id"
        " GROUP BY c.id ORDER BY 1",
        "SELECT c.id, c.name, SUM(o.freight) FROM customers c JOIN orders o ON o.customer_id = c.id"
        " GROUP BY c.id, c.name ORDER BY 1",
    ),
    (
        "SELECT status AS s, SUM(freight) AS f FROM orders WHERE SUM(freight) > 10 AND id > 3 GROUP BY s ORDER BY s",
        "SELECT status, SUM(freight) FROM orders WHERE id > 3 GROUP BY status HAVING SUM(freight) > 10 ORDER BY 1",
    ),
    (
        "SELECT status AS s, SUM(freight) AS total FROM orders GROUP BY s HAVING total > 10 ORDER BY total * -1",
        "SELECT status, SUM(freight) FROM orders GROUP BY status HAVING SUM(freight) > 10 ORDER BY SUM(freight) DESC",
    ),
    (
        "SELECT status, SUM(freight) * 100.0 / (SELECT SUM(freight) FROM orders) FROM orders GROUP BY 1 ORDER BY 1",
        "SELECT status, 100.0 * SUM(freight) / (SELECT SUM(o2.freight) FROM orders o2) FROM orders"
        " GROUP BY status ORDER BY 1",
    ),
    (
        "SELECT status, ROUND(100 * COUNT(*) / SUM(COUNT(*)) OVER (), 2) FROM orders GROUP BY status ORDER BY 1",
        "SELECT status, ROUND(100.0 * COUNT(*) / 60, 2) FROM orders GROUP BY status ORDER BY 1",
    ),
    # aliases where they may not stand
    (
        "SELECT YEAR(ordered_at) AS y, COUNT(*) FROM orders WHERE y = 1997 GROUP BY y",
        "SELECT YEAR(ordered_at), COUNT(*) FROM orders WHERE YEAR(ordered_at) = 1997 GROUP BY YEAR(ordered_at)",
    ),
    # the same key in both tables of a join
    (
        'SELECT order_id FROM orders o JOIN "order lines" l ON l.order_id = o.id ORDER BY order_id LIMIT 2',
        'SELECT order_id FROM "order lines" ORDER BY order_id LIMIT 2',
    ),
]


@pytest.mark.parametrize(("written", "meant"), MENDED)
def test_a_slip_is_mended(shop: Any, written: str, meant: str) -> None:
    rows = shop.run(meant)
    assert rows
    assert shop.run(written) == rows


KEPT = [
    "WITH m AS (SELECT status, SUM(freight) AS f FROM orders GROUP BY status) SELECT m.status, f FROM m ORDER BY f",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT SUM(i) FROM n",
    "WITH a AS (SELECT id FROM orders), b AS (SELECT id FROM a WHERE id > 50) SELECT COUNT(*) FROM b",
    "WITH orders AS (SELECT 1 AS id) SELECT COUNT(id) FROM orders",
    "SELECT COUNT(*) FROM (SELECT customer_id, COUNT(*) AS n FROM orders GROUP BY customer_id) t WHERE n > 8",
    "SELECT c.name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)",
    "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
    "SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL",
    "SELECT a.id FROM orders a JOIN orders b ON a.id = b.id + 1 ORDER BY a.id LIMIT 3",
    "SELECT name FROM customers UNION SELECT name FROM products ORDER BY NAME LIMIT 3",
    "SELECT id FROM orders INTERSECT SELECT id FROM customers ORDER BY 1",
    "SELECT id FROM orders EXCEPT SELECT id FROM customers ORDER BY id LIMIT 3",
    "SELECT id, RANK() OVER (PARTITION BY status ORDER BY freight DESC) AS r FROM orders ORDER BY r, id LIMIT 3",
    "SELECT id, freight - LAG(freight) OVER (ORDER BY id) AS change FROM orders ORDER BY id LIMIT 3",
    "SELECT id, SUM(freight) OVER (ORDER BY id) AS running FROM orders ORDER BY id LIMIT 3",
    "SELECT CASE WHEN freight > 50 THEN 'high' ELSE 'low' END AS level, COUNT(*) FROM orders GROUP BY level ORDER BY 1",
    "SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 2",
    "SELECT o.* FROM orders o ORDER BY o.id LIMIT 2",
    "SELECT orders.* FROM orders o ORDER BY id LIMIT 2",
    "SELECT DISTINCT status FROM orders WHERE freight BETWEEN 10 AND 40 AND status IS NOT NULL ORDER BY status",
    "SELECT COUNT(*) FROM orders CROSS JOIN products",
    "SELECT COUNT(*) FROM orders, customers WHERE orders.customer_id = customers.id",
    "SELECT status FROM orders GROUP BY status ORDER BY COUNT(*) DESC, status LIMIT 1",
    "SELECT COALESCE(shipped_at, ordered_at) FROM orders ORDER BY orders.id LIMIT 2",
]


@pytest.mark.parametrize("sql", KEPT)
def test_sound_sql_gives_the_same_on_both(shop_sqlite: Any, shop_postgres: Any, sql: str) -> None:
    rows = shop_sqlite.run(sql)
    assert rows
    assert shop_postgres.run(sql) == rows


TOLD = [
    ("SELECT amount FROM orders", ["There is no column orders.amount", "Columns of orders: id, customer_id"]),
    ("SELECT freigt FROM orders", ["Did you mean orders.freight?"]),
    ("SELECT o.freigt FROM orders o", ["There is no column o.freigt", "Did you mean o.freight?"]),
    ("SELECT COUNT(*) FROM ordrs", ["There is no table 'ordrs'", "Did you mean 'orders'"]),
    ("SELECT COUNT(*) FROM invoices", ["There is no table 'invoices'", "Tables: "]),
    ("SELECT name FROM orders", ["name is in customers: JOIN customers ON orders.customer_id = customers.id"]),
    (
        "SELECT category FROM orders",
        ['category is in products: JOIN "order lines" ON orders.id = "order lines".order_id JOIN products ON'],
    ),
    ("SELECT z.id FROM orders o JOIN customers c ON o.customer_id = c.id", ["'z' in z.id is not in FROM", "o, c"]),
    ("SELECT id FROM orders o JOIN customers c ON o.customer_id = c.id", ["'id' is ambiguous", "o.id, c.id"]),
    ("SELECT 1 FROM orders, orders", ["'orders' stands twice in FROM"]),
    ("SELECT id FROM orders UNION SELECT id, name FROM customers", ["have 1 and 2 columns"]),
    ("WITH t(a, b) AS (SELECT 1) SELECT a FROM t", ["has 1 columns but 2 names"]),
    ("SELECT id FROM orders JOIN customers USING (nonsense)", ["There is no column customers.nonsense"]),
    ("SELECT id FROM orders LIMIT 1 + 1", ["LIMIT must be a whole number"]),
    ("SELECT x.* FROM orders", ["There is no table 'x'"]),
    ("SELECT customers.* FROM orders", ["'customers' is not in FROM"]),
    ("SELECT id FROM other.orders", ["There is no schema 'other'"]),
    ("SELECT orders.id AS a FROM orders WHERE oders.id = 1 AND b.c = 2", ["is not in FROM"]),
    ("SELECT id, FROM orders WHERE", ["does not parse"]),
    ("SELECT id FROM orders FETCH FIRST 5 PERCENT ROWS ONLY", ["PERCENT"]),
    ("SELECT t.x FROM (SELECT id FROM orders) t", ["There is no column t.x", "Columns of t: id"]),
]


@pytest.mark.parametrize(("sql", "parts"), TOLD)
def test_what_cannot_be_mended_is_told(shop: Any, sql: str, parts: list[str]) -> None:
    with pytest.raises(RetryableToolError) as caught:
        shop.run(sql)
    for part in parts:
        assert part in str(caught.value)


def test_a_fanned_out_sum_is_never_joined_silently(shop: Any) -> None:
    """Joining order lines to orders would count each freight twice."""
    with pytest.raises(RetryableToolError, match="quantity"):
        shop.run("SELECT SUM(freight), SUM(quantity) FROM orders")
    with pytest.raises(RetryableToolError):
        shop.run('SELECT SUM(orders.freight), SUM("order lines".quantity) FROM orders')


def test_what_was_mended_is_said(shop_sqlite: Any) -> None:
    result = shop_sqlite.databases.run(
        "shop", "SELECT country, SUM(freight) FROM order -- all of it\n GROUP BY country"
    )
    assert result.notes == ("order read as orders", "joined customers for country")
    assert result.tables == ("orders", "customers")
    assert "all of it" not in result.sql and result.sql.startswith("SELECT\n  customers.country,\n")


def test_rendered_sql_can_be_guarded_again(shop: Any) -> None:
    """What a report shows is what ran, and it passes the guard unchanged."""
    catalog = shop.databases.catalog("shop")
    for sql in [*KEPT, *(w for w, _ in MENDED)]:
        once = guard(sql, catalog)
        assert guard(once.sql, catalog).sql == once.sql, sql


def test_columns_and_tables_that_were_read_are_known(shop_sqlite: Any) -> None:
    catalog = shop_sqlite.databases.catalog("shop")
    found = guard("SELECT c.country FROM customers c WHERE c.id IN (SELECT customer_id FROM orders)", catalog)
    assert found.tables == ("customers", "orders")
    assert set(found.columns) == {"customers.country", "customers.id", "orders.customer_id"}


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT COUNT(*), SUM(freight), AVG(freight) FROM orders", ["count", "sum_freight", "avg_freight"]),
        ("SELECT YEAR(ordered_at), COUNT(DISTINCT customer_id) FROM orders GROUP BY 1", ["year", "count_customer_id"]),
        ("SELECT STRFTIME('%Y-%m', ordered_at), COUNT(*) FROM orders GROUP BY 1", ["month", "count"]),
        ("SELECT STRFTIME('%Y-Q%Q', ordered_at), freight * 2 FROM orders", ["quarter", "value"]),
        ("SELECT DATE(ordered_at), STRFTIME('%Y-%m-%d', ordered_at) FROM orders", ["value", "date"]),
        ("SELECT DATEDIFF(shipped_at, ordered_at), DATE_TRUNC('month', ordered_at) FROM orders", ["days", "month"]),
        ("SELECT COUNT(*), COUNT(*), ROUND(MAX(freight), 1) FROM orders", ["count", "count_2", "max_freight"]),
        ("SELECT id, RANK() OVER (ORDER BY id), STRFTIME('%Y', ordered_at) FROM orders", ["id", "rank", "year"]),
    ],
)
def test_unnamed_columns_get_readable_names(shop: Any, sql: str, names: list[str]) -> None:
    assert list(shop.databases.run("shop", sql).frame.columns) == names


def test_a_lower_limit_stays_and_a_higher_one_is_capped(shop_sqlite: Any) -> None:
    catalog = shop_sqlite.databases.catalog("shop")
    assert guard("SELECT id FROM orders LIMIT 5", catalog, max_rows=10).bounded.endswith("LIMIT 5")
    assert guard("SELECT id FROM orders LIMIT 500", catalog, max_rows=10).bounded.endswith("LIMIT 11")
    assert guard("SELECT id FROM orders", catalog, max_rows=10).bounded.endswith("LIMIT 11")
    result = shop_sqlite.databases.run("shop", "SELECT id FROM orders LIMIT 500", max_rows=10)
    assert (len(result.frame), result.truncated) == (10, True)
