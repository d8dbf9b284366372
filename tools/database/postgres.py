"""PostgreSQL in a read-only transaction with time limits, read through a server-side cursor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
import sqlalchemy as sa
from psycopg import sql as pgsql

from clawdbot.errors import ConfigError, RetryableToolError, TerminalToolError, ToolError
from clawdbot.tools.database.rows import Limits, RawRows, collect

_BATCH = 200
_OPTIONS = "-c default_transaction_read_only=on -c timezone=UTC -c lock_timeout=5000 -c standard_conforming_strings=on"


class PostgresEngine:
    """One PostgreSQL database.  Every query has its own read-only transaction, rolled back at its end."""

    dialect: Literal["sqlite", "postgres"] = "postgres"

    def __init__(self, *, name: str, url: sa.URL) -> None:
        self.name = name
        self._secret = url.password or ""
        self._url = url.set(drivername="postgresql+psycopg")
        options = f"{url.query.get('options', '')} {_OPTIONS}".strip()
        self.alchemy = sa.create_engine(
            self._url,
            pool_pre_ping=True,
            pool_size=2,
            max_overflow=6,
            pool_recycle=600,
            connect_args={"connect_timeout": 10, "options": options, "application_name": "clawdbot"},
        )
        self._schema = "public"
        with self.session(10.0) as connection:
            row = connection.execute("SELECT current_schema()").fetchone()
            self._schema = str(row[0]) if row and row[0] else "public"

    def allow(self, *, tables: frozenset[str], views: frozenset[str], existing: frozenset[str]) -> None:
        """PostgreSQL has its own grants, and the guard names the tables: nothing to keep here."""

    def execute(self, sql: str, limits: Limits) -> RawRows:
        """Run one statement; DECLARE CURSOR accepts nothing but a query."""
        with self.session(limits.seconds) as connection, connection.cursor(name="clawdbot") as cursor:
            cursor.execute(sql.encode())
            columns = [d.name for d in cursor.description or ()]
            return collect(columns, _batches(cursor, limits.rows + 1), limits)

    @contextmanager
    def session(self, seconds: float) -> Iterator[psycopg.Connection[Any]]:
        """A connection in a read-only transaction that gives up after ``seconds``."""
        try:
            with self.alchemy.connect() as connection:
                raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # SQLAlchemy types the DBAPI connection as Any or None
                raw.execute("SET TRANSACTION READ ONLY")
                raw.execute(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
                raw.execute(pgsql.SQL("SET LOCAL search_path TO {}").format(pgsql.Identifier(self._schema)))
                try:
                    yield raw
                finally:
                    if not raw.closed:
                        raw.rollback()
        except sa.exc.OperationalError as error:
            raise self._unreachable(error.orig or error) from None
        except psycopg.Error as error:
            raise self._explained(error, seconds) from None

    def close(self) -> None:
        """Close the pool."""
        self.alchemy.dispose()

    def _unreachable(self, error: BaseException) -> TerminalToolError:
        text = self._scrubbed(error)
        where = f"{self._url.host or 'local socket'}:{self._url.port or 5432}"
        if "password" in text or "authentication" in text:
            hint = f"Check the user name and password_env or password_file in [databases.{self.name}]."
            return TerminalToolError(
                f"Database {self.name!r}: {where} refused the login of {self._url.username!r}.",
                hint=hint,
                code="database_login",
            )
        return TerminalToolError(
            f"Database {self.name!r} at {where} cannot be reached: {text}.",
            hint=f"Check that the server runs and that url in [databases.{self.name}] is right.",
            code="database_unreachable",
        )

    def _explained(self, error: psycopg.Error, seconds: float) -> ToolError:
        text = self._scrubbed(error)
        if isinstance(error, psycopg.errors.QueryCanceled):
            return RetryableToolError(
                f"The query was stopped after {seconds:g} s.", hint="Filter to fewer rows or join fewer tables."
            )
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return TerminalToolError(f"The database does not permit it: {text}.", hint="A person must grant SELECT.")
        if isinstance(error, psycopg.OperationalError):
            return TerminalToolError(f"The connection failed: {text}.", hint="Check the database server.")
        return RetryableToolError(f"PostgreSQL refused the query: {text}.", hint="Correct the SQL.")

    def _scrubbed(self, error: BaseException) -> str:
        """The error's first lines without the password."""
        text = " ".join(str(error).split())[:400].rstrip(".")
        return text.replace(self._secret, "***") if self._secret else text


def postgres_url(name: str, url: sa.URL) -> sa.URL:
    """The same URL for the psycopg driver; ConfigError when it names another driver."""
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ConfigError(
            f"Database {name!r} asks for the driver {url.drivername!r}.", hint="Write the url as postgresql://..."
        )
    return url.set(drivername="postgresql+psycopg")


def _batches(cursor: psycopg.ServerCursor[Any], most: int) -> Iterator[tuple[Any, ...]]:
    size = 20  # the first batch is small because its rows may be wide
    left = most
    while left > 0:
        rows = cursor.fetchmany(min(size, left))
        yield from rows
        if len(rows) < min(size, left):
            return
        left -= len(rows)
        size = _BATCH
