"""Rows as documents."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from clawdbot.config import SourceConfig
from clawdbot.errors import ConfigError, KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.sql import SqlSource

QUERY = "SELECT * FROM notes"


class Table:
    """Rows that can change between two listings; stands for a database's reader."""

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self.rows = list(rows)

    def __call__(self, database: str, query: str) -> Iterator[Mapping[str, Any]]:
        assert (database, query) == ("shop", QUERY)
        return iter(self.rows)


def source(table: Table, **settings: Any) -> SqlSource:
    more = {"template": "{{ body }}", "key": "id", **settings}
    return SqlSource("notes", SourceConfig(kind="sql", database="shop", query=QUERY, **more), rows=table)


def text(place: SqlSource, name: str) -> str:
    item = next(item for item in place.items() if item.name == name)
    with place.fetch(item) as path:
        assert path.suffix == ".md"
        return path.read_text("utf-8")


def test_a_row_is_a_document() -> None:
    table = Table({"id": 7, "body": "正文", "title": "信用\n额度"}, {"id": "b/8", "body": None, "title": None})
    place = source(table, title="title")
    first, second = place.items()
    assert (first.name, first.uri) == ("7", "sql:shop?id=7") and second.name == "b/8"
    assert text(place, "7") == "# 信用 额度\n\n正文\n"
    assert text(place, "b/8") == "# b/8\n\n\n"
    assert (place.name, place.config.kind) == ("notes", "sql")


def test_titles_and_texts_are_templates() -> None:
    row = {"id": 1, "when": datetime.datetime(2026, 8, 3, 10, 0), "items": ["a", "b"], "body": "x"}
    place = source(
        Table(row),
        title="Note of {{ when }}",
        template="{% for each in row_items %}{% endfor %}{{ body | upper }}".replace("row_items", "[]"),
    )
    assert text(place, "1") == "# Note of 2026-08-03 10:00:00\n\nX\n"


def test_the_fingerprint_is_the_text() -> None:
    table = Table({"id": 1, "body": "one", "seen": 1})
    place = source(table)
    (before,) = place.items()
    table.rows = [{"id": 1, "body": "one", "seen": 2}]
    assert list(place.items()) == [before]
    table.rows = [{"id": 1, "body": "two", "seen": 2}]
    (after,) = place.items()
    assert after.fingerprint != before.fingerprint
    table.rows = []
    assert list(place.items()) == []
    with pytest.raises(LoadFailed, match="not there any more"), place.fetch(after):
        pass


def test_a_row_can_be_fetched_without_listing_first() -> None:
    table = Table({"id": 1, "body": "one"})
    (item,) = source(table).items()
    with source(table).fetch(item) as path:
        assert "one" in path.read_text("utf-8")


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_row_without_a_key(key: object) -> None:
    with pytest.raises(KnowledgeError, match=r"a row has no id.*WHERE id IS NOT NULL"):
        list(source(Table({"id": key, "body": "x"})).items())


def test_keys_must_be_unique() -> None:
    with pytest.raises(KnowledgeError, match="two rows have the id '1'"):
        list(source(Table({"id": 1, "body": "x"}, {"id": "1", "body": "y"})).items())


def test_columns_that_are_not_there() -> None:
    table = Table({"id": 1, "body": "x"})
    with pytest.raises(KnowledgeError, match=r"no column 'no'.*It gives: id, body"):
        list(source(table, key="no").items())
    for more in ({"template": "{{ text }}"}, {"title": "{{ text }}"}):
        with pytest.raises(KnowledgeError, match=r"'text' is undefined.*The columns are: id, body"):
            list(source(table, **more).items())


def test_templates_are_in_a_sandbox() -> None:
    """Jinja2's own: attributes that lead to the interpreter are not there."""
    table = Table({"id": 1, "body": "{{ 7 * 7 }}"})
    assert "{{ 7 * 7 }}" in text(source(table), "1"), "what stands in a row is never a template"
    with pytest.raises(KnowledgeError, match="unsafe"):
        list(source(table, template="{{ body.__class__.__mro__ }}").items())
    with pytest.raises(KnowledgeError, match="ZeroDivisionError"):
        list(source(table, template="{{ 1 / 0 }}").items())


def test_a_template_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"\[knowledge.sources.notes\] template is no Jinja2 template"):
        source(Table(), template="{{ body")
