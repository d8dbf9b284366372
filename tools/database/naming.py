"""Names of a typed query looked up in the catalogue; a wrong one is answered with the nearest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import process
from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema
from clawdbot.tools.database.lexicon import split_name


@dataclass(frozen=True, kw_only=True)
class Named:
    """A column of the catalogue with its table."""

    table: TableSchema
    column: ColumnSchema

    @property
    def expression(self) -> exp.Expr:
        return exp.column(self.column.name, table=self.table.name, quoted=True)

    @property
    def label(self) -> str:
        return f"{self.table.name}.{self.column.name}"


def find_table(catalog: Catalog, name: str) -> TableSchema:
    """The table of that name; RetryableToolError with the nearest ones."""
    table = catalog.table(name)
    if table is None:
        known = [t.name for t in catalog.tables]
        raise RetryableToolError(f"There is no table {name!r}.", hint=nearest(name, known))
    return table


def find_column(catalog: Catalog, name: str) -> Named:
    """The column written 'Table.Column'; RetryableToolError with the nearest ones."""
    for at in [i for i, c in enumerate(name) if c == "."]:
        table = catalog.table(name[:at])
        column = table.column(name[at + 1 :]) if table else None
        if table and column:
            return Named(table=table, column=column)
    known = [f"{t.name}.{c.name}" for t in catalog.tables for c in t.columns]
    raise RetryableToolError(f"There is no column {name!r}.", hint=nearest(name, known))


def nearest(name: str, known: Iterable[str]) -> str:
    """'Nearest: ...' with at most three of the known names."""
    found = [str(hit[0]) for hit in process.extract(name, list(known), limit=3)]
    return f"Nearest: {', '.join(map(repr, found))}." if found else ""


def singular(table: str) -> str:
    """A table's name as a column heading for one of its rows: 'Order Details' -> 'order_detail'."""
    return "_".join(split_name(table)) or table


def unique_alias(wanted: str, taken: set[str], *, prefix: str) -> str:
    """``wanted``, or with the prefix, or with a number, so that no other column has it (letter case ignored)."""
    options = [wanted, f"{prefix}_{wanted}"]
    options += [f"{prefix}_{wanted}_{n}" for n in range(2, 20)]
    found = next(o for o in options if o.lower() not in taken)
    taken.add(found.lower())
    return found
