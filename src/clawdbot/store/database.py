"""Opening the ledger's database, and turning what goes wrong into a sentence.

SQLite runs in WAL mode with ``synchronous=NORMAL``: a killed process loses nothing, a power cut at most the last
transactions.  Those that fence an effect ask for ``durable`` and are on the disk before the effect happens.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clawdbot.config import Config
from clawdbot.errors import MissingExtra, StoreError
from clawdbot.store import plain_json
from clawdbot.store.tables import SCHEMA_VERSION, meta
from clawdbot.store.upgrade import make_tables

_VERSION = select(meta.c.value).where(meta.c.key == "version")

_PAUSES_S = (0.001, 0.01)
"""Shortest and longest pause of a writer that waits: about as long as a transaction takes."""

_CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("locked", "busy"), "is in use by another program", "Wait for it to end, or stop it, and try again."),
    (("not a database", "malformed", "encrypted"), "is damaged or is no database",
     "Move the file away to begin a new ledger, or put a backup in its place; the runs' folders are not touched."),
    (("disk is full", "disk i/o error", "no space", "file too large"), "cannot be written: the disk is full or failing",
     "Free some space and try again."),
    (("readonly", "read-only", "unable to open", "permission denied", "not a directory", "file exists"),
     "cannot be written",
     "Check the permissions, or choose another place with [app] home or [store] url."),
)  # fmt: skip


def now() -> str:
    """This moment, as the ledger writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Database:
    """One ledger database with its tables made; ``read`` and ``write`` give transactions.

    Everything raised by the database or the file system comes out as StoreError.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = 10.0) -> None:
        self._engine, self._shown = _engine(url, busy_timeout_s)
        self._joined = threading.local()
        with self._sentences():
            _ensure_tables(self._engine, self._shown)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it never waits for a writer on SQLite."""
        if (joined := self._open_one()) is not None:
            yield joined
            return
        with self._sentences(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction that writes; with ``durable`` it is on the disk when it ends."""
        if (joined := self._open_one()) is not None:
            assert not durable, "what must be on the disk at once is not put off to the end of others"
            yield joined
            return
        engine = self._engine.execution_options(clawdbot_write=True, clawdbot_durable=durable)
        with self._sentences(), engine.begin() as connection:
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread reads and writes in the block is one transaction, which costs about as much as one write."""
        with self.write() as connection:
            self._joined.connection = connection
            try:
                yield
            finally:
                del self._joined.connection

    def _open_one(self) -> Connection | None:
        """The connection of the block :meth:`together` that this thread is in."""
        return getattr(self._joined, "connection", None)

    @property
    def bytes_on_disk(self) -> int:
        """What the whole database takes: the file and its log on SQLite, the named database on PostgreSQL."""
        with self.read() as connection:
            if connection.dialect.name == "postgresql":
                return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
        files = (Path(f"{self._shown}{suffix}") for suffix in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Give back the connections; the object must not be used afterwards."""
        self._engine.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error, self._shown) from error


def ledger_url(config: Config) -> str:
    """The database that the configuration names: ``[store] url``, else ``clawdbot.db`` in ``[app] home``."""
    return config.store.url or sqlite_url(config.app.home / "clawdbot.db")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def _engine(url: str, busy_timeout_s: float) -> tuple[Engine, str]:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(
                f"[store] url is for {parsed.get_backend_name()!r}.", hint="Use a sqlite:/// or postgresql:// URL."
            )
        shown = parsed.database or "" if parsed.get_backend_name() == "sqlite" else parsed.render_as_string()
        engine = create_engine(parsed, json_serializer=plain_json.dumps, pool_pre_ping=parsed.host is not None)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError("[store] url is not a database URL.", hint="For example sqlite:////path/ledger.db.") from error
    except ModuleNotFoundError as error:
        raise MissingExtra("A run ledger in PostgreSQL", extra="postgres") from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, shown, busy_timeout_s)
    return engine, shown


def _prepare_sqlite(engine: Engine, file: str, busy_timeout_s: float) -> None:
    try:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # goals and results are nobody else's business
    except OSError as error:
        raise _store_error(error, file) from error

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        _write_ahead(connection, time.monotonic() + busy_timeout_s)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what was deleted cannot be read out of the file

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("clawdbot_write"):
            connection.exec_driver_sql("BEGIN")
            return
        level = "FULL" if options.get("clawdbot_durable") else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        _begin_writing(connection, busy_timeout_s)


def _begin_writing(connection: Connection, patience_s: float) -> None:
    """Wait for the one writer's turn, asking at random moments.

    SQLite's own waiting asks ever more rarely, so that newcomers overtake whoever waits longest, for ever when many do.
    """
    until = time.monotonic() + patience_s
    driver = _driver(connection)
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    break
            time.sleep(random.uniform(*_PAUSES_S))
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last time, with its error told as every other
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(patience_s * 1000)}")


def _write_ahead(connection: sqlite3.Connection, until: float) -> None:
    """WAL mode; SQLite itself does not wait when two first connections change the mode of a new file at once."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _ensure_tables(engine: Engine, shown: str) -> None:
    with engine.begin() as connection:
        known = engine.dialect.has_table(connection, meta.name)
        version = connection.scalar(_VERSION) if known else None
    if version is None or int(version) < SCHEMA_VERSION:
        version = _upgraded(engine)
    if int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"The run ledger {shown!r} was written by a newer Clawdbot (format {version}, this one knows up to "
            f"{SCHEMA_VERSION}).",
            hint="Upgrade Clawdbot, or choose another ledger with [store] url.",
        )


def _upgraded(engine: Engine) -> str:
    """Make what is missing and alter what changed, in one transaction; returns the ledger's version after it."""
    with engine.execution_options(clawdbot_write=True).connect() as connection:
        lite = connection.dialect.name == "sqlite"
        if lite:  # it alters a table by copying it; the switch works outside of transactions alone
            _driver(connection).execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                return _make_tables(connection)
        finally:
            if lite:
                _driver(connection).execute("PRAGMA foreign_keys=ON")


def _make_tables(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":  # two first starts at once
        connection.execute(text("SELECT pg_advisory_xact_lock(7263001)"))
    meta.create(connection, checkfirst=True)
    version: str | None = connection.scalar(_VERSION)
    if version is not None and int(version) >= SCHEMA_VERSION:  # another process was first
        return version
    make_tables(connection, None if version is None else int(version))
    if version is None:
        connection.execute(meta.insert().values(key="version", value=str(SCHEMA_VERSION)))
    else:
        connection.execute(update(meta).where(meta.c.key == "version").values(value=str(SCHEMA_VERSION)))
    return str(SCHEMA_VERSION)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _store_error(error: SQLAlchemyError | OSError, shown: str) -> StoreError:
    origin = error.orig if isinstance(error, DBAPIError) else error
    said = " ".join(str(origin).split("\n", 1)[0].split())
    low = said.lower()
    for marks, what, hint in _CAUSES:
        if any(mark in low for mark in marks):
            return StoreError(f"The run ledger {shown!r} {what} ({said}).", hint=hint)
    if isinstance(error, PoolTimeout):
        return StoreError(f"All connections to the run ledger {shown!r} are in use.", hint="Try again in a moment.")
    return StoreError(f"The run ledger {shown!r} cannot be used: {said}.", hint="Check [store] url.")
