"""A typed query becomes one SQL statement for SQLite or PostgreSQL, built as a syntax tree, never as text.

Simple questions give one flat SELECT.  Measures of several tables, several periods, shares and changes give a
``grouped`` part first and a SELECT over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.conditions import compare, condition
from clawdbot.tools.database.entities import display_columns, key_columns
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.measures import Measure
from clawdbot.tools.database.naming import Named, find_column, find_table, unique_alias
from clawdbot.tools.database.outer import Outer
from clawdbot.tools.database.pieces import Piece, Pieces, Rows
from clawdbot.tools.database.terms import Dimension, dimensions, term
from clawdbot.tools.database.timeline import TimeSource, bucket, earlier, floor, label, natural_grain
from clawdbot.tools.database.times import time_source
from clawdbot.tools.database.typed import Filter, Grain, Order, Period, TypedQuery

Role = Literal["period", "time", "dimension", "measure", "share", "change", "column"]


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The statement, the role of each of its columns, the date column used and choices worth telling."""

    sql: str
    roles: dict[str, Role]
    time: str = ""
    grain: Grain | None = None
    notes: tuple[str, ...] = ()


def compile_query(query: TypedQuery, catalog: Catalog, measures: Mapping[str, Measure]) -> Compiled:
    """The query as SQL; RetryableToolError says which name, join or value does not fit, with the nearest."""
    graph = JoinGraph(catalog)
    if query.columns:
        return _listing(query, catalog, graph)
    return _Aggregation(_prepared(query), catalog, graph, measures).compiled()


def _prepared(query: TypedQuery) -> TypedQuery:
    """What follows from the rest: the grain of a change, and the group that a share is about."""
    changes: dict[str, object] = {}
    if query.change and query.per is None and len(query.periods) == 1:
        changes["per"] = natural_grain(query.periods[0])
    if query.share and not query.by and not query.per and len(query.periods) < 2 and query.filters:
        changes["by"] = (query.filters[0].column,)
    return query.model_copy(update=changes)


def _listing(query: TypedQuery, catalog: Catalog, graph: JoinGraph) -> Compiled:
    taken: set[str] = set()
    named = _listed(query, catalog)
    aliases = [unique_alias(n.column.name, taken, prefix=n.table.name) for n in named]
    columns: dict[str, exp.Expr] = {a: n.expression for a, n in zip(aliases, named, strict=True)}
    tables = list(dict.fromkeys(n.table.name for n in named))
    home = next((t for t in tables if all(graph.reaches_up(t, o) for o in tables)), tables[0])
    without = find_table(catalog, query.without).name if query.without else None
    period = query.periods[0] if query.periods else None
    time = _listing_time(query, catalog, graph, home, without) if period else None
    rows = Rows(home=home, time=time, period=period, filters=query.filters, without=without)
    piece = Pieces(catalog, graph).listing(rows, columns, tables)
    select = piece.select.distinct() if _lists_values(query, named) else piece.select
    order = query.order or Order(by="column", n=1, desc=False)
    select = select.order_by(*_ordered([(aliases[order.n - 1], order.desc), *((a, False) for a in aliases)]))
    roles: dict[str, Role] = dict.fromkeys(aliases, "column")
    return Compiled(
        sql=_limited(select, query).sql(catalog.dialect, pretty=True),
        roles=roles,
        notes=piece.tree.notes,
        time=time.label if time else "",
    )


def _listed(query: TypedQuery, catalog: Catalog) -> list[Named]:
    """The columns of a list: those asked for, what they are compared with, and the name of what is listed."""
    asked = [find_column(catalog, c) for c in query.columns]
    table = asked[0].table
    names = display_columns(table)
    if not _lists_values(query, asked) and not {n.column.name for n in asked if n.table == table} & {
        *names,
        *key_columns(table),
    }:
        asked += [find_column(catalog, f"{table.name}.{c}") for c in names]
    for given in query.filters:
        if given.other_column:
            asked += [find_column(catalog, given.column), find_column(catalog, given.other_column)]
    return list({n.label: n for n in asked}.values())


