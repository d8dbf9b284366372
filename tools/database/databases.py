"""The configured databases as one service: catalogues, guarded queries and values for grounding."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from clawdbot.config import Config, DatabaseConfig
from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, ValueHit
from clawdbot.tools.database.engine import Engine, open_engine
from clawdbot.tools.database.frames import to_frame
from clawdbot.tools.database.guard import GuardedSql, guard
from clawdbot.tools.database.reflection import reflect, schema_stamp
from clawdbot.tools.database.rows import Limits, RawRows
from clawdbot.tools.database.values import ValueIndex

T = TypeVar("T")
_REMEMBERED = 64


@dataclass(frozen=True, kw_only=True)
class QueryResult:
    """Rows of a query: ``sql`` as it was executed, ``truncated`` when more rows exist, ``ms`` milliseconds."""

    frame: pd.DataFrame
    sql: str
    truncated: bool
    ms: float
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Opened:
    """One database: opened, reflected and indexed at most once, when first asked."""

    def __init__(self, name: str, config: DatabaseConfig) -> None:
        self.name, self.config = name, config
        self.lock = threading.RLock()
        self.engine: Engine | None = None
        self.catalog: Catalog | None = None
        self.values: ValueIndex | None = None
        self.stamp = ""
        """Of the schema that the catalogue was read from; empty until somebody asks if it has changed."""


class Databases:
    """Shared by all runs and threads; connections open when a database is first used."""

    def __init__(self, config: Config) -> None:
        self._memory: dict[str, Any] = {}
        self._memory_lock = threading.Lock()
        self._entries = {name: _Opened(name, database) for name, database in config.databases.items()}

    def names(self) -> tuple[str, ...]:
        """Configured databases, in the order of the configuration."""
        return tuple(self._entries)

    def catalog(self, name: str) -> Catalog:
        """What the database holds; read once.  ConfigError or TerminalToolError when it cannot be opened."""
        return self._ready(name)[1]

    def current_catalog(self, name: str) -> Catalog:
        """The catalogue as the schema is now: read again when tables, columns, types or keys have changed since.

        What is remembered of the database is forgotten then.
        """
        engine, _ = self._ready(name)
        entry = self._entries[name]
        with entry.lock:
            stamp = schema_stamp(engine)
            if stamp != entry.stamp:
                entry.catalog = entry.values = None
                entry.stamp = stamp
                with self._memory_lock:
                    self._memory.clear()
        return self.catalog(name)

    def run(self, name: str, sql: str, *, max_rows: int | None = None, timeout_s: float | None = None) -> QueryResult:
        """Guard one statement and run it; a configured limit can be lowered here, never raised.

        RetryableToolError when the guard or the database refuses it.
        """
        engine, catalog = self._ready(name)
        config = self._entries[name].config
        limits = Limits(
            rows=min(config.max_rows, max_rows or config.max_rows),
            bytes=config.max_bytes,
            seconds=min(config.timeout_s, timeout_s or config.timeout_s),
        )
        guarded = guard(sql, catalog, max_rows=limits.rows)
        started = time.perf_counter()
        raw = engine.execute(guarded.bounded, limits)
        ms = (time.perf_counter() - started) * 1000
        return QueryResult(
            frame=to_frame(raw),
            sql=guarded.sql,
            truncated=raw.truncated,
            ms=ms,
            tables=guarded.tables,
            notes=(*guarded.notes, *raw.notes),
        )

    def guarded(self, name: str, sql: str) -> GuardedSql:
        """The statement as :meth:`run` would run it, not run; RetryableToolError when the guard refuses it."""
        _, catalog = self._ready(name)
        return guard(sql, catalog, max_rows=self._entries[name].config.max_rows)

    def whole_rows(self, name: str, sql: str, *, cell_chars: int) -> RawRows:
        """Guard one statement and run it within the configured limits; cells are cut at ``cell_chars`` only."""
        engine, catalog = self._ready(name)
        config = self._entries[name].config
        limits = Limits(rows=config.max_rows, bytes=config.max_bytes, seconds=config.timeout_s, cell_chars=cell_chars)
        return engine.execute(guard(sql, catalog, max_rows=limits.rows).bounded, limits)

    def find_values(self, name: str, text: str) -> tuple[ValueHit, ...]:
        """Values of short text columns that ``text`` mentions, longest mention first."""
        return self.values(name).find(text)

    def values(self, name: str) -> ValueIndex:
        """The index of short text values; built once."""
        engine, catalog = self._ready(name)
        entry = self._entries[name]
        with entry.lock:
            if entry.values is None:
                entry.values = ValueIndex.build(engine, catalog)
            return entry.values

    def remembered(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` gave for ``key`` before, else what it gives now; the oldest are forgotten."""
        with self._memory_lock:
            if key in self._memory:
                found: T = self._memory[key]
                return found
        made = make()
        with self._memory_lock:
            self._memory[key] = made
            while len(self._memory) > _REMEMBERED:
                del self._memory[next(iter(self._memory))]
        return made

    def close(self) -> None:
        """Close all connections; a database opens again when it is used again."""
        for entry in self._entries.values():
            with entry.lock:
                if entry.engine is not None:
                    entry.engine.close()
                entry.engine = entry.catalog = entry.values = None
                entry.stamp = ""
        with self._memory_lock:
            self._memory.clear()

    def _ready(self, name: str) -> tuple[Engine, Catalog]:
        entry = self._entries.get(name)
        if entry is None:
            known = ", ".join(self._entries) or "none"
            raise RetryableToolError(f"There is no database {name!r}.", hint=f"Configured databases: {known}.")
        with entry.lock:
            if entry.engine is None:
                entry.engine = open_engine(name, entry.config)
            if entry.catalog is None:
                entry.catalog = reflect(entry.engine, entry.config)
            return entry.engine, entry.catalog
