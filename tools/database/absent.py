"""Why a query found nothing, as far as the catalogue and the values tell."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlglot
from rapidfuzz import process
from sqlglot import exp

from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema
from clawdbot.tools.database.spelling import nearest
from clawdbot.tools.database.values import ValueIndex

_MOST = 3


def found_nothing(frame: pd.DataFrame) -> bool:
    """No rows, or one row in which every count is 0 and every other value is missing."""
    if len(frame) == 0:
        return True
    return len(frame) == 1 and all(_nothing(value) for value in frame.iloc[0].tolist())


def why_nothing(sql: str, catalog: Catalog, values: ValueIndex) -> tuple[str, ...]:
    """Hints for a statement rendered by the guard: unknown values of text filters, date ranges of date filters."""
    tree = sqlglot.parse_one(sql, read=catalog.dialect)
    tables = table_labels(tree, catalog)
    hints: list[str] = []
    for column, texts in _text_filters(tree):
        found = schema_of(column, tables)
        if found is not None and found[1].kind == "text":
            name = f"{found[0].name}.{found[1].name}"
            known = found[1].values or values.values_of(found[0].name, found[1].name)
            hints += [_unknown(name, text, known) for text in texts if known and text not in known]
    for where in tree.find_all(exp.Where):
        found_all = [schema_of(column, tables) for column in where.find_all(exp.Column)]
        hints += [_range(*found) for found in found_all if found is not None and found[1].minimum and found[1].is_time]
    return tuple(dict.fromkeys(hints))[:_MOST]


def _nothing(value: Any) -> bool:
    return bool(pd.isna(value)) or (not isinstance(value, (str, bool)) and value == 0)


def table_labels(tree: exp.Expr, catalog: Catalog) -> dict[str, TableSchema]:
    """The tables that a statement names, by alias or name in small letters."""
    found = {}
    for node in tree.find_all(exp.Table):
        table = catalog.table(node.name)
        if table is not None:
            found[node.alias_or_name.lower()] = table
    return found


def _text_filters(tree: exp.Expr) -> list[tuple[exp.Column, list[str]]]:
    found = []
    for node in tree.find_all(exp.EQ, exp.In):
        others = node.expressions if isinstance(node, exp.In) else [node.args.get("expression")]
        texts = [o.name for o in others if isinstance(o, exp.Literal) and o.is_string]
        if isinstance(node.this, exp.Column) and texts:
            found.append((node.this, texts))
    return found


def schema_of(column: exp.Column, tables: dict[str, TableSchema]) -> tuple[TableSchema, ColumnSchema] | None:
    """What a column of a statement is, by the labels of its tables."""
    candidates = [tables[column.table.lower()]] if column.table.lower() in tables else list(tables.values())
    for table in candidates:
        schema = table.column(column.name)
        if schema is not None:
            return table, schema
    return None


def _range(table: TableSchema, column: ColumnSchema) -> str:
    return f"{table.name}.{column.name} runs from {column.minimum} to {column.maximum}."


def _unknown(name: str, text: str, known: tuple[str, ...]) -> str:
    exact = [k for k in known if k.casefold() == text.casefold()]
    near = exact or nearest(text, known)
    if not near and len(known) <= 12:
        return f"There is no {name} = {text!r}; values: {', '.join(known)}."
    if not near:
        near = [process.extractOne(text, known)[0]]
    return f"There is no {name} = {text!r}; nearest: {', '.join(near)}."
