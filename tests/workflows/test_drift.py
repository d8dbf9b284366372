"""What a frozen call stands on, and what is told when it changed; what only grew is no drift."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from clawdbot.config import Config
from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.databases import Databases
from clawdbot.workflows.drift import StandsOn, changes, record_query

SCHEMA = """
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, region_id INTEGER REFERENCES regions (id), amount REAL, status TEXT);
INSERT INTO regions VALUES (1, 'North'), (2, 'South');
INSERT INTO orders VALUES (1, 1, 10.5, 'open'), (2, 2, 4, 'paid'), (3, 1, 7, 'open');
"""
SQL = (
    "SELECT regions.name, SUM(orders.amount) AS amount FROM orders JOIN regions ON regions.id = orders.region_id"
    " WHERE orders.status = 'open' GROUP BY regions.name"
)
Change = Callable[[str], tuple[str, ...]]


class Place:
    """A database, and what a call recorded of it."""

    def __init__(self, folder: Path, **database: object) -> None:
        self.path = folder / "shop.sqlite"
        self.alter(SCHEMA)
        body = {"url": f"sqlite:///{self.path}", "measures": {"owed": {"expression": "orders.amount"}}, **database}
        self.config = Config.model_validate({"databases": {"shop": body}})
        self.databases = Databases(self.config)
        self.stands_on = record_query(
            self.databases, self.config, "shop", SQL, measures=["owed"], values={"orders.status": ["open"]}
        )

    def alter(self, script: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def told(self, config: Config | None = None, language: str = "en") -> tuple[str, ...]:
        chosen = config or self.config
        return changes(self.stands_on, self.databases, chosen, language="zh" if language == "zh" else "en")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_recorded(place: Place) -> None:
    assert place.stands_on.columns == {
        "orders.amount": "number", "orders.region_id": "integer", "orders.status": "text", "regions.id": "integer",
        "regions.name": "text",
    }  # fmt: skip
    assert place.stands_on.keys == {"orders.region_id": "regions.id"}
    assert place.stands_on.values["orders.status"].known == ["open", "paid"]
    assert place.stands_on.fingerprint == place.stands_on.digest()
    assert place.told() == ()
    with pytest.raises(RetryableToolError):
        record_query(place.databases, place.config, "shop", "SELECT nothing FROM orders")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("ALTER TABLE regions RENAME TO areas", "there is no table regions any more"),
        ("ALTER TABLE orders RENAME COLUMN amount TO total", "there is no column orders.amount any more"),
        (
            "CREATE TABLE o (id INTEGER PRIMARY KEY, region_id INTEGER, amount REAL, status TEXT);"
            "INSERT INTO o SELECT * FROM orders; DROP TABLE orders; ALTER TABLE o RENAME TO orders;"
            "CREATE TABLE other (x INTEGER REFERENCES regions (id))",
            "the foreign key orders.region_id -> regions.id is gone",
        ),
        (
            "CREATE TABLE o (id INTEGER PRIMARY KEY, region_id INTEGER REFERENCES regions (id), amount TEXT,"
            " status TEXT);"
            "INSERT INTO o SELECT id, region_id, 'about ' || amount, status FROM orders;"
            "DROP TABLE orders; ALTER TABLE o RENAME TO orders",
            "the column orders.amount was number and is text now",
        ),
        (
            "UPDATE orders SET status = 'unpaid' WHERE status = 'open'",
            "orders.status holds no 'open' any more; new there",
        ),
    ],
)
def test_what_a_call_uses_and_is_not_as_it_was_is_told(place: Place, script: str, said: str) -> None:
    place.alter(script)
    assert said in "; ".join(place.told())


@pytest.mark.parametrize(
    "script",
    [
        "INSERT INTO orders VALUES (4, 2, 1, 'sent'); INSERT INTO regions VALUES (3, 'West')",
        "ALTER TABLE orders ADD COLUMN note TEXT; CREATE TABLE more (id INTEGER)",
        "DELETE FROM orders WHERE status = 'open'",
        "DELETE FROM orders",
    ],
)
def test_what_only_grew_or_has_no_rows_is_no_drift(place: Place, script: str) -> None:
    place.alter(script)
    assert place.told() == ()


def test_another_meaning_of_a_measure_is_told(place: Place) -> None:
    def with_measures(measures: dict[str, object]) -> Config:
        return Config.model_validate({"databases": {"shop": {"url": f"sqlite:///{place.path}", "measures": measures}}})

    other = with_measures({"owed": {"expression": "orders.amount * 2"}})
    assert "the measure owed was 'sum of" in place.told(other)[0]
    assert place.told(with_measures({})) == ("the measure owed is not defined any more",)
    assert place.told(with_measures({}), "zh") == ("指标 owed 没有定义了",)


def test_a_value_of_a_long_column_must_still_be_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    rows = ", ".join(f"({n}, 'Region {n}')" for n in range(10, 200))
    place.alter(f"INSERT INTO regions VALUES {rows}")
    databases = Databases(place.config)
    sql = "SELECT regions.id FROM regions WHERE regions.name = 'North'"
    stands_on = record_query(databases, place.config, "shop", sql, values={"regions.name": ["North"]})
    assert stands_on.values["regions.name"].known == []
    assert changes(stands_on, databases, place.config, language="en") == ()
    place.alter("UPDATE regions SET name = 'Nord' WHERE id = 1")
    assert changes(stands_on, databases, place.config, language="en") == ("regions.name holds no 'North' any more",)


def test_an_edited_record_and_a_database_that_is_gone_are_told(place: Place) -> None:
    edited = place.stands_on.model_copy(update={"columns": {}})
    assert "was edited" in changes(edited, place.databases, place.config, language="en")[0]
    nowhere = StandsOn(database="nowhere", columns={"a.b": "text"}).sealed()
    assert "'nowhere' cannot be used" in changes(nowhere, place.databases, place.config, language="en")[0]
    assert changes(StandsOn(), place.databases, place.config, language="en") == ()