def _lists_values(query: TypedQuery, named: Sequence[Named]) -> bool:
    """A single text column that names no row is a list of its values, each once."""
    only = named[0]
    special = {*display_columns(only.table), *key_columns(only.table)}
    return len(named) == 1 and not query.limit and only.column.kind == "text" and only.column.name not in special


def _listing_time(query: TypedQuery, catalog: Catalog, graph: JoinGraph, home: str, without: str | None) -> TimeSource:
    try:
        return time_source(catalog, graph, without or home, wanted=query.time)
    except RetryableToolError:
        if without is None:
            raise
        return time_source(catalog, graph, home, wanted=query.time)


def _ordered(keys: Sequence[tuple[str, bool]]) -> list[exp.Expr]:
    """Sort keys by output name, each once (its first direction), empty values last."""
    found: dict[str, bool] = {}
    for alias, desc in keys:
        found.setdefault(alias, desc)
    return [exp.Ordered(this=_sorted_by(alias), desc=desc, nulls_first=False) for alias, desc in found.items()]


def _sorted_by(alias: str) -> exp.Expr:
    """An output's name; the number of a period is no output and stands in ``now``."""
    return exp.column(alias, table="now" if alias == "_period" else None, quoted=True)


def _limited(select: exp.Select, query: TypedQuery) -> exp.Select:
    if query.limit is not None:
        select = select.limit(query.limit)
        if query.offset:
            select = select.offset(query.offset)
    return select


