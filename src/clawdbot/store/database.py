"""Opening the ledger's database, and turning what goes wrong into a sentence.

SQLite runs in WAL mode with ``synchronous=NORMAL``: a killed process loses nothing, a power cut at most the last
transactions.  Those that fence an effect ask for ``durable`` and are on the disk before the effect happens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clawdbot.errors import MissingExtra, StoreError
from clawdbot.store import plain_json
from clawdbot.store.tables import SCHEMA_VERSION, meta, metadata

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
        with self._sentences():
            _ensure_tables(self._engine, self._shown)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it never waits for a writer on SQLite."""
        with self._sentences(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction that writes; with ``durable`` it is on the disk when it ends."""
        engine = self._engine.execution_options(clawdbot_write=True, clawdbot_durable=durable)
        with self._sentences(), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give back the connections; the object must not be used afterwards."""
        self._engine.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error, self._shown) from error


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
        for pragma in (f"busy_timeout={int(busy_timeout_s * 1000)}", "journal_mode=WAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("clawdbot_write"):
            connection.exec_driver_sql("BEGIN")
            return
        level = "FULL" if options.get("clawdbot_durable") else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _ensure_tables(engine: Engine, shown: str) -> None:
    with engine.begin() as connection:
        known = engine.dialect.has_table(connection, meta.name)
        version = connection.scalar(select(meta.c.value).where(meta.c.key == "version")) if known else None
    if version is None:
        with engine.execution_options(clawdbot_write=True).begin() as connection:
            if engine.dialect.name == "postgresql":  # two first starts at once
                connection.execute(text("SELECT pg_advisory_xact_lock(7263001)"))
            metadata.create_all(connection)
            version = connection.scalar(select(meta.c.value).where(meta.c.key == "version"))
            if version is None:
                connection.execute(meta.insert().values(key="version", value=str(SCHEMA_VERSION)))
                version = str(SCHEMA_VERSION)
    if int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"The run ledger {shown!r} was written by a newer Clawdbot (format {version}, this one knows up to "
            f"{SCHEMA_VERSION}).",
            hint="Upgrade Clawdbot, or choose another ledger with [store] url.",
        )


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
