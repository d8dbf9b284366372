"""What looks wrong in one table, by rules over its columns: counted by the database, with one example each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd
from sqlglot import exp

from clawdbot.tools.database.catalog import Catalog, ColumnSchema, ForeignKey, TableSchema
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.entities import is_identifier, key_columns
from clawdbot.tools.database.lexicon import split_name

Check = Literal[
    "missing", "blanks", "duplicate_key", "duplicate_rows", "orphans", "negative", "range", "no_date", "past", "future"
]

_AMOUNTS = frozenset({
    "quantity", "qty", "price", "amount", "cost", "total", "subtotal", "stock", "level", "units", "weight", "limit",
    "salary", "数量", "单价", "价格", "金额", "成本", "总额", "合计", "库存", "重量", "额度",
})  # fmt: skip
_SHARES = frozenset({"discount", "rate", "share", "percent", "ratio", "折扣", "占比", "比例", "比率", "税率"})
_DATE_WORDS = frozenset({"date", "day", "on", "at", "日期", "时间", "日"})
_LIKE_A_DAY = "____-__-__"
_EXAMPLE = 60


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``rows`` of the table's ``of`` rows fail a check; ``example`` is one of the values, or its row's key."""

    table: str
    column: str
    check: Check
    rows: int
    of: int
    example: str = ""


