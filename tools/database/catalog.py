"""What a database holds, as pure data: tables, columns, foreign keys and samples of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ColumnKind = Literal["integer", "number", "text", "date", "datetime", "boolean", "binary"]


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """A column.  ``values`` holds all distinct values of a text or boolean column that has few of them."""

    name: str
    kind: ColumnKind
    primary_key: bool = False
    unique: bool = False
    nullable: bool = True
    values: tuple[str, ...] = ()
    distinct: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    comment: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind in ("integer", "number")

    @property
    def is_time(self) -> bool:
        return self.kind in ("date", "datetime")


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """``columns`` of the table refer to ``ref_columns`` of ``ref_table``."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """A table or view that may be read."""

    name: str
    columns: tuple[ColumnSchema, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int = 0
    is_view: bool = False
    comment: str = ""

    def column(self, name: str) -> ColumnSchema | None:
        """The column of that name, letter case ignored."""
        low = name.lower()
        return next((c for c in self.columns if c.name.lower() == low), None)


@dataclass(frozen=True, kw_only=True)
class ValueHit:
    """A value of a text column that a goal mentions: ``rows`` rows of ``table.column`` hold it."""

    table: str
    column: str
    value: str
    rows: int
    mention: str


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """One configured database: its dialect (sqlglot's name) and readable tables."""

    name: str
    dialect: Literal["sqlite", "postgres"]
    tables: tuple[TableSchema, ...]
    description: str = ""
    date_column: str = ""
    """'Table.Column' that periods refer to when nothing else is said; configured or guessed."""
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def table(self, name: str) -> TableSchema | None:
        """The table of that name, letter case and quoting ignored."""
        low = name.strip('"`[]').lower()
        return next((t for t in self.tables if t.name.lower() == low), None)
