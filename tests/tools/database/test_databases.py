"""Databases open read-only, say what is wrong without the password, and describe themselves."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from clawdbot.config import Config, DatabaseConfig
from clawdbot.errors import ClawdbotError, ConfigError, RetryableToolError, TerminalToolError
from clawdbot.tools.database.catalog import ColumnSchema, TableSchema
from clawdbot.tools.database.databases import Databases


def _databases(url: str, **options: Any) -> Databases:
    return Databases(Config(databases={"main": DatabaseConfig(url=url, **options)}))


def _sqlite(path: Path, *statements: str) -> Databases:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return _databases(f"sqlite:///{path}")


def _table(databases: Databases, name: str) -> TableSchema:
    table = databases.catalog("main").table(name)
    assert table is not None
    return table


def _column(databases: Databases, table: str, name: str) -> ColumnSchema:
    column = _table(databases, table).column(name)
    assert column is not None
    return column


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("sqlite:////nowhere/missing.sqlite", ["there is no file '/nowhere/missing.sqlite'", "[databases.main]"]),
        ("sqlite://", ["names no file"]),
        ("mysql://root@host/db", ["unknown dialect 'mysql'", "sqlite:///"]),
        ("postgre://root@host/db", ["Did you mean 'postgresql'"]),
        ("postgresql+asyncpg://root@host/db", ["asyncpg"]),
        ("not a url", ["not a database URL"]),
        ("postgresql://u:{password}@host/db", ["{password}", "password_env"]),
    ],
)
def test_a_wrong_url_is_told_with_its_cure(url: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        _databases(url).catalog("main")
    for part in parts:
        assert part in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("these are only notes, nothing else")
    with pytest.raises(ConfigError, match="not an SQLite database"):
        _databases(f"sqlite:///{path}").catalog("main")


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "damaged.sqlite"
    _sqlite(path, "CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES ('x')")
    data = bytearray(path.read_bytes())
    data[100:300] = os.urandom(200)
    path.write_bytes(bytes(data))
    with pytest.raises(TerminalToolError, match="cannot be read"):
        _databases(f"sqlite:///{path}").catalog("main")


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(TerminalToolError) as caught:
        _databases("postgresql://me:geheim@127.0.0.1:1/db").catalog("main")
    assert caught.value.code == "database_unreachable"
    assert "127.0.0.1:1" in str(caught.value) and "geheim" not in str(caught.value)


def test_a_wrong_password_is_told_and_never_shown(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        data = connection.execute("SHOW hba_file").fetchone()
        assert data is not None
        hba = Path(data[0])
        before = hba.read_text()
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'right'")
        connection.execute("GRANT SELECT ON orders TO reader")
        hba.write_text("local all reader scram-sha-256\nhost all reader all scram-sha-256\n" + before)
        connection.execute("SELECT pg_reload_conf()")
        try:
            url = postgres_url.replace("postgres:@", "reader@", 1)
            monkeypatch.setenv("SHOP_PASSWORD", "wr@ng")
            with pytest.raises(TerminalToolError) as caught:
                _databases(url, password_env="SHOP_PASSWORD").catalog("main")
            assert caught.value.code == "database_login"
            assert "reader" in str(caught.value) and "wr@ng" not in str(caught.value)
            secret = tmp_path / "secret"
            secret.write_text("right\n")
            databases = _databases(url, password_file=secret, tables=("orders",))
            assert databases.run("main", "SELECT COUNT(*) FROM orders").frame.iloc[0, 0] == 60
            databases.close()
            denied = _databases(url, password_file=secret)
            with pytest.raises(TerminalToolError, match="does not permit"):
                denied.run("main", "SELECT COUNT(*) FROM secrets")
            denied.close()
        finally:
            hba.write_text(before)
            connection.execute("SELECT pg_reload_conf()")


def test_a_password_that_is_not_given_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NOT_SET_ANYWHERE is not set"):
        _databases("postgresql://u@h/d", password_env="NOT_SET_ANYWHERE").catalog("main")
    with pytest.raises(ConfigError, match="password_file cannot be read"):
        _databases("postgresql://u@h/d", password_file=tmp_path / "none").catalog("main")


def test_an_unknown_table_in_the_configuration_is_told(shop: Any) -> None:
    databases = _databases(shop.url, tables=("ordrs",))
    with pytest.raises(ConfigError, match="Did you mean 'orders'"):
        databases.catalog("main")
    databases.close()


def test_an_unknown_database_is_told(shop_sqlite: Any) -> None:
    with pytest.raises(RetryableToolError, match="Configured databases: shop"):
        shop_sqlite.databases.catalog("other")


def test_the_catalogue_is_the_same_from_both(shop_sqlite: Any, shop_postgres: Any) -> None:
    one, two = shop_sqlite.databases.catalog("shop"), shop_postgres.databases.catalog("shop")
    assert [t.name for t in one.tables] == [t.name for t in two.tables]
    assert "secrets" not in [t.name for t in one.tables]
    for left, right in zip(one.tables, two.tables, strict=True):
        assert (left.rows, left.foreign_keys) == (right.rows, right.foreign_keys)
        for a, b in zip(left.columns, right.columns, strict=True):
            assert (a.name, a.kind, a.primary_key, a.unique) == (b.name, b.kind, b.primary_key, b.unique)
            assert a.minimum == b.minimum or a.kind == "number"
    assert one.date_column == two.date_column == "orders.ordered_at"


def test_the_catalogue_knows_values_kinds_and_ranges(shop: Any) -> None:
    catalog = shop.databases.catalog("shop")
    orders = catalog.table("orders")
    assert orders is not None and orders.rows == 60
    columns = {c.name: c for c in orders.columns}
    assert columns["status"].values == ("open", "paid", "shipped") and columns["status"].distinct == 3
    assert (columns["ordered_at"].minimum, columns["ordered_at"].maximum) == ("1996-07-12", "1998-04-22")
    assert (columns["id"].minimum, columns["id"].maximum, columns["id"].unique) == ("1", "60", True)
    assert {k.ref_table for k in orders.foreign_keys} == {"customers"}
    customers = catalog.table("customers")
    assert customers is not None
    assert {c.name: c.kind for c in customers.columns} == {
        "id": "integer", "name": "text", "country": "text", "city": "text", "joined": "date", "vip": "boolean",
    }  # fmt: skip


def test_kinds_come_from_the_values_where_sqlite_declares_little(tmp_path: Path) -> None:
    databases = _sqlite(
        tmp_path / "loose.sqlite",
        "CREATE TABLE t (day TEXT, stamp TEXT, mixed DATE, amount TEXT, money MONEY, flag BOOLEAN, b BLOB, x)",
        "INSERT INTO t VALUES ('1997-01-02', '1997-01-02 03:04', 'soon', 5, 1.5, 1, x'00', 'word')",
        "INSERT INTO t VALUES ('1997-01-03', '1997-01-02 03:05:06', '1997-01-01', 7, 2, 0, x'01', NULL)",
        "CREATE VIEW v AS SELECT day, amount * 2 AS twice FROM t",
    )
    kinds = {c.name: c.kind for c in _table(databases, "t").columns}
    assert kinds == {
        "day": "date", "stamp": "datetime", "mixed": "text", "amount": "text", "money": "number", "flag": "boolean",
        "b": "binary", "x": "text",
    }  # fmt: skip
    view = _table(databases, "v")
    assert view.is_view and [c.kind for c in view.columns] == ["date", "integer"]
    assert databases.run("main", "SELECT twice FROM v ORDER BY day").frame["twice"].tolist() == [10, 14]


def test_foreign_keys_are_guessed_where_none_are_declared(tmp_path: Path) -> None:
    databases = _sqlite(
        tmp_path / "bare.sqlite",
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE Categories (CategoryID INTEGER PRIMARY KEY, Name TEXT)",
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, customer_id INTEGER, CategoryID INTEGER, paid_id INTEGER)",
    )
    keys = {(k.columns, k.ref_table, k.ref_columns) for k in _table(databases, "sales").foreign_keys}
    assert keys == {(("customer_id",), "customers", ("id",)), (("CategoryID",), "Categories", ("CategoryID",))}


def test_a_slow_or_broken_view_does_not_hide_the_rest(tmp_path: Path) -> None:
    databases = _sqlite(
        tmp_path / "views.sqlite",
        "CREATE TABLE t (a INTEGER PRIMARY KEY)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) SELECT i FROM n",
        "CREATE VIEW slow AS SELECT COUNT(*) AS n FROM t a, t b, t c, t d",
        "CREATE VIEW fine AS SELECT a FROM t",
    )
    assert _table(databases, "slow").rows == 0
    assert _table(databases, "fine").rows == 400


def test_many_names_of_one_value_space(tmp_path: Path) -> None:
    """Names with quotes, spaces, keywords and Chinese letters work from the catalogue to the result."""
    databases = _sqlite(
        tmp_path / "names.sqlite",
        'CREATE TABLE "销售 数据" ("金额" REAL, "order" TEXT, "a""b" INTEGER, "日期" TEXT)',
        """INSERT INTO "销售 数据" VALUES (1.5, 'x', 3, '2024-05-01'), (2.5, 'y', 4, '2024-05-02')""",
    )
    sql = 'SELECT SUM(金额) AS 合计, MAX("order") AS o, SUM("a""b") FROM 销售数据 WHERE 日期 = \'2024-05\''
    assert databases.run("main", sql).frame.iloc[0].tolist() == [4.0, "y", 7]


def test_values_become_honest_types(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP TABLE IF EXISTS kinds")
        connection.execute(
            "CREATE TABLE kinds (n NUMERIC, big NUMERIC, d DATE, t TIMESTAMPTZ, i INTERVAL, u UUID, j JSON,"
            " a INTEGER[], b BYTEA, f BOOLEAN, gap INTEGER, ti TIME)"
        )
        connection.execute(
            "INSERT INTO kinds VALUES (1.25, 1e30, '1997-01-02', '1997-01-02 12:00+02', '36 hours',"
            " '00000000-0000-0000-0000-000000000001', '{\"a\": 1}', '{1,2}', '\\x0001', true, 1, '10:00'),"
            " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
    databases = _databases(postgres_url, tables=("kinds",))
    frame = databases.run("main", "SELECT * FROM kinds").frame
    databases.close()
    row = frame.iloc[0].to_dict()
    assert (row["n"], row["big"], row["b"], row["i"]) == (1.25, 1e30, "<2 bytes>", "1.5 days")
    assert row["t"] == pd.Timestamp("1997-01-02 10:00") and row["d"] == pd.Timestamp("1997-01-02")
    assert row["u"].endswith("0001") and row["ti"] == "10:00:00"
    assert str(frame["gap"].dtype) == "Int64" and str(frame["f"].dtype) == "boolean"


def test_dates_that_no_calendar_has_stay_text(tmp_path: Path) -> None:
    databases = _sqlite(
        tmp_path / "odd.sqlite", "CREATE TABLE t (d TEXT)", "INSERT INTO t VALUES ('0000-00-00'), ('1997-02-30')"
    )
    assert databases.run("main", "SELECT d FROM t").frame["d"].tolist() == ["0000-00-00", "1997-02-30"]


def test_limits_of_rows_and_bytes(shop: Any) -> None:
    databases = Databases(
        Config(databases={"shop": DatabaseConfig(url=shop.url, tables=("orders",), max_rows=50, max_bytes=1000)})
    )
    few = databases.run("shop", "SELECT id FROM orders", max_rows=7)
    assert (len(few.frame), few.truncated) == (7, True)
    capped = databases.run("shop", "SELECT id FROM orders", max_rows=500)
    assert (len(capped.frame), capped.truncated) == (50, True)
    bytes_ = databases.run("shop", "SELECT o.* FROM orders o")
    assert bytes_.truncated and 0 < len(bytes_.frame) < 50 and "larger than 1000 bytes" in bytes_.notes[0]
    exact = databases.run("shop", "SELECT id FROM orders LIMIT 7", max_rows=7)
    assert (len(exact.frame), exact.truncated) == (7, False)
    databases.close()


def test_threads_share_the_service(shop: Any) -> None:
    databases = Databases(Config(databases={"shop": DatabaseConfig(url=shop.url, tables=("orders",))}))
    counts: list[int] = []
    problems: list[ClawdbotError] = []

    def ask() -> None:
        try:
            counts.append(int(str(databases.run("shop", "SELECT COUNT(*) FROM orders").frame.iloc[0, 0])))
        except ClawdbotError as error:
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    databases.close()
    assert (counts, problems) == ([60] * 12, [])
    assert databases.run("shop", "SELECT COUNT(*) FROM orders").frame.iloc[0, 0] == 60
    databases.close()


def test_a_database_in_wal_mode_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "live.sqlite"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (a INTEGER)")
    writer.execute("INSERT INTO t VALUES (1)")
    writer.commit()
    databases = _databases(f"sqlite:///{path}")
    assert databases.run("main", "SELECT COUNT(*) FROM t").frame.iloc[0, 0] == 1
    writer.execute("INSERT INTO t VALUES (2)")
    writer.commit()
    assert databases.run("main", "SELECT COUNT(*) FROM t").frame.iloc[0, 0] == 2
    writer.close()
    assert databases.run("main", "SELECT COUNT(*) FROM t").frame.iloc[0, 0] == 2


def test_a_locked_database_asks_to_try_again(tmp_path: Path) -> None:
    path = tmp_path / "locked.sqlite"
    databases = _sqlite(path, "CREATE TABLE t (a INTEGER)")
    databases.catalog("main")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RetryableToolError, match="busy"):
        databases.run("main", "SELECT COUNT(*) FROM t", timeout_s=0.2)
    holder.execute("ROLLBACK")
    holder.close()


def test_northwind_is_described(northwind: Path) -> None:
    databases = _databases(f"sqlite:///{northwind}")
    catalog = databases.catalog("main")
    assert catalog.date_column == "Orders.OrderDate"
    orders = _table(databases, "Orders")
    assert orders.rows == 830 and len(orders.foreign_keys) == 3
    assert _column(databases, "Employees", "HireDate").kind == "date"
    assert _column(databases, "Orders", "OrderDate").minimum == "1996-07-04"
    frame = databases.run("main", "SELECT QUARTER(OrderDate) q, SUM(Freight) f FROM Orders GROUP BY q ORDER BY q").frame
    assert frame["q"].tolist() == [1, 2, 3, 4] and round(frame["f"].sum(), 2) == 64942.69
    assert isinstance(databases.run("main", "SELECT MIN(OrderDate) d FROM Orders").frame["d"][0], dt.datetime)
