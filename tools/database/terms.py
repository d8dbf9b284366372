"""What a typed query computes: its measures and dimensions as expressions, with the tables they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.entities import (
    display_columns,
    displays,
    is_identifier,
    key_columns,
    reference,
    translations,
)
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.measures import Aggregate, Measure
from clawdbot.tools.database.naming import Named, find_column, find_table, nearest, singular, unique_alias
from clawdbot.tools.database.typed import MeasureRef

GENERIC = frozenset({"name", "title", "label", "description", "名称", "姓名"})


@dataclass(frozen=True, kw_only=True)
class Term:
    """A measure: its aggregate over ``argument`` (None counts rows), computed on the rows of ``home``."""

    alias: str
    home: str
    tables: tuple[str, ...]
    aggregate: Aggregate
    argument: exp.Expr | None = None
    per: exp.Expr | None = None
    sql_type: str = "double"

    @property
    def additive(self) -> bool:
        return self.aggregate in ("sum", "count")

    @property
    def counts_values(self) -> bool:
        """Rows that occur twice change nothing."""
        return self.aggregate in ("min", "max", "count_distinct")


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A column to group by; a hidden one keeps rows apart without being shown."""

    alias: str
    tables: tuple[str, ...]
    expression: exp.Expr
    hidden: bool = False
    source: str = ""
    """The "Table.Column" that was asked for."""


def term(ref: MeasureRef, catalog: Catalog, measures: Mapping[str, Measure], graph: JoinGraph, taken: set[str]) -> Term:
    """A measure of the query, looked up as a derived measure, a table or a column, in this order."""
    measure = measures.get(ref.of)
    if measure is not None and ref.how in (None, measure.aggregate):
        return Term(
            alias=unique_alias(ref.of, taken, prefix=measure.aggregate),
            home=_home(measure.tables, graph),
            tables=measure.tables,
            aggregate=measure.aggregate,
            argument=measure.expression,
            per=measure.per,
        )
    if measure is not None:
        assert ref.how is not None  # the case above took it
        if measure.aggregate == "ratio":
            raise RetryableToolError(f"{ref.of!r} is already an average.", hint="Use it without 'how'.")
        return Term(
            alias=unique_alias(f"{ref.how}_{ref.of}", taken, prefix="of"),
            home=_home(measure.tables, graph),
            tables=measure.tables,
            aggregate=ref.how,
            argument=measure.expression,
        )
    table = catalog.table(ref.of)
    if table is not None:
        return _rows_of(table, ref, taken)
    if "." not in ref.of:
        known = [*measures, *(t.name for t in catalog.tables)]
        raise RetryableToolError(f"There is no measure {ref.of!r}.", hint=nearest(ref.of, known))
    return _of_column(find_column(catalog, ref.of), ref, taken)


def _rows_of(table: TableSchema, ref: MeasureRef, taken: set[str]) -> Term:
    if ref.how not in (None, "count", "count_distinct"):
        raise RetryableToolError(f"{ref.how!r} of table {table.name!r} is not defined.", hint="Use count.")
    alias = unique_alias(f"{singular(table.name)}_count", taken, prefix="count")
    return Term(alias=alias, home=table.name, tables=(table.name,), aggregate="count", sql_type="bigint")


def _of_column(named: Named, ref: MeasureRef, taken: set[str]) -> Term:
    column, table = named.column, named.table
    countable = is_identifier(table, column) or not column.is_number
    how = ref.how or ("count" if countable else "sum")
    if how in ("sum", "avg") and not column.is_number:
        raise RetryableToolError(
            f"{how!r} of {named.label!r} ({column.kind}) is not defined.", hint="Use count or count_distinct."
        )
    prefix = {"sum": "", "count_distinct": "distinct_"}.get(how, f"{how}_")
    alias = unique_alias(f"{prefix}{column.name}", taken, prefix=singular(table.name))
    types = {"text": "text", "date": "date", "datetime": "timestamp", "boolean": "boolean"}
    counted = "bigint" if how in ("count", "count_distinct") else "double"
    sql_type = types.get(column.kind, "double") if how in ("min", "max") else counted
    return Term(
        alias=alias, home=table.name, tables=(table.name,), aggregate=how, argument=named.expression, sql_type=sql_type
    )


def _home(tables: tuple[str, ...], graph: JoinGraph) -> str:
    """The table whose rows a measure is about: the others are on its one side."""
    for table in tables:
        if all(graph.reaches_up(table, other) for other in tables):
            return table
    raise RetryableToolError(
        f"A measure over {', '.join(tables)} has no table that the others belong to.", hint="Use another measure."
    )


def dimensions(name: str, catalog: Catalog, taken: set[str]) -> list[Dimension]:
    """What grouping by a column means: a name is grouped with its key, a key is shown with its name."""
    named = find_column(catalog, name)
    table, column = named.table, named.column
    if column.kind == "binary":
        raise RetryableToolError(f"{named.label!r} holds binary data.", hint="Group by another column.")
    if displays(table, column.name):
        return _by_row(named, catalog, taken)
    if is_identifier(table, column):
        refers = reference(table, column.name)
        owner = find_table(catalog, refers[0]) if refers and catalog.table(refers[0]) else table
        own = _name_of(owner, taken) if refers or key_columns(table) == (column.name,) else []
        alias = unique_alias(column.name, taken, prefix=singular(table.name))
        identifier = Dimension(
            alias=alias, tables=(table.name, owner.name), expression=named.expression, source=named.label
        )
        return [*own, identifier]
    alias = unique_alias(_heading(table, column.name), taken, prefix=singular(table.name))
    expression = named.expression
    if column.is_time and catalog.dialect == "sqlite":
        expression = exp.Anonymous(this="DATE", expressions=[expression])
    elif column.is_time:
        expression = exp.Anonymous(this="TO_CHAR", expressions=[expression, exp.Literal.string("YYYY-MM-DD")])
    return [Dimension(alias=alias, tables=(table.name,), expression=expression, source=named.label)]


def _by_row(named: Named, catalog: Catalog, taken: set[str]) -> list[Dimension]:
    """The name, grouped with the key; the key is shown too when names are known to repeat."""
    own = translations(named.table).values()
    only = named.column.name if named.column.name in own else None
    shown = _name_of(named.table, taken, source=named.label, only=only)
    distinct = named.column.distinct
    repeats = len(display_columns(named.table)) == 1 and distinct is not None and 0 < distinct < named.table.rows
    for key in key_columns(named.table):
        alias = unique_alias(key if repeats else f"_{key}", taken, prefix=singular(named.table.name))
        expression = exp.column(key, table=named.table.name, quoted=True)
        shown.append(Dimension(alias=alias, tables=(named.table.name,), expression=expression, hidden=not repeats))
    return shown


def _name_of(table: TableSchema, taken: set[str], source: str = "", only: str | None = None) -> list[Dimension]:
    columns = (only,) if only else display_columns(table)
    if not columns:
        return []
    parts = [exp.column(c, table=table.name, quoted=True) for c in columns]
    expression: exp.Expr = parts[0]
    for part in parts[1:]:
        gap = exp.DPipe(this=expression, expression=exp.Literal.string(" "))
        expression = exp.DPipe(this=gap, expression=part)
    plain = len(columns) == 1 and not only
    heading = _heading(table, columns[0]) if plain else singular(table.name)
    alias = unique_alias(heading, taken, prefix=singular(table.name))
    return [Dimension(alias=alias, tables=(table.name,), expression=expression, source=source)]


def _heading(table: TableSchema, column: str) -> str:
    return singular(table.name) if column.lower() in GENERIC else column
