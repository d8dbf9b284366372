"""SQLite opened so that it cannot write: read-only file, query_only, an authorizer, and limits in the library.

Four fences stand behind each other because each has gaps: ``mode=ro`` does not stop ATTACH, ``query_only`` can be
switched off by a PRAGMA, and an authorizer does not bound memory or time.
Sources: https://www.sqlite.org/c3ref/set_authorizer.html, https://www.sqlite.org/limits.html,
https://www.sqlite.org/security.html.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import sqlalchemy as sa

from clawdbot.errors import ConfigError, RetryableToolError, TerminalToolError, ToolError
from clawdbot.tools.database.functions import SQLITE_FUNCTIONS
from clawdbot.tools.database.rows import Limits, RawRows, collect

VALUE_BYTES = 64_000_000
"""Longest text or blob that SQLite may make: large enough to read a 10 MB cell, small enough to hold."""
HEAP_BYTES = 1 << 30
"""Hard limit of SQLite's own memory.  It holds for the whole process, which is why it is generous."""
_BUSY_SECONDS = 5.0
_OPCODES_BETWEEN_CHECKS = 20_000
_BOUNDS = {
    sqlite3.SQLITE_LIMIT_LENGTH: VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 200_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 300,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 64,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class SQLiteEngine:
    """One SQLite file.  Every query has its own connection, so threads never share one."""

    dialect: Literal["sqlite", "postgres"] = "sqlite"

    def __init__(self, *, name: str, url: sa.URL) -> None:
        self.name = name
        self._path = _existing_file(name, url)
        self._readable: frozenset[str] = frozenset()
        self._views: frozenset[str] = frozenset()
        self._existing: frozenset[str] = frozenset()
        self.alchemy = sa.create_engine("sqlite://", creator=self._open, poolclass=sa.NullPool)

    def allow(self, *, tables: frozenset[str], views: frozenset[str], existing: frozenset[str]) -> None:
        """Name what queries may read; through ``views`` (all of the file's) they may read further."""
        self._readable = frozenset(t.lower() for t in tables)
        self._views = frozenset(v.lower() for v in views)
        self._existing = frozenset(t.lower() for t in existing)

    def execute(self, sql: str, limits: Limits) -> RawRows:
        """Run one statement under the authorizer and the limits."""
        with self.session(limits.seconds, guarded=True) as connection:
            cursor = connection.execute(sql)
            return collect([d[0] for d in cursor.description or ()], cursor, limits)

    @contextmanager
    def session(self, seconds: float, *, guarded: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection that gives up after ``seconds``; errors come out as tool errors."""
        try:
            with closing(self._open()) as connection:
                deadline = time.monotonic() + seconds
                connection.execute(f"PRAGMA busy_timeout = {int(min(seconds, _BUSY_SECONDS) * 1000)}")
                connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _OPCODES_BETWEEN_CHECKS)
                if guarded:
                    for limit, value in _BOUNDS.items():
                        connection.setlimit(limit, value)
                    connection.set_authorizer(self._authorize)
                yield connection
        except (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, UnicodeError) as error:
            raise _explained(error, seconds) from error

    def close(self) -> None:
        """Release what the engine holds."""
        self.alchemy.dispose()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=ro", uri=True, check_same_thread=False, timeout=_BUSY_SECONDS
        )
        connection.text_factory = _decoded
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA hard_heap_limit = {HEAP_BYTES}")
        return connection

    def _authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, source: str | None
    ) -> int:
        """SQLite asks this for everything that a statement would do; ``source`` is the view it does it for."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in SQLITE_FUNCTIONS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            table = (first or "").lower()
            if table in self._readable:
                return sqlite3.SQLITE_OK
            if table.startswith(("sqlite_", "pragma_")):
                return sqlite3.SQLITE_DENY
            through_view = (source or "").lower() in self._views
            whole_subquery = not second and table not in self._existing  # count(*) over a WITH name
            if through_view or whole_subquery:
                return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _existing_file(name: str, url: sa.URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise ConfigError(f"Database {name!r} names no file.", hint="Write the url as sqlite:///path/to/file.sqlite")
    path = Path(url.database.removeprefix("file:")).expanduser().absolute()
    if not path.is_file():
        raise ConfigError(
            f"Database {name!r}: there is no file {str(path)!r}.",
            hint=f"Correct url in [databases.{name}]; an absolute path has four slashes, sqlite:////data/file.sqlite",
        )
    with path.open("rb") as file:
        head = file.read(16)
    if head and head != b"SQLite format 3\0":
        raise ConfigError(f"Database {name!r}: {str(path)!r} is not an SQLite database.", hint="Correct its url.")
    return path


def _explained(error: Exception, seconds: float) -> ToolError:
    text = str(error)
    if "interrupted" in text:
        return RetryableToolError(
            f"The query was stopped after {seconds:g} s.", hint="Filter to fewer rows or join fewer tables."
        )
    if isinstance(error, MemoryError) or "too big" in text:
        return RetryableToolError("The query makes values that are too large.", hint="Select fewer or shorter values.")
    if "prohibited" in text or "not authorized" in text:
        return RetryableToolError(f"Not allowed: {text}.", hint="Read only the configured tables.")
    if "malformed" in text or "not a database" in text or "unable to open" in text or "disk I/O" in text:
        return TerminalToolError(f"The database cannot be read: {text}.", hint="A person must check the file.")
    if "locked" in text or "busy" in text:
        return RetryableToolError(f"The database is busy: {text}.", hint="Try the same query again.")
    return RetryableToolError(f"SQLite refused the query: {text}.", hint="Correct the SQL.")
