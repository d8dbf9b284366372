"""Functions of other products give the same, right rows on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest

from clawdbot.errors import RetryableToolError

SAME_AS: dict[str, list[str]] = {
    # the oracle below -> ways to ask for it
    "by_year": [
        "SELECT YEAR(ordered_at), COUNT(*) FROM orders GROUP BY YEAR(ordered_at) ORDER BY 1",
        "SELECT EXTRACT(YEAR FROM ordered_at) AS y, COUNT(*) FROM orders GROUP BY y ORDER BY y",
        "SELECT DATE_PART('year', ordered_at) AS y, COUNT(*) FROM orders GROUP BY y ORDER BY y",
        "SELECT DATEPART(year, ordered_at) AS y, COUNT(*) FROM orders GROUP BY DATEPART(year, ordered_at) ORDER BY 1",
        "SELECT CAST(STRFTIME('%Y', ordered_at) AS INTEGER) AS y, COUNT(*) FROM orders GROUP BY y ORDER BY y",
        "SELECT year(o.ordered_at) y, count(o.id) FROM shop.orders o GROUP BY 1 ORDER BY 1",
    ],
    "by_quarter": [
        "SELECT YEAR(ordered_at), QUARTER(ordered_at), COUNT(*) FROM orders GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT EXTRACT(YEAR FROM ordered_at), EXTRACT(QUARTER FROM ordered_at), COUNT(*) FROM orders"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT YEAR(ordered_at) y, STRFTIME('%Q', ordered_at) q, COUNT(*) FROM orders GROUP BY y, q ORDER BY y, q",
        "SELECT YEAR(ordered_at) y, (MONTH(ordered_at) + 2) / 3 AS q, COUNT(*) FROM orders GROUP BY y, q ORDER BY y, q",
        "SELECT YEAR(ordered_at) y, (CAST(STRFTIME('%m', ordered_at) AS INTEGER) - 1) / 3 + 1 AS q, COUNT(*)"
        " FROM orders GROUP BY y, q ORDER BY y, q",
    ],
    "by_quarter_text": [
        "SELECT STRFTIME('%Y', ordered_at) || '-Q' || QUARTER(ordered_at) AS q, COUNT(*) FROM orders GROUP BY q"
        " ORDER BY q",
        "SELECT TO_CHAR(ordered_at, 'YYYY-\"Q\"Q') AS q, COUNT(*) FROM orders GROUP BY q ORDER BY q",
        "SELECT STRFTIME('%Y-Q%Q', ordered_at) AS q, COUNT(*) FROM orders GROUP BY q ORDER BY q",
        "SELECT CONCAT(YEAR(ordered_at), '-Q', QUARTER(ordered_at)) AS q, COUNT(*) FROM orders GROUP BY q ORDER BY q",
    ],
    "by_month_text": [
        "SELECT STRFTIME('%Y-%m', ordered_at) AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT DATE_FORMAT(ordered_at, '%Y-%m') AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT TO_CHAR(ordered_at, 'YYYY-MM') AS m, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1",
        "SELECT CONVERT(VARCHAR(7), ordered_at, 120) AS m, COUNT(*) FROM orders"
        " GROUP BY CONVERT(VARCHAR(7), ordered_at, 120) ORDER BY m",
        "SELECT FORMAT(ordered_at, 'yyyy-MM') AS m, COUNT(*) FROM orders GROUP BY 1 ORDER BY m",
        "SELECT SUBSTR(CAST(DATE(ordered_at) AS TEXT), 1, 7) AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT LEFT(CAST(DATE(ordered_at) AS VARCHAR(10)), 7) AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
    ],
    "by_month_start": [
        "SELECT DATE_TRUNC('month', ordered_at) AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT DATE_TRUNC(ordered_at, MONTH) AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT DATETRUNC(month, ordered_at) AS m, COUNT(*) FROM orders GROUP BY DATETRUNC(month, ordered_at)"
        " ORDER BY m",
        "SELECT TRUNC(ordered_at, 'MM') AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT DATE(ordered_at, 'start of month') AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT DATE_TRUNC('month', ordered_at)::date AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
    ],
    "by_quarter_start": [
        "SELECT DATE_TRUNC('quarter', ordered_at) AS q, COUNT(*) FROM orders GROUP BY q ORDER BY q",
        "SELECT CAST(DATE_TRUNC('quarter', ordered_at) AS DATE) AS q, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1",
    ],
    "by_week_start": ["SELECT DATE_TRUNC('week', ordered_at) AS w, COUNT(*) FROM orders GROUP BY w ORDER BY w"],
    "by_day": [
        "SELECT CAST(ordered_at AS DATE) AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
        "SELECT ordered_at::date AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
        "SELECT DATE(ordered_at) AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
        "SELECT DATE_TRUNC('day', ordered_at) AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
    ],
    "by_month_name": [
        "SELECT MONTHNAME(ordered_at) AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT DATENAME(month, ordered_at) AS m, COUNT(*) FROM orders GROUP BY DATENAME(month, ordered_at) ORDER BY m",
        "SELECT DATE_FORMAT(ordered_at, '%M') AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
        "SELECT TO_CHAR(ordered_at, 'FMMonth') AS m, COUNT(*) FROM orders GROUP BY m ORDER BY m",
    ],
    "by_weekday": [
        "SELECT EXTRACT(DOW FROM ordered_at) AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
        "SELECT CAST(STRFTIME('%w', ordered_at) AS INTEGER) AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
        "SELECT DAYOFWEEK(ordered_at) - 1 AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
        "SELECT EXTRACT(ISODOW FROM ordered_at) % 7 AS d, COUNT(*) FROM orders GROUP BY d ORDER BY d",
    ],
    "days_to_ship": [
        "SELECT SUM(DATEDIFF(shipped_at, ordered_at)) FROM orders",
        "SELECT SUM(DATEDIFF(day, ordered_at, shipped_at)) FROM orders",
        "SELECT SUM(DATEDIFF('day', ordered_at, shipped_at)) FROM orders",
        "SELECT SUM(DATE_DIFF(shipped_at, ordered_at, DAY)) FROM orders",
        "SELECT SUM(TIMESTAMPDIFF(DAY, ordered_at, shipped_at)) FROM orders",
        "SELECT SUM(JULIANDAY(DATE(shipped_at)) - JULIANDAY(DATE(ordered_at))) FROM orders",
        "SELECT SUM(shipped_at - ordered_at) FROM orders",
        "SELECT SUM(shipped_at::date - ordered_at::date) FROM orders",
    ],
    "months_since_1996": [
        "SELECT SUM(DATEDIFF(month, '1996-01-01', ordered_at)) FROM orders",
        "SELECT SUM(TIMESTAMPDIFF(MONTH, DATE '1996-01-01', ordered_at)) FROM orders",
    ],
    "in_1997": [
        "SELECT COUNT(*) FROM orders WHERE YEAR(ordered_at) = 1997",
        "SELECT COUNT(*) FROM orders WHERE YEAR(ordered_at) = '1997'",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%Y', ordered_at) = '1997'",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%Y', ordered_at) = 1997",
        "SELECT COUNT(*) FROM orders WHERE ordered_at BETWEEN '1997-01-01' AND '1997-12-31'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at BETWEEN DATE '1997-01-01' AND DATE '1997-12-31'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at BETWEEN '1997-01-01' AND '1997-12-31 23:59:59'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at BETWEEN '1997/1/1' AND '1997/12/31'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at >= '1997-01-01' AND ordered_at <= '1997-12-31'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at >= '1997-01-01 00:00:00' AND ordered_at < '1998-01-01 00:00:00'",
        "SELECT COUNT(*) FROM orders WHERE '1997-01-01' <= ordered_at AND '1998-01-01' > ordered_at",
        "SELECT COUNT(*) FROM orders WHERE ordered_at >= '1997-01' AND ordered_at <= '1997-12'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at LIKE '1997%'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at LIKE '1997-%'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at = '1997'",
        "SELECT COUNT(*) FROM orders WHERE DATE_TRUNC('year', ordered_at) = '1997-01-01'",
        "SELECT COUNT(*) FROM orders WHERE DATE(ordered_at) BETWEEN DATE('1997-01-01') AND DATE('1997-12-31')",
        "SELECT COUNT(*) FROM orders WHERE TO_CHAR(ordered_at, 'YYYY') = '1997'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at >= TO_DATE('1997-01-01', 'YYYY-MM-DD')"
        " AND ordered_at < DATE_ADD('1997-01-01', INTERVAL 1 YEAR)",
        "SELECT COUNT(*) FROM orders WHERE ordered_at >= CAST('1997-01-01' AS DATE)"
        " AND ordered_at < CAST('1997-01-01' AS DATE) + INTERVAL '12 months'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at > '1996-12-31' AND ordered_at < DATEADD(year, 1, '1997-01-01')",
        "SELECT COUNT(*) FROM orders WHERE ordered_at <= LAST_DAY('1997-12-05') AND ordered_at >= DATE('1997-01-01')",
        "SELECT COUNT(*) FROM orders WHERE ordered_at >= DATE('1998-01-01', '-1 year') AND ordered_at < '1998-01-01'",
        "SELECT COUNT(*) FROM orders WHERE NOT ordered_at <> '1997'",
    ],
    "on_one_day": [
        "SELECT COUNT(*) FROM orders WHERE ordered_at = '1997-12-31'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at = DATE '1997-12-31'",
        "SELECT COUNT(*) FROM orders WHERE DATE(ordered_at) = '1997-12-31'",
        "SELECT COUNT(*) FROM orders WHERE ordered_at IN ('1997-12-31', '1890-01-01')",
        "SELECT COUNT(*) FROM orders WHERE ordered_at = DATE_SUB('1998-01-01', INTERVAL 1 DAY)",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%Y-%m-%d', ordered_at) = '1997-12-31'",
    ],
    "in_may": [
        "SELECT COUNT(*) FROM orders WHERE MONTH(ordered_at) = 5",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%m', ordered_at) = 5",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%m', ordered_at) = '5'",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%m', ordered_at) = '05'",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%m', ordered_at) IN (5, 5)",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%m', ordered_at) BETWEEN 5 AND 5",
    ],
    "in_second_quarter": [
        "SELECT COUNT(*) FROM orders WHERE QUARTER(ordered_at) = 2",
        "SELECT COUNT(*) FROM orders WHERE QUARTER(ordered_at) = 'Q2'",
        "SELECT COUNT(*) FROM orders WHERE STRFTIME('%Q', ordered_at) = '2'",
        "SELECT COUNT(*) FROM orders WHERE MONTH(ordered_at) IN (4, 5, 6)",
        "SELECT COUNT(*) FROM orders WHERE MONTH(ordered_at) BETWEEN 4 AND 6",
    ],
}


@pytest.fixture(scope="module")
def oracle(shop_data: dict[str, list[Any]]) -> dict[str, list[tuple[Any, ...]]]:
    """What plain Python says about the rows."""
    rows = shop_data["orders"]
    at = [r[2] for r in rows]
    counted: dict[str, Counter[Any]] = defaultdict(Counter)
    for t in at:
        quarter = (t.month + 2) // 3
        counted["by_year"][(t.year,)] += 1
        counted["by_quarter"][(t.year, quarter)] += 1
        counted["by_quarter_text"][(f"{t.year}-Q{quarter}",)] += 1
        counted["by_month_text"][(f"{t:%Y-%m}",)] += 1
        counted["by_month_start"][(f"{t:%Y-%m}-01",)] += 1
        counted["by_quarter_start"][(f"{t.year}-{quarter * 3 - 2:02d}-01",)] += 1
        counted["by_week_start"][(f"{t - timedelta(days=t.weekday()):%Y-%m-%d}",)] += 1
        counted["by_day"][(f"{t:%Y-%m-%d}",)] += 1
        counted["by_month_name"][(f"{t:%B}",)] += 1
        counted["by_weekday"][((t.weekday() + 1) % 7,)] += 1
    single = {
        "days_to_ship": sum((r[3].date() - r[2].date()).days for r in rows if r[3]),
        "months_since_1996": sum((t.year - 1996) * 12 + t.month - 1 for t in at),
        "in_1997": sum(t.year == 1997 for t in at),
        "on_one_day": 1,
        "in_may": sum(t.month == 5 for t in at),
        "in_second_quarter": sum(4 <= t.month <= 6 for t in at),
    }
    grouped = {name: [(*key, count) for key, count in sorted(found.items())] for name, found in counted.items()}
    return grouped | {name: [(value,)] for name, value in single.items()}


@pytest.mark.parametrize(("answer", "sql"), [(a, q) for a, queries in SAME_AS.items() for q in queries])
def test_each_way_of_asking_gives_the_right_rows(shop: Any, oracle: dict[str, Any], answer: str, sql: str) -> None:
    assert shop.run(sql) == oracle[answer]


SCALAR = [
    ("SELECT IFNULL(NULL, 3)", 3.0),
    ("SELECT ISNULL(NULL, 3)", 3.0),
    ("SELECT NVL(NULL, 3)", 3.0),
    ("SELECT COALESCE(NULL, 3)", 3.0),
    ("SELECT 7 / 2", 3.5),
    ("SELECT COUNT(*) / 8 FROM orders", 7.5),
    ("SELECT CAST(7 AS INTEGER) / CAST(2 AS INTEGER)", 3.5),
    ("SELECT ROUND(AVG(price), 2) FROM products", 8.75),
    ("SELECT ROUND(10.0 / 3, 2)", 3.33),
    ('SELECT ROUND(SUM(discount) / COUNT(*), 3) FROM "order lines" WHERE discount > 5', None),
    ("SELECT IF(1 < 2, 'a', 'b')", "a"),
    ("SELECT IIF(1 > 2, 'a', 'b')", "b"),
    ("SELECT CASE WHEN COUNT(*) > 5 THEN 'many' ELSE 'few' END FROM orders", "many"),
    ("SELECT CONCAT('a', NULL, 'b')", "ab"),
    ("SELECT CONCAT_WS('-', 'a', 'b')", "a-b"),
    ("SELECT LEFT('abcdef', 2)", "ab"),
    ("SELECT RIGHT('abcdef', 2)", "ef"),
    ("SELECT SUBSTRING('abcdef' FROM 2 FOR 3)", "bcd"),
    ("SELECT SUBSTR('abcdef', 2, 3)", "bcd"),
    ("SELECT LPAD('7', 3, '0')", "007"),
    ("SELECT POSITION('c' IN 'abc')", 3.0),
    ("SELECT CHARINDEX('c', 'abc')", 3.0),
    ("SELECT INSTR('abc', 'c')", 3.0),
    ("SELECT LEN('abc')", 3.0),
    ("SELECT UPPER('abc')", "ABC"),
    ("SELECT GREATEST(1, 5, 3)", 5.0),
    ("SELECT LEAST(4, 2)", 2.0),
    ("SELECT MOD(7, 4)", 3.0),
    ("SELECT 'a' || 'b'", "ab"),
    ("SELECT 'it''s'", "it's"),
    ("SELECT COUNT(*) FROM customers WHERE name ILIKE 'CUSTOMER%'", 8.0),
    ('SELECT COUNT(*) FROM customers WHERE country = "Germany"', 2.0),
    ("SELECT COUNT(*) FROM customers WHERE vip = TRUE", 4.0),
    ("SELECT COUNT(*) FROM customers WHERE vip", 4.0),
    ("SELECT COUNTIF(status = 'paid') FROM orders", 20.0),
    ("SELECT COUNT(*) FILTER (WHERE status = 'paid') FROM orders", 20.0),
    ("SELECT CAST('12' AS SIGNED)", 12.0),
    ("SELECT CONVERT(INT, '12')", 12.0),
    ("SELECT CAST(2.0 AS DECIMAL(10, 2))", 2.0),
    ("SELECT EOMONTH('1997-02-03')", "1997-02-28"),
    ("SELECT ADD_MONTHS('1997-02-03', 2)", "1997-04-03"),
    ("SELECT DATE_ADD('1997-01-31', INTERVAL 2 DAY)", "1997-02-02"),
    ("SELECT DATE '1997-01-10' - INTERVAL '1 week'", "1997-01-03"),
    ("SELECT DATE '1997-01-10' + 5", "1997-01-15"),
    ("SELECT DATEADD(quarter, 1, '1997-01-10')", "1997-04-10"),
    ("SELECT DATEDIFF(year, '1995-12-31', '1997-01-01')", 2.0),
    ("SELECT DATEDIFF(quarter, '1996-12-31', '1997-04-01')", 2.0),
    ("SELECT DATEDIFF(hour, '1997-01-01 10:00:00', '1997-01-01 13:30:00')", 3.0),
    ("SELECT DATE_TRUNC('hour', CAST('1997-01-01 10:20:30' AS TIMESTAMP))", "1997-01-01T10:00:00"),
    ("SELECT STRFTIME('%d.%m.%y', '1997-02-03')", "03.02.97"),
    ("SELECT DATE_FORMAT('1997-02-03', '%b %e')", "Feb 03"),
    ("SELECT WEEKDAY('1997-02-03')", 0.0),
    ("SELECT EXTRACT(DOY FROM DATE '1997-02-03')", 34.0),
    ("SELECT \"Amount\" FROM Targets WHERE Region = '中国' AND Year = 1996", 4000.0),
    ("SELECT amount FROM targets WHERE REGION = 'USA' and YEAR = 1997", 3000.0),
    ("SELECT STDDEV(price) FROM products", 4.6771),
    ("SELECT VARIANCE(price) FROM products", 21.875),
    (
        "SELECT COUNT(*) FROM orders WHERE NOW() > ordered_at AND GETDATE() > ordered_at AND TODAY() > ordered_at",
        60.0,
    ),
    ("SELECT COUNT(*) FROM orders WHERE ordered_at > CURRENT_DATE - INTERVAL '7 days'", 0.0),
]


@pytest.mark.parametrize(("sql", "expected"), SCALAR)
def test_foreign_expressions_mean_the_same_everywhere(shop: Any, sql: str, expected: Any) -> None:
    assert shop.run(sql) == [(expected,)]


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT TOP 3 id FROM orders ORDER BY id", 3),
        ("SELECT id FROM orders ORDER BY id LIMIT 5, 2", 2),
        ("SELECT id FROM orders ORDER BY id FETCH FIRST 4 ROWS ONLY", 4),
        ("SELECT `id` FROM `orders` LIMIT 1", 1),
        ("SELECT [id] FROM [order lines], orders WHERE orders.id = [order lines].[order_id] LIMIT 6", 6),
        ("```sql\nSELECT id FROM orders LIMIT 2;\n```", 2),
        ("SELECT id，name FROM customers；", 8),
    ],
)
def test_foreign_limits_and_quotes(shop: Any, sql: str, count: int) -> None:
    assert len(shop.run(sql)) == count


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT STRFTIME('%Z', ordered_at) FROM orders",
        "SELECT DATE_TRUNC('century', ordered_at) FROM orders",
        "SELECT EXTRACT(century FROM ordered_at) FROM orders",
        "SELECT DATEDIFF(dow, ordered_at, shipped_at) FROM orders",
    ],
)
def test_what_sqlite_cannot_say_is_refused_in_words(shop_sqlite: Any, sql: str) -> None:
    with pytest.raises(RetryableToolError) as caught:
        shop_sqlite.run(sql)
    assert caught.value.hint
