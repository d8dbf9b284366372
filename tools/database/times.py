"""Which column a table's rows take their time from."""

from __future__ import annotations

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.entities import date_columns
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.naming import find_column, find_table
from clawdbot.tools.database.timeline import TimeSource, year_parts


def time_source(
    catalog: Catalog, graph: JoinGraph, home: str, *, wanted: str | None = None, several_homes: bool = False
) -> TimeSource:
    """The time of the rows of ``home``: what the query says, else the catalogue's, else the only one near.

    With measures of several tables each takes its own time where the wanted one is not above it (sales have an
    order date, targets a year).  RetryableToolError when there is none.
    """
    named = wanted or catalog.date_column
    asked = _source(catalog, named) if named else None
    if asked and graph.reaches_up(home, asked.table):
        return asked
    own = _own(find_table(catalog, home))
    if own and (several_homes or not wanted):
        return own
    if asked and wanted and asked.table in graph.distances(home):
        return asked
    above = _above(catalog, graph, home)
    if above:
        return above
    if asked and asked.table in graph.distances(home):
        return asked
    raise RetryableToolError(
        f"The rows of {home!r} have no date.", hint="Leave out period and time step, or use another measure."
    )


def has_time(catalog: Catalog, graph: JoinGraph, home: str) -> bool:
    """A period can be applied to the rows of the table."""
    try:
        time_source(catalog, graph, home)
    except RetryableToolError:
        return False
    return True


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
