"""A ledger of an older version gets the tables that came later, and keeps what it holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import inspect, text

from clawdbot.store.database import Database
from clawdbot.store.ledger import RunLedger
from clawdbot.store.tables import SCHEMA_VERSION, metadata


def test_a_ledger_of_the_first_version_gets_the_tables_of_the_library(ledger_url: str) -> None:
    ledger = RunLedger(ledger_url)
    ledger.create_run(goal="g", language="en", run_id="first")
    ledger.close()
    older = Database(ledger_url)
    later = [table for table in metadata.sorted_tables if table.name.startswith("knowledge_")]
    with older.write() as connection:
        metadata.drop_all(connection, tables=later)
        connection.execute(text("UPDATE clawdbot_meta SET value = '1' WHERE key = 'version'"))
    older.close()
    with ThreadPoolExecutor(3) as starts:
        opened = list(starts.map(lambda _: Database(ledger_url), range(3)))
    with opened[0].read() as connection:
        assert {table.name for table in later} <= set(inspect(connection).get_table_names())
        version = connection.scalar(text("SELECT value FROM clawdbot_meta WHERE key = 'version'"))
        assert version == str(SCHEMA_VERSION)
    for database in opened:
        database.close()
    ledger = RunLedger(ledger_url)
    assert ledger.get_run("first").goal == "g"
    ledger.close()


def test_the_size_of_a_database_is_known(ledger_url: str) -> None:
    database = Database(ledger_url)
    assert database.bytes_on_disk > 50_000
    database.close()
