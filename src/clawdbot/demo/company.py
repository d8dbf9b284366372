"""Yuanhang Trading (远航贸易), a company that does not exist: its database, from a fixed seed by rules of our own.

Office supplies sold to companies in six regions of China from 2024-01-01 to 2026-10-31: about 20,000 orders with
a season, growth, returns, cancellations, invoices that are paid late, and the small faults that real tables have.
The same seed gives the same bytes (with the same release of SQLite).
"""

from __future__ import annotations

import random
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from clawdbot.demo.trade import FIRST_DAY, LAST_DAY, Customer, Product, Trade

SEED = 20241
CUSTOMERS = 400
ORDERS = 20_000
TODAY = date(2026, 11, 2)
"""The day that the demo takes as today: 'last quarter' is 2026 Q3 and 'last month' is October, both whole."""

CREDIT_LIMITS = {"A": 500_000.0, "B": 200_000.0, "C": 80_000.0, "D": 0.0}
"""CNY by grade, as in the credit policy in force (documents/credit-policy-2026.md)."""

_SALES_PER_REGION = 4
_SAME_NAME = 8
_NO_EMAIL = 0.06


def build_company(path: Path, *, seed: int = SEED) -> None:
    """Write the database to ``path`` in one transaction; an existing file is replaced only when all is done."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    data = files("clawdbot.demo") / "data"
    names = tomllib.loads((data / "names.toml").read_text("utf-8"))
    with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
        # The file is thrown away when anything goes wrong, so nothing needs to be safe half-way.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript((data / "company.sql").read_text("utf-8"))
        connection.execute("BEGIN")
        _fill(connection, names, random.Random(seed))
        connection.execute("COMMIT")
    partial.replace(path)


def _fill(connection: sqlite3.Connection, names: dict[str, Any], rng: random.Random) -> None:
    regions = names["regions"]
    _insert(connection, "regions", ((n, r["name"], r["name_zh"]) for n, r in enumerate(regions, 1)))
    categories = names["categories"]
    _insert(connection, "categories", ((n, c["name"], c["name_zh"]) for n, c in enumerate(categories, 1)))
    products = list(_products(categories, rng))
    _insert(connection, "products", (row for row, _ in products))
    _insert(connection, "salespeople", _salespeople(regions, names["people"], rng))
    customers = list(_customers(regions, names, rng))
    _insert(connection, "customers", (row for row, _ in customers))
    trade = Trade(
        products=[p for _, p in products], customers=[c for _, c in customers], regions=len(regions),
        sales_per_region=_SALES_PER_REGION, rng=rng,
    )  # fmt: skip
    books = trade.run(ORDERS)
    _insert(connection, "orders", books.orders)
    _insert(connection, "order_lines", books.lines)
    _insert(connection, "sales_targets", books.targets)
    _insert(connection, "invoices", books.invoices)
    _insert(connection, "payments", books.payments)


def _insert(connection: sqlite3.Connection, table: str, rows: Any) -> None:
    kept = list(rows)
    marks = ", ".join("?" * len(kept[0]))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", kept)


def _products(categories: list[dict[str, Any]], rng: random.Random) -> Iterator[tuple[tuple[Any, ...], Product]]:
    number = 0
    for category_id, category in enumerate(categories, 1):
        for name, name_zh, price in category["products"]:
            number += 1
            cost = round(price * rng.uniform(0.58, 0.78), 2)
            level = 20 if price > 1000 else 200
            stock = int(level * rng.uniform(0.4, 4.0))
            discontinued = int(number % 23 == 0)
            row = (number, category_id, name, name_zh, price, cost, stock, level, discontinued)
            weight = category["share"] * price**-0.3 * rng.uniform(0.6, 1.5)
            yield row, Product(number=number, price=price, cost=cost, weight=weight)


def _salespeople(
    regions: list[dict[str, Any]], people: dict[str, Any], rng: random.Random
) -> Iterator[tuple[Any, ...]]:
    pairs = [(surname, given) for surname in people["surnames"] for given in people["given"]]
    rng.shuffle(pairs)
    for number in range(1, len(regions) * _SALES_PER_REGION + 1):
        surname, given = pairs[number]
        name = f"{given[0]} {surname[0]}"
        address = f"{given[0]}.{surname[0]}@yuanhang.example.com".lower()
        hired = FIRST_DAY - timedelta(days=rng.randrange(30, 3000))
        region_id = (number - 1) // _SALES_PER_REGION + 1
        yield number, name, surname[1] + given[1], region_id, address, hired.isoformat()


def _customers(
    regions: list[dict[str, Any]], names: dict[str, Any], rng: random.Random
) -> Iterator[tuple[tuple[Any, ...], Customer]]:
    words = names["companies"]
    titles = [(first, trade) for first in words["first"] for trade in words["trade"]]
    rng.shuffle(titles)
    titles = titles[: CUSTOMERS - _SAME_NAME] + titles[:_SAME_NAME]
    for number, (first, trade) in enumerate(titles, 1):
        region_id = rng.choices(range(1, len(regions) + 1), [r["weight"] for r in regions])[0]
        city, city_zh = rng.choice(regions[region_id - 1]["cities"])
        if number > CUSTOMERS - _SAME_NAME:
            # Far from their namesakes, who were drawn by weight: the last city of a region.
            city, city_zh = regions[region_id - 1]["cities"][-1]
        surname, given = rng.choice(names["people"]["surnames"]), rng.choice(names["people"]["given"])
        email = f"{given[0]}.{surname[0]}@{first[0]}-{trade[0]}.example.com".lower()
        grade = rng.choices("ABCD", [15, 35, 35, 15])[0]
        newcomer = rng.random() < 0.15
        since = (
            FIRST_DAY + timedelta(days=rng.randrange(30, (LAST_DAY - FIRST_DAY).days - 60))
            if newcomer
            else FIRST_DAY - timedelta(days=rng.randrange(1, 2000))
        )
        row = (
            number, f"{first[0]} {trade[0]} {words['form'][0]}", f"{first[1]}{trade[1]}{words['form'][1]}",
            city, city_zh, region_id, f"{given[0]} {surname[0]}", None if rng.random() < _NO_EMAIL else email, grade,
            CREDIT_LIMITS[grade], since.isoformat(),
        )  # fmt: skip
        weight = min(rng.paretovariate(1.4), 12.0) * {"A": 2.0, "B": 1.2, "C": 0.8, "D": 0.4}[grade]
        yield row, Customer(number=number, region_id=region_id, grade=grade, since=since, weight=weight)