class _Aggregation:
    """One aggregated query while it is put together."""

    def __init__(self, query: TypedQuery, catalog: Catalog, graph: JoinGraph, measures: Mapping[str, Measure]) -> None:
        self.query, self.catalog, self.graph = query, catalog, graph
        taken: set[str] = set()
        self.many = len(query.periods) > 1
        self.period_alias = unique_alias("period", taken, prefix="of") if self.many else ""
        self.time_alias = unique_alias(query.per, taken, prefix="of") if query.per else ""
        self.dims = [d for name in dict.fromkeys(query.by) for d in dimensions(name, catalog, taken)]
        self.terms = [term(ref, catalog, measures, graph, taken) for ref in query.measures]
        self.taken = taken
        self.homes = list(dict.fromkeys(t.home for t in self.terms))
        self.without = find_table(catalog, query.without).name if query.without else None
        self.times = {home: self._time(home) for home in self.homes} if query.per or query.periods else {}
        self.late = [f for f in query.filters if self._is_late(f)]

    def compiled(self) -> Compiled:
        if self.query.change and not self.query.per and not self.many:
            raise RetryableToolError("A change needs a time step.", hint="Set per to month, quarter or year.")
        pieces = [p for home in self.homes for p in self._pieces(home)]
        outer = Outer(
            query=self.query,
            catalog=self.catalog,
            terms=self.terms,
            dims=self.dims,
            period=self.period_alias,
            time=self.time_alias,
            taken=self.taken,
        )
        simple = len(pieces) == 1 and not (self.query.share or self.query.change or outer.ranks_groups)
        wholes = self._wholes() if self.query.share and any(p.once for p in pieces) else []
        select = self._flat(pieces[0]) if simple else outer.select(pieces, self._late_conditions(), wholes)
        if order := _ordered(self._order()):
            select = select.order_by(*order)
        if not outer.ranks_groups:
            select = _limited(select, self.query)
        notes = tuple(dict.fromkeys([n for p in pieces for n in p.tree.notes]))
        if wholes:
            notes += ("A row may count in several groups; each share is of the whole.",)
        labels = tuple(dict.fromkeys(t.label for t in self.times.values() if t))
        return Compiled(
            sql=select.sql(self.catalog.dialect, pretty=True),
            roles={**self._roles(), **outer.roles()},
            time=", ".join(labels),
            grain=self.query.per,
            notes=notes,
        )

    def _time(self, home: str) -> TimeSource | None:
        several = len(self.homes) > 1
        try:
            found = time_source(self.catalog, self.graph, home, wanted=self.query.time, several_homes=several)
        except RetryableToolError:
            if self.without and not self.query.per:
                return None
            raise
        if self.query.per:
            found.check(self.query.per)
        return found

    def _is_late(self, given: Filter) -> bool:
        """A share is of the whole: a filter on the groups picks rows after the total is known."""
        plain = {d.source for d in self.dims if isinstance(d.expression, exp.Column)}
        return (
            self.query.share and given.other_column is None and (find_column(self.catalog, given.column).label in plain)
        )

    def _late_conditions(self) -> list[exp.Expr]:
        aliases = {d.source: d.alias for d in self.dims if d.source}
        found = []
        for given in self.late:
            tree = condition(self.catalog, given)
            alias = aliases[find_column(self.catalog, given.column).label]
            for column in list(tree.find_all(exp.Column)):
                column.replace(exp.column(alias, table="now", quoted=True))
            found.append(tree)
        return found

    def _wholes(self) -> list[Piece]:
        """The measures without groups: the whole of a share where a row may stand in several groups."""
        return [p for home in self.homes for p in self._pieces(home, grouped=False)]

    def _pieces(self, home: str, *, grouped: bool = True) -> list[Piece]:
        builder = Pieces(self.catalog, self.graph)
        filters = tuple(f for f in self.query.filters if f not in self.late)
        mine = [t for t in self.terms if t.home == home]
        found = []
        periods: Sequence[Period | None] = self.query.periods or (None,)
        for number, period in enumerate(periods, start=1):
            time = self.times.get(home)
            rows = Rows(home=home, time=time, period=self._extended(period), filters=filters, without=self.without)
            dims = [*self._time_dims(time, period, number), *(self.dims if grouped else [])]
            found.append(builder.aggregate(rows, dims, mine, self.terms))
        return found

    def _time_dims(self, time: TimeSource | None, period: Period | None, number: int) -> list[Dimension]:
        found, dialect = [], self.catalog.dialect
        if self.many and period:
            text = exp.cast(exp.Literal.string(period_label(period)), "text")
            found.append(Dimension(alias="_period", tables=(), expression=exp.Literal.number(number), hidden=True))
            found.append(Dimension(alias=self.period_alias, tables=(), expression=text))
        if self.query.per and time:
            start = time.start(dialect)
            shape = bucket if self.query.change else label
            expression = shape(start, self.query.per, dialect)
            found.append(Dimension(alias=self.time_alias, tables=(time.table,), expression=expression))
        return found

    def _extended(self, period: Period | None) -> Period | None:
        """With a change, the bucket before the period is read too; the outer SELECT leaves it out again."""
        if not self.query.change or not self.query.per or self.many or not period or not period.start:
            return period
        back: Grain = "year" if self.query.change == "year" else self.query.per
        return period.model_copy(update={"start": earlier(floor(period.start, self.query.per), back)})

    def _flat(self, piece: Piece) -> exp.Select:
        hidden = {d.alias for d in self.dims if d.hidden}
        select = piece.select
        select.set("expressions", [e for e in select.expressions if e.alias not in hidden])
        for given in self.query.having:
            found = piece.aggregates[self.terms[given.measure - 1].alias]
            select = select.having(compare(found.copy(), given.op, given.value))
        return select

    def _roles(self) -> dict[str, Role]:
        roles: dict[str, Role] = {}
        if self.period_alias:
            roles[self.period_alias] = "period"
        if self.time_alias:
            roles[self.time_alias] = "time"
        roles.update({d.alias: "dimension" for d in self.dims if not d.hidden})
        roles.update({t.alias: "measure" for t in self.terms})
        return roles

    def _order(self) -> list[tuple[str, bool]]:
        shown = [d.alias for d in self.dims if not d.hidden]
        times = [a for a in (self.period_alias and "_period", self.time_alias) if a]
        ties = [(a, False) for a in (*times, *shown)]
        order = self.query.order
        if order is None:
            if times or not shown:
                return ties
            return [(self.terms[0].alias, True), *ties]
        if order.by == "time":
            return [*((a, order.desc) for a in times), *ties]
        if order.by == "dimension":
            source = find_column(self.catalog, self.query.by[order.n - 1]).label
            alias = next((d.alias for d in self.dims if d.source == source), shown[0])
            return [(alias, order.desc), *ties]
        return [(self.terms[order.n - 1].alias, order.desc), *ties]


def period_label(period: Period) -> str:
    """The period's own label, else its days."""
    return period.label or f"{period.start or ''}..{period.end or ''}"
