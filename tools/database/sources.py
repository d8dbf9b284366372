"""What a query reads from: the tables and subqueries in its FROM, with the columns that each has."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from clawdbot.tools.database.catalog import ColumnKind, TableSchema


@dataclass(frozen=True, kw_only=True)
class Output:
    """A column that a source gives."""

    name: str
    kind: ColumnKind | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """One entry of a FROM clause.  ``label`` is what columns are qualified with, ``spoken`` what the text called it."""

    label: str
    columns: tuple[Output, ...]
    table: TableSchema | None = None
    spoken: str = ""

    def column(self, name: str) -> Output | None:
        low = name.lower()
        return next((c for c in self.columns if c.name.lower() == low), None)

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]


@dataclass(kw_only=True)
class Environment:
    """Names that one SELECT may use: its sources, the aliases of its own columns, and what encloses it."""

    select: exp.Select
    outer: Environment | None = None
    sources: list[Source] = field(default_factory=list)
    merged: set[str] = field(default_factory=set)
    """Columns of USING, lower case: not ambiguous although several sources have them."""
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    """Lower-case alias -> the projection."""

    def labelled(self, name: str) -> Source | None:
        """The source of that label or spoken name, own ones first."""
        low = name.lower()
        for source in self.sources:
            if low in (source.label.lower(), source.spoken.lower()):
                return source
        return self.outer.labelled(name) if self.outer else None

    def reading(self, table: str) -> list[Source]:
        """Own or enclosing sources that are this table under any label."""
        found = [s for s in self.sources if s.table is not None and s.table.name == table]
        return found or (self.outer.reading(table) if self.outer else [])

    def having(self, column: str) -> list[Source]:
        """Sources with a column of that name, of the nearest query that has any."""
        found = [s for s in self.sources if s.column(column)]
        return found or (self.outer.having(column) if self.outer else [])
