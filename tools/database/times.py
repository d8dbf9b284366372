"""Which column a table's rows take their time from."""

from __future__ import annotations

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.entities import date_columns, display_columns
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.naming import find_column, find_table
from clawdbot.tools.database.timeline import TimeSource, year_parts


def time_source(
    catalog: Catalog, graph: JoinGraph, home: str, *, wanted: str | None = None, several_homes: bool = False
) -> TimeSource:
    """The time of the rows of ``home``: what the query says, else its own, else the catalogue's, else one near.

    Records (payments) have their own date; named things (customers) take the catalogue's, that of their orders.
    With measures of several tables each takes its own time where the wanted one is not above it (sales have an
    order date, targets a year).  RetryableToolError when there is none.
    """
    table = find_table(catalog, home)
    own = _own(table)
    if own and not wanted and not display_columns(table) and not catalog.date_column.startswith(f"{home}."):
        return own
    named = wanted or catalog.date_column
    asked = _source(catalog, named) if named else None
    if asked and graph.reaches_up(home, asked.table):
        return asked
    if own and several_homes:
        return own
    usual = _source(catalog, catalog.date_column) if catalog.date_column and several_homes else None
    if usual and graph.reaches_up(home, usual.table):
        return usual
    if asked and asked.table in graph.distances(home):
        return asked
    if own and not wanted:
        return own
    above = _above(catalog, graph, home)
    if above:
        return above
    raise RetryableToolError(
        f"The rows of {home!r} have no date.", hint="Leave out period and time step, or use another measure."
    )


def _source(catalog: Catalog, name: str) -> TimeSource:
    named = find_column(catalog, name)
    if not named.column.is_time:
        parts = year_parts(named.table)
        if parts and named.column.name in (parts.year, parts.quarter, parts.month):
            return parts
        raise RetryableToolError(
            f"{named.label!r} is {named.column.kind}, not a date.",
            hint=f"Dates: {', '.join(_all_dates(catalog)) or 'none'}.",
        )
    return TimeSource(table=named.table.name, column=named.column.name)


def _own(table: TableSchema) -> TimeSource | None:
    dates = date_columns(table)
    if dates:
        return TimeSource(table=table.name, column=dates[0]) if len(dates) == 1 or table.foreign_keys else None
    return year_parts(table)


def _above(catalog: Catalog, graph: JoinGraph, home: str) -> TimeSource | None:
    """The only date of the nearest table on the one side."""
    near = sorted((cost, name) for name, cost in graph.distances(home).items() if name != home)
    for _, name in near:
        if graph.reaches_up(home, name) and len(date_columns(find_table(catalog, name))) == 1:
            return _own(find_table(catalog, name))
    return None


def _all_dates(catalog: Catalog) -> list[str]:
    return [f"{t.name}.{c}" for t in catalog.tables if not t.is_view for c in date_columns(t)]