class Oddities:
    """Asks a database for what looks wrong; dates outside ``earliest`` .. ``latest`` do."""

    def __init__(self, databases: Databases, catalog: Catalog, *, earliest: date, latest: date) -> None:
        self._databases, self._catalog = databases, catalog
        self._earliest, self._latest = earliest.isoformat(), latest.isoformat()

    def of(self, table: TableSchema) -> Iterator[Finding]:
        """The findings of one table, in the order of its columns, then of its keys."""
        dated = self._meant_as_dates(table)
        tests = [t for c in table.columns for t in self._tests(table, c, dated=c.is_time or c.name in dated)]
        counted = [f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS c{n}" for n, (_, _, condition) in enumerate(tests)]
        rows = self._row(f"SELECT COUNT(*) AS n{''.join(', ' + c for c in counted)} FROM {self._q(table.name)}")
        whole = int(rows[0])
        for (check, column, condition), count in zip(tests, rows[1:], strict=True):
            if whole and count:
                example = "" if check == "missing" else self._example(table, column, condition)
                yield Finding(
                    table=table.name, column=column.name, check=check, rows=int(count), of=whole, example=example
                )
        if whole:
            yield from self._doubles(table, whole)
            for key in table.foreign_keys:
                yield from self._orphans(table, key, whole)

    def _meant_as_dates(self, table: TableSchema) -> frozenset[str]:
        """Text columns that are called a date and mostly hold dates: a few others made them text."""
        named = [
            c.name for c in table.columns if c.kind == "text" and split_name(c.name)[-1:] and
            split_name(c.name)[-1] in _DATE_WORDS
        ]  # fmt: skip
        if not named:
            return frozenset()
        dates = (f"SUM(CASE WHEN {self._q(n)} LIKE '{_LIKE_A_DAY}%' THEN 1 ELSE 0 END)" for n in named)
        counts = ", ".join(
            f"{d} AS d{i}, COUNT({self._q(n)}) AS n{i}" for i, (d, n) in enumerate(zip(dates, named, strict=True))
        )
        found = self._row(f"SELECT {counts} FROM {self._q(table.name)}")
        return frozenset(n for i, n in enumerate(named) if 2 * (found[2 * i] or 0) > found[2 * i + 1])

    def _tests(
        self, table: TableSchema, column: ColumnSchema, *, dated: bool
    ) -> Iterator[tuple[Check, ColumnSchema, str]]:
        """Conditions under which a row fails, as SQL."""
        name = self._q(column.name)
        words = set(split_name(column.name))
        if column.kind == "text":
            yield "missing", column, f"{name} IS NULL OR TRIM({name}) = ''"
            yield "blanks", column, f"{name} <> TRIM({name}) AND TRIM({name}) <> ''"
        elif column.nullable or self._catalog.dialect == "sqlite":
            yield "missing", column, f"{name} IS NULL"
        if column.is_number and not is_identifier(table, column):
            if words & _SHARES:
                top = 1 if column.maximum is None or float(column.maximum or 0) <= 1.5 else 100
                yield "range", column, f"{name} < 0 OR {name} > {top}"
            elif words & _AMOUNTS:
                yield "negative", column, f"{name} < 0"
        if dated:
            yield from self._time_tests(column, name)

    def _time_tests(self, column: ColumnSchema, name: str) -> Iterator[tuple[Check, ColumnSchema, str]]:
        day = f"SUBSTR(CAST({name} AS TEXT), 1, 10)"
        if self._catalog.dialect == "sqlite" or not column.is_time:  # it may hold anything
            valid = f"{day} LIKE '{_LIKE_A_DAY}'"
            yield "no_date", column, f"{name} IS NOT NULL AND NOT ({valid})"
            yield "past", column, f"{valid} AND {day} < '{self._earliest}'"
            yield "future", column, f"{valid} AND {day} > '{self._latest}'"
        else:
            yield "past", column, f"{name} < '{self._earliest}'"
            yield "future", column, f"{name} > '{self._latest}'"

    def _doubles(self, table: TableSchema, whole: int) -> Iterator[Finding]:
        """Values of a key that stand in several rows, and rows that are equal but for their key."""
        keys = key_columns(table)
        for names in (keys, *((c,) for c in self._named_like_keys(table))):
            if names:
                yield from self._double(table, names, "duplicate_key", whole)
        rest = tuple(c.name for c in table.columns if c.name not in keys and c.kind != "binary")
        if len(rest) > 1 and len(keys) < 2:  # a key of several columns says what the row is of
            yield from self._double(table, rest, "duplicate_rows", whole)

    def _named_like_keys(self, table: TableSchema) -> list[str]:
        """Columns that seem to tell rows apart though the schema does not say so: only in tables without a key."""
        if key_columns(table):
            return []
        referring = {c for key in table.foreign_keys for c in key.columns}
        own = {"id", *(f"{'_'.join(split_name(table.name))}_id", f"{table.name.lower().rstrip('s')}_id")}
        return [c.name for c in table.columns if c.name.lower() in own and c.name not in referring]

    def _double(self, table: TableSchema, names: tuple[str, ...], check: Check, whole: int) -> Iterator[Finding]:
        columns = ", ".join(self._q(n) for n in names)
        there = " AND ".join(f"{self._q(n)} IS NOT NULL" for n in names) if check == "duplicate_key" else "1 = 1"
        inner = (
            f"SELECT {columns}, COUNT(*) AS n FROM {self._q(table.name)} WHERE {there} GROUP BY {columns} "
            "HAVING COUNT(*) > 1"
        )
        total = self._row(f"SELECT COALESCE(SUM(n - 1), 0) AS n FROM ({inner}) AS doubles")
        if total[0]:
            first = self._row(f"{inner} ORDER BY n DESC, {columns} LIMIT 1")
            label = ", ".join(names) if check == "duplicate_key" else ""
            example = self._cut(", ".join(str(v) for v in first[:-1]))
            yield Finding(table=table.name, column=label, check=check, rows=int(total[0]), of=whole, example=example)

    def _orphans(self, table: TableSchema, key: ForeignKey, whole: int) -> Iterator[Finding]:
        own, other = self._q(table.name), self._q(key.ref_table)
        pairs = list(zip(key.columns, key.ref_columns, strict=False))
        joined = " AND ".join(f"o.{self._q(a)} = r.{self._q(b)}" for a, b in pairs)
        there = " AND ".join(f"o.{self._q(a)} IS NOT NULL" for a, _ in pairs)
        source = (
            f"FROM {own} AS o LEFT JOIN {other} AS r ON {joined} WHERE {there} AND r.{self._q(pairs[0][1])} IS NULL"
        )
        count = self._row(f"SELECT COUNT(*) AS n {source}")
        if count[0]:
            first = self._row(f"SELECT o.{self._q(pairs[0][0])} AS v {source} LIMIT 1")
            yield Finding(
                table=table.name, column=", ".join(key.columns), check="orphans", rows=int(count[0]), of=whole,
                example=self._cut(f"{first[0]} → {key.ref_table}"),
            )  # fmt: skip

    def _example(self, table: TableSchema, column: ColumnSchema, condition: str) -> str:
        name = self._q(column.name)
        found = self._row(f"SELECT {name} AS v FROM {self._q(table.name)} WHERE {condition} LIMIT 1")
        return self._cut(repr(found[0]) if column.kind == "text" else str(found[0]))

    def _row(self, sql: str) -> list[Any]:
        frame = self._databases.run(self._catalog.name, sql, max_rows=1).frame
        return [_plain(value) for value in frame.iloc[0].tolist()]

    def _q(self, name: str) -> str:
        return exp.to_identifier(name, quoted=True).sql(dialect=self._catalog.dialect)

    @staticmethod
    def _cut(text: str) -> str:
        return text if len(text) <= _EXAMPLE else text[: _EXAMPLE - 1] + "…"


def _plain(value: Any) -> Any:
    """A cell as Python has it; a day without a time of midnight."""
    if isinstance(value, pd.Timestamp):
        return value.date() if value == value.normalize() else value
    return value.item() if hasattr(value, "item") else value
