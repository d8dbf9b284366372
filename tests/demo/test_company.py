"""The sample company: the same for everybody, whole, and with the faults that real tables have."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from clawdbot.demo.checks import expected_sales
from clawdbot.demo.company import CREDIT_LIMITS, build_company


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("company") / "company.sqlite"
    build_company(path)
    return path


@pytest.fixture
def company(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database)) as connection:
        yield connection


def one(connection: sqlite3.Connection, sql: str) -> float:
    (found,) = connection.execute(sql).fetchone()
    return float(found or 0)


def test_the_same_seed_gives_the_same_bytes(database: Path, tmp_path: Path) -> None:
    build_company(tmp_path / "again.sqlite")
    assert (tmp_path / "again.sqlite").read_bytes() == database.read_bytes()
    build_company(tmp_path / "again.sqlite", seed=7)
    assert (tmp_path / "again.sqlite").read_bytes() != database.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["again.sqlite"]


@pytest.mark.parametrize(
    ("table", "least", "most"),
    [
        ("regions", 6, 6), ("categories", 8, 8), ("products", 60, 60), ("customers", 400, 400),
        ("orders", 20_000, 20_000), ("order_lines", 50_000, 60_000), ("salespeople", 24, 24), ("sales_targets", 72, 72),
    ],
)  # fmt: skip
def test_it_has_the_size_of_a_real_company(company: sqlite3.Connection, table: str, least: int, most: int) -> None:
    assert least <= one(company, f"SELECT COUNT(*) FROM {table}") <= most


def test_references_and_dates_hold(company: sqlite3.Connection) -> None:
    assert company.execute("PRAGMA foreign_key_check").fetchall() == []
    assert company.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert company.execute("SELECT MIN(order_date), MAX(order_date) FROM orders").fetchone() == (
        "2024-01-01",
        "2026-10-31",
    )
    for table, column in (("orders", "order_date"), ("invoices", "due_on"), ("payments", "paid_on")):
        assert one(company, f"SELECT COUNT(*) FROM {table} WHERE date({column}) IS NOT {column}") == 0
    assert one(company, "SELECT COUNT(*) FROM orders WHERE shipped_date < order_date") == 0
    assert one(company, "SELECT COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id"
                        " WHERE o.order_date < c.customer_since OR o.region_id <> c.region_id") == 0  # fmt: skip


def test_the_books_agree_with_each_other(company: sqlite3.Connection) -> None:
    differing = one(company, """
        SELECT COUNT(*) FROM invoices i WHERE ABS(i.amount - (
            SELECT SUM(quantity * unit_price * (1 - discount)) FROM order_lines WHERE order_id = i.order_id)) > 0.011
    """)  # fmt: skip
    assert differing == 0
    assert one(company, "SELECT COUNT(*) FROM invoices JOIN orders ON orders.id = order_id"
                        " WHERE shipped_date IS NULL OR orders.status = 'cancelled'") == 0  # fmt: skip
    wrongly_paid = one(company, """
        SELECT COUNT(*) FROM invoices i LEFT JOIN (SELECT invoice_id, SUM(amount) AS paid FROM payments GROUP BY 1) p
        ON p.invoice_id = i.id WHERE (i.status = 'paid') <> (COALESCE(p.paid, 0) >= i.amount - 0.001)
    """)  # fmt: skip
    assert wrongly_paid == 0
    assert one(company, "SELECT COUNT(*) FROM invoices WHERE status = 'overdue' AND due_on >= '2026-10-31'") == 0
    assert {s for (s,) in company.execute("SELECT DISTINCT status FROM invoices")} == {"paid", "open", "overdue"}


def test_it_grows_and_has_a_season(company: sqlite3.Connection) -> None:
    by_year = dict(company.execute("SELECT substr(order_date, 1, 4), COUNT(*) FROM orders GROUP BY 1"))
    assert by_year["2024"] < by_year["2025"]
    by_month = dict(company.execute("SELECT substr(order_date, 1, 7), COUNT(*) FROM orders GROUP BY 1"))
    assert len(by_month) == 34
    assert by_month["2025-02"] == min(n for month, n in by_month.items() if month.startswith("2025"))
    assert by_month["2025-11"] > by_month["2025-10"]


def test_it_has_the_faults_of_real_tables(company: sqlite3.Connection) -> None:
    assert 10 <= one(company, "SELECT COUNT(*) FROM customers WHERE email IS NULL") <= 50
    twins = company.execute("SELECT COUNT(DISTINCT city) FROM customers GROUP BY name HAVING COUNT(*) > 1").fetchall()
    assert len(twins) >= 5 and all(cities == 2 for (cities,) in twins)
    statuses = {s for (s,) in company.execute("SELECT DISTINCT status FROM orders")}
    assert statuses == {"processing", "shipped", "completed", "cancelled", "returned"}


def test_credit_limits_are_those_of_the_policy_in_force(company: sqlite3.Connection, root: Path) -> None:
    assert dict(company.execute("SELECT DISTINCT grade, credit_limit FROM customers")) == CREDIT_LIMITS
    policy = (root / "src/clawdbot/demo/documents/credit-policy-2026.md").read_text("utf-8")
    for grade, limit in CREDIT_LIMITS.items():
        assert f"| {grade} | {limit:,.0f} 元" in policy


def test_the_expected_sales_are_the_sums_of_the_lines(database: Path, company: sqlite3.Connection) -> None:
    found = expected_sales(database, date(2026, 7, 1), date(2026, 10, 1))
    assert {s.name_zh for s in found.values()} == {"华北", "华东", "华南", "华中", "西南", "西北"}
    assert [s.revenue for s in found.values()] == sorted((s.revenue for s in found.values()), reverse=True)
    total = one(company, "SELECT SUM(quantity * unit_price * (1 - discount)) FROM order_lines WHERE order_id IN"
                         " (SELECT id FROM orders WHERE order_date BETWEEN '2026-07-01' AND '2026-09-30')")  # fmt: skip
    assert sum(s.revenue for s in found.values()) == pytest.approx(total)
    targets = one(company, "SELECT SUM(target_amount) FROM sales_targets WHERE year = 2026 AND quarter = 3")
    assert 0.8 < total / targets < 1.25
    assert expected_sales(database, date(2030, 1, 1), date(2030, 4, 1)) == {}
