"""Words of a goal are linked to values of the database, in Chinese and English."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config import Config, DatabaseConfig
from clawdbot.tools.database.databases import Databases


def _found(databases: Databases, text: str) -> list[tuple[str, str, str, int]]:
    return [(h.mention, f"{h.table}.{h.column}", h.value, h.rows) for h in databases.find_values("main", text)]


def _people(path: Path) -> Databases:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE people (id INTEGER, name TEXT, city TEXT, code TEXT, note TEXT)")
    rows = [
        (1, "Chef Anton's Gumbo Mix", "上海", "UK", "a note " * 30),
        (2, "Gumbo", "上海市浦东新区", "ALFKI", "short"),
        (3, "chain", "Rio de Janeiro", "42", "x"),
        (4, "Chai", "São Paulo", "order", "y"),
    ]
    connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return Databases(Config(databases={"main": DatabaseConfig(url=f"sqlite:///{path}")}))


def test_values_are_found_longest_first(tmp_path: Path) -> None:
    databases = _people(tmp_path / "p.sqlite")
    assert _found(databases, "Sales of chef anton's gumbo mix in rio de janeiro")[:2] == [
        ("chef anton's gumbo mix", "people.name", "Chef Anton's Gumbo Mix", 1),
        ("rio de janeiro", "people.city", "Rio de Janeiro", 1),
    ]
    assert _found(databases, "gumbo please") == [("gumbo", "people.name", "Gumbo", 1)]


def test_chinese_values_are_found_inside_sentences(tmp_path: Path) -> None:
    databases = _people(tmp_path / "p.sqlite")
    assert _found(databases, "统计上海市浦东新区的订单") == [("上海市浦东新区", "people.city", "上海市浦东新区", 1)]
    assert [h[2] for h in _found(databases, "上海去年的销售额，按月")] == ["上海"]


def test_words_that_tell_nothing_are_ignored(tmp_path: Path) -> None:
    databases = _people(tmp_path / "p.sqlite")
    assert _found(databases, "order 42 x y uk chained") == []
    assert _found(databases, "in the UK, ALFKI") == [
        ("ALFKI", "people.code", "ALFKI", 1), ("UK", "people.code", "UK", 1),
    ]  # fmt: skip


def test_both_databases_find_the_same(shop_sqlite: Any, shop_postgres: Any) -> None:
    text = "Customer 3 and product 2 in Germany and 中国, status paid, City 1"
    one = {(h.table, h.column, h.value, h.rows) for h in shop_sqlite.databases.find_values("shop", text)}
    two = {(h.table, h.column, h.value, h.rows) for h in shop_postgres.databases.find_values("shop", text)}
    assert one == two
    assert ("customers", "country", "中国", 2) in one and ("orders", "status", "paid", 20) in one
    assert ("customers", "name", "Customer 3", 1) in one


@given(st.text(max_size=200))
def test_any_text_may_be_asked(shop_sqlite: Any, text: str) -> None:
    for hit in shop_sqlite.databases.find_values("shop", text):
        assert hit.mention in text and hit.rows > 0
