"""One SELECT over the rows of one table: joins, conditions, groups and measures that cannot be counted twice.

Everything on the one side of the table is joined freely.  Where a join goes to the many side, the rows are first
made distinct by the table's key and the groups ("an order counts once in each category it holds"), then added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.conditions import condition, tables_of
from clawdbot.tools.database.entities import key_columns
from clawdbot.tools.database.joins import JoinGraph, JoinTree, Step
from clawdbot.tools.database.naming import find_table
from clawdbot.tools.database.terms import Dimension, Term
from clawdbot.tools.database.timeline import TimeSource, within
from clawdbot.tools.database.times import time_source
from clawdbot.tools.database.typed import Filter, Period


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows that a piece is about: a table, its time, and what restricts it."""

    home: str
    time: TimeSource | None = None
    period: Period | None = None
    filters: tuple[Filter, ...] = ()
    without: str | None = None


@dataclass(kw_only=True)
class Piece:
    """A SELECT with its parts, so that conditions on groups can still be added."""

    select: exp.Select
    tree: JoinTree
    dims: dict[str, exp.Expr] = field(default_factory=dict)
    aggregates: dict[str, exp.Expr] = field(default_factory=dict)
    once: bool = False
    """Rows were made distinct first: an entity may stand in several groups."""


class Pieces:
    """Builds pieces for one catalogue."""

    def __init__(self, catalog: Catalog, graph: JoinGraph) -> None:
        self._catalog = catalog
        self._graph = graph

    def aggregate(
        self, rows: Rows, dims: Sequence[Dimension], terms: Sequence[Term], all_terms: Sequence[Term]
    ) -> Piece:
        """The measures ``terms`` by ``dims``; other measures of the query stand as typed NULLs."""
        needed = {t for d in dims for t in d.tables} | {t for m in terms for t in m.tables}
        tree, base = self._base(rows, needed)
        once = tree.fans_out and not all(m.counts_values for m in terms)
        if once:
            base, dims, terms = self._distinct(base, rows.home, dims, terms)
        piece = Piece(select=base, tree=tree, once=once)
        own = {m.alias: m for m in terms}
        for dim in dims:
            piece.dims[dim.alias] = dim.expression
        for found in all_terms:
            mine = own.get(found.alias)
            piece.aggregates[found.alias] = _aggregate(mine) if mine else exp.cast(exp.Null(), found.sql_type)
        outputs = {**piece.dims, **piece.aggregates}
        piece.select = base.select(*(_as(e, alias) for alias, e in outputs.items()))
        groups = [e.copy() for e in piece.dims.values() if not isinstance(e, exp.Literal) and not _is_constant(e)]
        if groups:
            piece.select = piece.select.group_by(*groups)
        return piece

    def listing(self, rows: Rows, columns: dict[str, exp.Expr], tables: Iterable[str]) -> Piece:
        """Plain rows; each row of the table once when conditions look at its many side."""
        tree, base = self._base(rows, set(tables))
        select = base.select(*(_as(e, alias) for alias, e in columns.items()))
        if tree.fans_out:
            keys = [k for k in self._keys(rows.home) if k not in columns]
            hidden = [_as(exp.column(k, table=rows.home, quoted=True), f"_{k}") for k in keys]
            inner = select.select(*hidden).distinct()
            names = [exp.column(alias, table="found", quoted=True) for alias in columns]
            select = exp.select(*names).from_(inner.subquery("found"))
        return Piece(select=select, tree=tree, dims=dict(columns), once=tree.fans_out)

    def _base(self, rows: Rows, needed: set[str]) -> tuple[JoinTree, exp.Select]:
        outside, inside = self._sides(rows)
        tables = needed | {t for f in outside for t in tables_of(self._catalog, f)}
        times = rows.time if rows.time and not self._time_inside(rows) else None
        if times:
            tables.add(times.table)
        tree = self._tree(rows.home, tables)
        select = _join_all(exp.select().from_(exp.table_(rows.home, quoted=True)), tree.steps)
        for given in outside:
            select = select.where(condition(self._catalog, given))
        if times and rows.period:
            for part in within(times.start(self._catalog.dialect), rows.period):
                select = select.where(part)
        if rows.without:
            select = select.where(self._has_none(rows, inside))
        return tree, select

    def _tree(self, home: str, tables: set[str]) -> JoinTree:
        tree = self._graph.tree(home, tables)
        for step in tree.steps:
            if step.fans_out and step.source != home and not self._meaningful(tree, step):
                raise RetryableToolError(
                    f"{step.target!r} belongs to {step.source!r}, not to single rows of {home!r}.",
                    hint=f"Use measures of {step.target!r} or group by columns that {home!r} has.",
                )
        return tree

    def _meaningful(self, tree: JoinTree, step: Step) -> bool:
        """Going down is fine below what was reached by going down, or over a table that only connects two."""
        before = next((s for s in tree.steps if s.target == step.source), None)
        if before is None or before.fans_out:
            return True
        table = find_table(self._catalog, step.target)
        linked = {c.lower() for k in table.foreign_keys for c in k.columns} | {c.lower() for c in key_columns(table)}
        return len(table.foreign_keys) > 1 and all(c.name.lower() in linked for c in table.columns)

    def _sides(self, rows: Rows) -> tuple[list[Filter], list[Filter]]:
        """Filters on the rows themselves, and those on the related rows that must not exist."""
        if not rows.without:
            return list(rows.filters), []
        inside = [
            f
            for f in rows.filters
            if not all(self._graph.reaches_up(rows.home, t) for t in tables_of(self._catalog, f))
        ]
        return [f for f in rows.filters if f not in inside], inside

    def _time_inside(self, rows: Rows) -> bool:
        return bool(rows.without and rows.time and not self._graph.reaches_up(rows.home, rows.time.table))

    def _has_none(self, rows: Rows, inside: Sequence[Filter]) -> exp.Expr:
        assert rows.without is not None  # the caller asked
        catalog, missing = self._catalog, find_table(self._catalog, rows.without).name
        if self._graph.reaches_up(rows.home, missing):
            raise RetryableToolError(
                f"Every row of {rows.home!r} has at most one row of {missing!r}.",
                hint="Filter with is_null on the column that refers to it.",
            )
        conditions = [condition(catalog, f) for f in inside]
        tables = {missing} | {t for f in inside for t in tables_of(catalog, f)}
        if rows.period and (self._time_inside(rows) or rows.time is None):
            times = rows.time or time_source(catalog, self._graph, missing)
            tables.add(times.table)
            conditions += within(times.start(catalog.dialect), rows.period)
        return exp.Not(this=self._related(rows.home, tables, conditions))

    def _related(self, home: str, tables: set[str], conditions: Sequence[exp.Expr]) -> exp.Expr:
        """A row of ``home`` has related rows, joined under other names than outside."""
        tree = self._graph.tree(home, tables)
        first, *rest = tree.steps
        renames = {t: f"other_{t}" for t in tree.tables}
        branches = any(s.source == home for s in rest)
        start, steps = (home, tree.steps) if branches else (first.target, tuple(rest))
        inner = _join_all(exp.select().from_(exp.table_(start, quoted=True)), steps, always=True)
        inner = _renamed(inner.where(*conditions) if conditions else inner, renames)
        keys = self._keys(home) if branches else ()
        pairs = [(key, key) for key in keys] if branches else [(b, a) for a, b in first.pairs]
        own = [exp.column(a, table=home, quoted=True) for _, a in pairs]
        others = [exp.column(b, table=renames[start], quoted=True) for b, _ in pairs]
        if len(keys) == 1:
            return exp.In(this=own[0], query=inner.select(others[0]).subquery())
        same = [exp.EQ(this=b, expression=a) for a, b in zip(own, others, strict=True)]
        return exp.Exists(this=inner.select("1").where(*same))

    def _keys(self, table: str) -> tuple[str, ...]:
        keys = key_columns(find_table(self._catalog, table))
        if not keys:
            raise RetryableToolError(
                f"Rows of {table!r} have no key, so they cannot be counted once across these joins.",
                hint="Group or filter by columns of the same table.",
            )
        return keys

    def _distinct(
        self, base: exp.Select, home: str, dims: Sequence[Dimension], terms: Sequence[Term]
    ) -> tuple[exp.Select, list[Dimension], list[Term]]:
        """The rows made distinct by key and groups, and the dimensions and measures rewritten on top of them."""
        outputs = [_as(exp.column(k, table=home, quoted=True), f"_k{n}") for n, k in enumerate(self._keys(home))]
        new_dims, new_terms = [], []
        for n, dim in enumerate(dims):
            outputs.append(_as(dim.expression.copy(), f"_d{n}"))
            new_dims.append(_replaced(dim, exp.column(f"_d{n}", table="once", quoted=True)))
        for n, found in enumerate(terms):
            argument, per = found.argument, found.per
            if argument is not None:
                outputs.append(_as(argument.copy(), f"_a{n}"))
                argument = exp.column(f"_a{n}", table="once", quoted=True)
            if per is not None:
                outputs.append(_as(per.copy(), f"_p{n}"))
                per = exp.column(f"_p{n}", table="once", quoted=True)
            new_terms.append(
                Term(
                    alias=found.alias, home=home, tables=(home,), aggregate=found.aggregate, argument=argument, per=per
                )
            )
        inner = base.select(*outputs).distinct()
        return exp.select().from_(inner.subquery("once")), new_dims, new_terms


