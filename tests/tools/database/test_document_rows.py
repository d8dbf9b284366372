"""Rows as documents need them: all or an error."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import Config, DatabaseConfig, SourceConfig
from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.sources.sql import SqlSource
from clawdbot.tools.database import document_rows as module
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.document_rows import document_rows


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, data BLOB)")
        connection.executemany("INSERT INTO notes (body) VALUES (?)", [("信用 " * 20_000,), ("short",), (None,)])
        connection.execute("CREATE TABLE pay (amount INTEGER)")
    return path


def rows(shop: Path, query: str, **settings: Any) -> list[dict[str, Any]]:
    database = DatabaseConfig(url=f"sqlite:///{shop}", tables=("notes",), **settings)
    databases = Databases(Config(databases={"shop": database}))
    try:
        return [dict(row) for row in document_rows(databases)("shop", query)]
    finally:
        databases.close()


def test_rows_are_whole(shop: Path) -> None:
    found = rows(shop, "SELECT id, body FROM notes ORDER BY id")
    assert [row["id"] for row in found] == [1, 2, 3]
    assert len(found[0]["body"]) == 60_000 and found[2]["body"] is None


def test_too_many_rows_are_an_error_and_not_fewer_rows(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KnowledgeError, match=r"Raise max_rows .* 2 rows fitted"):
        rows(shop, "SELECT id FROM notes", max_rows=2)
    monkeypatch.setattr(module, "CELL_CHARS", 1000)
    with pytest.raises(KnowledgeError, match="are not whole"):
        rows(shop, "SELECT body FROM notes")


@pytest.mark.parametrize("query", ["DELETE FROM notes", "SELECT amount FROM pay", "SELECT nope FROM notes"])
def test_the_guard_holds(shop: Path, query: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        rows(shop, query)
    assert caught.value.hint


def test_an_unknown_database_names_the_known_ones(shop: Path) -> None:
    databases = Databases(Config(databases={"shop": DatabaseConfig(url=f"sqlite:///{shop}")}))
    config = SourceConfig(kind="sql", database="shopp", query="SELECT 1", template="x", key="id")
    with pytest.raises(KnowledgeError, match=r"no database 'shopp'.*shop"):
        list(SqlSource("notes", config, rows=document_rows(databases)).items())
    databases.close()
