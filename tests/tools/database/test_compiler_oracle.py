"""Random typed queries over random rows equal an oracle that joins in plain Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.tools.database.catalog import Catalog, ColumnKind, ColumnSchema, ForeignKey, TableSchema
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.typed import TypedQuery

CHAIN = ("region", "customer", "purchase order", "line", "product")
"""Each table refers to the one before it, but for the last: a line refers to its product."""
COLUMNS: dict[str, dict[str, ColumnKind]] = {
    "region": {"id": "integer", "code": "text"},
    "customer": {"id": "integer", "region_id": "integer", "segment": "text", "credit": "integer"},
    "purchase order": {"id": "integer", "customer_id": "integer", "day": "date", "fee": "integer"},
    "line": {"id": "integer", "order_id": "integer", "product_id": "integer", "pieces": "integer"},
    "product": {"id": "integer", "kind": "text", "weight": "integer"},
}
KEYS = {
    ("customer", "region_id"): "region",
    ("purchase order", "customer_id"): "customer",
    ("line", "order_id"): "purchase order",
    ("line", "product_id"): "product",
}
NUMBERS = {"customer": "credit", "purchase order": "fee", "line": "pieces", "product": "weight"}
GROUPS = ("region.code", "customer.segment", "product.kind")

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def _table(name: str) -> TableSchema:
    columns = tuple(
        ColumnSchema(name=c, kind=kind, primary_key=c == "id", nullable=c != "id") for c, kind in COLUMNS[name].items()
    )
    keys = tuple(
        ForeignKey(columns=(c,), ref_table=parent, ref_columns=("id",)) for (t, c), parent in KEYS.items() if t == name
    )
    return TableSchema(name=name, columns=columns, foreign_keys=keys, rows=10)


CATALOG = Catalog(
    name="random", dialect="sqlite", tables=tuple(_table(n) for n in CHAIN), date_column="purchase order.day"
)


@st.composite
def row_sets(draw: st.DrawFn) -> Rows:
    rows: Rows = {}
    word = st.sampled_from(["a", "b", "c", None])
    small = st.one_of(st.none(), st.integers(-5, 5))
    for name in ("region", "product", "customer", "purchase order", "line"):
        found = []
        for number in range(draw(st.integers(0, 6))):
            row: Row = {}
            for column, kind in COLUMNS[name].items():
                parent = KEYS.get((name, column))
                if column == "id":
                    row[column] = number + 1
                elif parent:
                    known = [r["id"] for r in rows[parent]]
                    row[column] = draw(st.sampled_from([*known, None]))
                elif kind == "date":
                    row[column] = f"2024-0{draw(st.integers(1, 9))}-15"
                else:
                    row[column] = draw(word if kind == "text" else small)
            found.append(row)
        rows[name] = found
    return rows


@st.composite
def queries(draw: st.DrawFn) -> TypedQuery:
    tables = draw(st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=2, unique=True))
    measures: list[dict[str, str]] = []
    for table in tables:
        how = draw(st.sampled_from(["rows", "sum", "count", "min", "count_distinct"]))
        column = f"{table}.{NUMBERS[table]}"
        measures.append({"of": table, "how": "count"} if how == "rows" else {"of": column, "how": how})
    fields: dict[str, Any] = {"measures": measures}
    fields["by"] = draw(st.lists(st.sampled_from(GROUPS), max_size=2, unique=True))
    if draw(st.booleans()):
        fields["filters"] = [{"column": draw(st.sampled_from(GROUPS)), "op": "=", "value": "a"}]
    if draw(st.booleans()):
        fields["periods"] = [{"start": "2024-03-01", "end": "2024-07-01"}]
    return TypedQuery.model_validate(fields)


def _environments(rows: Rows, home: str, row: Row, needed: set[str]) -> Iterator[dict[str, Row | None]]:
    """Every combination of rows that a row of ``home`` is joined with along the chain."""
    at = CHAIN.index(home)
    places = [CHAIN.index(t) for t in needed | {home}]
    found: list[dict[str, Row | None]] = [{home: row}]
    for step in (*range(at - 1, min(places) - 1, -1), *range(at + 1, max(places) + 1)):
        target, source = CHAIN[step], CHAIN[step + 1 if step < at else step - 1]
        found = [{**env, target: r} for env in found for r in _related(rows, source, env[source], target)]
    yield from found


def _related(rows: Rows, source: str, row: Row | None, target: str) -> list[Row | None]:
    up = next((c for (t, c), parent in KEYS.items() if (t, parent) == (source, target)), None)
    if up:
        found = [r for r in rows[target] if row and r["id"] == row[up]]
        return [*found] or [None]
    down = next(c for (t, c), parent in KEYS.items() if (t, parent) == (target, source))
    return [r for r in rows[target] if row and r[down] == row["id"]]


def _value(env: dict[str, Row | None], name: str) -> Any:
    table, column = name.split(".")
    row = env[table]
    return row[column] if row else None


def _expected(rows: Rows, query: TypedQuery) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    if not query.by:
        found[()] = [0 if m.how in ("count", "count_distinct") else None for m in query.measures]
    for number, measure in enumerate(query.measures):
        home, _, column = measure.of.partition(".")
        needed = {n.split(".")[0] for n in (*query.by, *(f.column for f in query.filters))}
        needed |= {"purchase order"} if query.periods else set()
        members: set[tuple[tuple[Any, ...], int, Any]] = set()
        for row in rows[home]:
            for env in _environments(rows, home, row, needed):
                day = _value(env, "purchase order.day") if query.periods else ""
                inside = not query.periods or (day is not None and "2024-03-01" <= day < "2024-07-01")
                if inside and all(_value(env, f.column) == f.value for f in query.filters):
                    key = tuple(_value(env, n) for n in query.by)
                    members.add((key, row["id"], row[column] if column else 1))
        for key, group in groupby(sorted(members, key=repr), key=lambda m: m[0]):
            blank = [0 if m.how in ("count", "count_distinct") else None for m in query.measures]
            found.setdefault(key, blank)[number] = _aggregate(str(measure.how), [v for _, _, v in group])
    return found


def _aggregate(how: str, values: list[Any]) -> Any:
    known = [v for v in values if v is not None]
    if how == "count":
        return len(known)
    if how == "count_distinct":
        return len(set(known))
    if not known:
        return None
    return sum(known) if how == "sum" else min(known)


def _run(rows: Rows, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(":memory:")
    try:
        for name, columns in COLUMNS.items():
            connection.execute(f'CREATE TABLE "{name}" ({", ".join(columns)})')
            marks = ", ".join("?" * len(columns))
            connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', [tuple(r.values()) for r in rows[name]])
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@settings(max_examples=120)
@given(rows=row_sets(), query=queries())
def test_every_row_counts_once_whatever_is_joined(rows: Rows, query: TypedQuery) -> None:
    compiled = compile_query(query, CATALOG, {})
    size = len(query.by)
    found = {tuple(r[:size]): list(r[size:]) for r in _run(rows, compiled.sql)}
    assert found == _expected(rows, query), compiled.sql