def _replaced(dim: Dimension, expression: exp.Expr) -> Dimension:
    return Dimension(alias=dim.alias, tables=(), expression=expression, hidden=dim.hidden, source=dim.source)


def _join_all(select: exp.Select, steps: Sequence[Step], *, always: bool = False) -> exp.Select:
    """LEFT JOIN to the one side keeps rows whose reference is empty; INNER JOIN to the many side."""
    for step in steps:
        on = [
            exp.EQ(
                this=exp.column(a, table=step.source, quoted=True),
                expression=exp.column(b, table=step.target, quoted=True),
            )
            for a, b in step.pairs
        ]
        kind = "inner" if always or step.fans_out else "left"
        select = select.join(exp.table_(step.target, quoted=True), on=exp.and_(*on), join_type=kind)
    return select


def _renamed(select: exp.Select, renames: dict[str, str]) -> exp.Select:
    """The same statement with every table under another alias, to stand inside a statement over the same tables."""
    fresh = select.copy()
    for column in fresh.find_all(exp.Column):
        column.set("table", exp.to_identifier(renames[column.table], quoted=True))
    for table in fresh.find_all(exp.Table):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(renames[table.name], quoted=True)))
    return fresh


def _aggregate(found: Term) -> exp.Expr:
    argument = found.argument.copy() if found.argument is not None else exp.Star()
    if found.aggregate == "ratio":
        assert found.per is not None  # a ratio is defined with what it is per
        count = exp.Count(this=exp.Distinct(expressions=[found.per.copy()]))
        whole = exp.Nullif(this=count, expression=exp.Literal.number(0))
        return exp.Div(
            this=exp.Mul(this=exp.Sum(this=argument), expression=exp.Literal.number("1.0")), expression=whole
        )
    if found.aggregate == "count_distinct":
        return exp.Count(this=exp.Distinct(expressions=[argument]))
    kinds: dict[str, type[exp.AggFunc]] = {
        "sum": exp.Sum,
        "avg": exp.Avg,
        "min": exp.Min,
        "max": exp.Max,
        "count": exp.Count,
    }
    return kinds[found.aggregate](this=argument)


def _is_constant(expression: exp.Expr) -> bool:
    return expression.find(exp.Column) is None


def _as(expression: exp.Expr, alias: str) -> exp.Expr:
    return exp.alias_(expression, alias, quoted=True)
