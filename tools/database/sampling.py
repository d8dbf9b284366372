"""What the rows of a table say about its columns, found with few and bounded statements."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from clawdbot.errors import ToolError
from clawdbot.tools.database.catalog import ColumnKind, ColumnSchema, TableSchema
from clawdbot.tools.database.engine import Engine
from clawdbot.tools.database.frames import ISO

FEW = 40
"""A text column with at most this many distinct values has them all in the catalogue."""
_SAMPLE = 400
_SCAN = 100_000
_COUNTED = 2_000_000
_VIEW_ROWS = 50_000
_SECONDS_TABLE = 2.0
_SECONDS_VIEW = 0.4


class Sampler:
    """Profiles tables through an engine's own read-only sessions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Any = None

    def profile(self, table: TableSchema, *, views_only: bool) -> TableSchema:
        """The table with row count, real kinds, values and ranges; what takes too long is left unknown."""
        small = not table.is_view or views_only
        found = [table]
        seconds = _SECONDS_TABLE if small else _SECONDS_VIEW
        # a slow or broken view must not hide the rest of the database
        with suppress(ToolError), self._engine.session(seconds) as self._session:
            self._look(found, small)
        return found[-1]

    def _look(self, found: list[TableSchema], small: bool) -> None:
        """Append what is known after each statement, so that a time limit loses only the rest."""
        table = found[-1]
        sample = self._rows(table)
        columns = tuple(_with_kind(c, [r[i] for r in sample]) for i, c in enumerate(table.columns))
        found.append(replace(table, columns=columns))
        found.append(replace(found[-1], rows=self._count(found[-1])))
        if not small and found[-1].rows > _VIEW_ROWS:
            return
        found.append(replace(found[-1], columns=self._ranges(found[-1])))
        table = found[-1]
        values = tuple(self._values(table, c, [r[i] for r in sample]) for i, c in enumerate(table.columns))
        found.append(replace(table, columns=values))

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._session.execute(sql).fetchall()
        return rows

    def _rows(self, table: TableSchema) -> list[tuple[Any, ...]]:
        parts = []
        for column in table.columns:
            name = quoted(column.name)
            if column.kind == "binary":
                parts.append("NULL")
            elif self._engine.dialect == "sqlite":
                is_long = f"typeof({name}) IN ('text', 'blob')"
                parts.append(f"CASE WHEN {is_long} THEN substr({name}, 1, 200) ELSE {name} END")
            else:
                parts.append(f"substr(CAST({name} AS TEXT), 1, 200)" if column.kind == "text" else name)
        return self._fetch(f"SELECT {', '.join(parts)} FROM {quoted(table.name)} LIMIT {_SAMPLE}")

    def _count(self, table: TableSchema) -> int:
        if self._engine.dialect == "postgres" and not table.is_view:
            guess = self._fetch(
                f"SELECT reltuples::bigint FROM pg_class WHERE oid = {_literal(quoted(table.name))}::regclass"
            )
            if guess and guess[0][0] > _COUNTED:
                return int(guess[0][0])
        name = quoted(table.name)
        (count,) = self._fetch(f"SELECT COUNT(*) FROM (SELECT 1 FROM {name} LIMIT {_COUNTED + 1}) AS t")[0]
        keys = [c for c in table.columns if c.primary_key and c.unique and c.kind == "integer"]
        if count > _COUNTED and keys:  # keys are given in order, so that the last one tells about how many there are
            (count,) = self._fetch(f"SELECT MAX({quoted(keys[0].name)}) FROM {name}")[0]
        return int(count)

    def _ranges(self, table: TableSchema) -> tuple[ColumnSchema, ...]:
        wanted = [c for c in table.columns if c.is_number or c.is_time]
        if not wanted or not table.rows:
            return table.columns
        parts = [f"MIN({quoted(c.name)}), MAX({quoted(c.name)})" for c in wanted]
        source = quoted(table.name)
        if table.rows > _COUNTED:
            source = f"(SELECT * FROM {source} LIMIT {_SCAN}) AS t"
        row = self._fetch(f"SELECT {', '.join(parts)} FROM {source}")[0]
        bounds = {c.name: (row[2 * i], row[2 * i + 1]) for i, c in enumerate(wanted)}
        return tuple(
            replace(c, minimum=_bound(c, bounds[c.name][0]), maximum=_bound(c, bounds[c.name][1]))
            if c.name in bounds
            else c
            for c in table.columns
        )

    def _values(self, table: TableSchema, column: ColumnSchema, sample: Sequence[Any]) -> ColumnSchema:
        if column.unique and table.rows <= _COUNTED:
            column = replace(column, distinct=table.rows)
        if column.kind not in ("text", "boolean") or not _may_be_few(sample):
            return column
        name, cast = quoted(column.name), f"CAST({quoted(column.name)} AS TEXT)"
        rows = self._fetch(
            f"SELECT DISTINCT {cast} FROM (SELECT {name} FROM {quoted(table.name)} WHERE {name} IS NOT NULL"
            f" LIMIT {_SCAN}) AS t LIMIT {FEW + 1}"
        )
        if len(rows) > FEW:
            return column
        values = tuple(sorted(str(r[0]) for r in rows))
        return replace(column, values=values, distinct=len(values))


def quoted(name: str) -> str:
    """An identifier in double quotes, as both dialects take it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _may_be_few(sample: Sequence[Any]) -> bool:
    texts = [str(v) for v in sample if v is not None]
    if not texts or len(set(texts)) > FEW:
        return False
    return sum(map(len, texts)) / len(texts) <= 60


def _bound(column: ColumnSchema, value: Any) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text[:10] if column.is_time else text


def _with_kind(column: ColumnSchema, sample: Sequence[Any]) -> ColumnSchema:
    """SQLite keeps any value in any column: the values decide, the declared type only without any."""
    present = [v for v in sample if v is not None]
    if not present or column.kind in ("binary", "boolean"):
        return column
    return replace(column, kind=_kind_of(present, column.kind))


def _kind_of(present: Sequence[Any], declared: ColumnKind) -> ColumnKind:
    kinds = {type(v) for v in present}
    if kinds == {str}:
        if all(ISO.fullmatch(v) for v in present):
            return "date" if all(len(v) == 10 for v in present) else "datetime"
        return "text"
    if declared in ("text", "date", "datetime") and kinds <= {int, float}:
        return "integer" if kinds == {int} else "number"
    if bytes in kinds and kinds != {bytes}:
        return "text"
    return "binary" if kinds == {bytes} else declared
