"""Statements that would run for ever or fill the memory are stopped, and mixtures of words and texts do no harm."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.config import Config, DatabaseConfig
from clawdbot.errors import ClawdbotError, RetryableToolError
from clawdbot.tools.database.databases import Databases

BOMBS = [
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT COUNT(*) FROM t",
    "WITH RECURSIVE t(n) AS (SELECT 'x' UNION ALL SELECT n || n FROM t) SELECT MAX(LENGTH(n)) FROM t",
    "SELECT COUNT(*) FROM orders a, orders b, orders c, orders d, orders e, orders f",
    "SELECT COUNT(DISTINCT a.id * b.id * c.id * d.id * e.id) FROM orders a, orders b, orders c, orders d, orders e",
    "SELECT MAX(a.id) FROM orders a, orders b, orders c, orders d, orders e GROUP BY a.id * b.id * c.id * d.id * e.id",
    "SELECT LENGTH(GROUP_CONCAT(a.status || b.status)) FROM orders a, orders b, orders c, orders d, orders e",
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_run_for_ever_is_stopped(shop: Any, bomb: str) -> None:
    with pytest.raises(RetryableToolError) as caught:
        shop.databases.run("shop", bomb, timeout_s=0.3)
    assert "stopped after 0.3 s" in str(caught.value) or "too large" in str(caught.value)
    assert shop.run("SELECT COUNT(*) FROM orders") == [(60.0,)]


@pytest.mark.parametrize(
    "bomb",
    [
        "SELECT PRINTF('%1000000000d', 1)",
        "SELECT " + "REPLACE(" * 9 + "'aaaaaaaaaa'" + ", 'a', 'aaaaaaaaaa')" * 9,
        "SELECT LENGTH(" + "REPLACE(" * 9 + "'aaaaaaaaaa'" + ", 'a', 'aaaaaaaaaa')" * 9 + ")",
        "SELECT PRINTF('%s%s%s', PRINTF('%60000000d', 1), PRINTF('%60000000d', 1), PRINTF('%60000000d', 1))",
    ],
)
def test_values_that_would_fill_the_memory_are_not_made(fenced: Any, bomb: str) -> None:
    try:
        rows = fenced.run(bomb)
    except RetryableToolError as error:
        assert "too large" in error.message
    else:
        assert all(value is None or len(str(value)) < 30_000 for row in rows for value in row)


def test_a_huge_cell_is_cut_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "huge.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, picture BLOB)")
        connection.execute("INSERT INTO notes VALUES (1, ?, ?)", ("é" * 10_000_000, b"\x00" * 5000))
    connection.close()
    databases = Databases(Config(databases={"huge": DatabaseConfig(url=f"sqlite:///{path}")}))
    result = databases.run("huge", "SELECT * FROM notes")
    (body,), (picture,) = result.frame["body"], result.frame["picture"]
    assert len(body) < 21_000 and body.endswith("[cut, 10000000 characters]")
    assert picture == "<5000 bytes>"
    assert result.notes == ("1 cells longer than 20000 characters were cut",)


_WORDS = """SELECT FROM WHERE orders customers secrets id token name * ( ) , ; ' " ` [ ] -- /* */ = < > + - || 1 'x' "x"
    UNION ALL WITH RECURSIVE t AS AS( DELETE INSERT INTO UPDATE SET DROP TABLE PRAGMA ATTACH COUNT( SUM( strftime(
    load_extension( pg_sleep( randomblob( GROUP BY ORDER LIMIT 10 JOIN ON USING(id) CASE WHEN THEN END IN NOT EXISTS
    NULL CAST( AS INTEGER) :: date INTERVAL '1' day OVER( PARTITION FILTER( VALUES ( LATERAL FOR UPDATE RETURNING . ..
    \x00 \u202e \ufeff \u2028 $1 ? :a @a $$ E'\\' x'00' 1e309 -9223372036854775809 \\ % { }"""
_FRAGMENTS = st.sampled_from(_WORDS.split(" "))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_FRAGMENTS, min_size=1, max_size=25), st.booleans())
def test_no_mixture_of_words_does_harm(fenced: Any, words: list[str], select: bool) -> None:
    statement = ("SELECT id, " if select else "") + " ".join(words)
    try:
        result = fenced.databases.run("shop", statement, timeout_s=0.5)
    except ClawdbotError as error:
        assert error.message and error.hint
    else:
        assert "secrets" not in result.tables
        assert "hidden" not in str(result.frame.values.tolist())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_stays_a_text(shop: Any, text: str) -> None:
    """A value inside quotes comes back as it is, whatever it holds, and never becomes a statement."""
    literal = text.replace("'", "''")
    try:
        rows = shop.databases.run("shop", f"SELECT '{literal}' AS value").frame["value"].tolist()
    except RetryableToolError as error:
        assert "\0" in text or any("\ud800" <= c <= "\udfff" for c in text), error
    else:
        assert [str(r)[:10] for r in rows] == [text[:10]] or not text
