"""One column of a statement found among the sources of its query, or an error that helps."""

from __future__ import annotations

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.missing_joins import Path, may_join, path_to, with_joins
from clawdbot.tools.database.sources import Environment, Output, Source
from clawdbot.tools.database.spelling import identifier, listed, nearest, same


class ColumnResolver:
    """Resolves columns in place; ``read`` collects 'Table.Column', ``notes`` what was mended."""

    def __init__(self, catalog: Catalog, tables: list[str]) -> None:
        self.catalog = catalog
        self.tables = tables
        self.read: list[str] = []
        self.notes: list[str] = []

    def resolve(self, column: exp.Column, env: Environment) -> None:
        """Give the column its real name, its kind and, where several sources stand in FROM, its qualifier."""
        column.set("db", None)
        column.set("catalog", None)
        if column.table:
            self._qualified(column, env)
        else:
            self._unqualified(column, env)

    def _qualified(self, column: exp.Column, env: Environment) -> None:
        source = env.labelled(column.table)
        real = None
        if source is None:
            real = self._table_named(column.table)
            reading = env.reading(real.name) if real else []
            source = reading[0] if len(reading) == 1 else None
        if source is not None:
            found = self._in(source, column.name)
            if found is not None:
                self._set(column, source, found)
            elif not self._elsewhere(column, env) and not self._joined(column, env, None):
                raise self.unknown(column.name, source, env)
            return
        if real is not None and real.column(column.name) and self._joined(column, env, real):
            return
        if not self._elsewhere(column, env):
            where = f"FROM has: {listed(s.label for s in env.sources if s.label)}."
            raise RetryableToolError(f"{column.table!r} in {column.table}.{column.name} is not in FROM.", hint=where)

    def _unqualified(self, column: exp.Column, env: Environment) -> None:
        name = column.name
        if name.lower() in env.aliases and self._speaks_of_alias(column, env):
            self._set_alias(column, env)
            return
        sources = env.having(name)
        if sources:
            source = sources[0] if len(sources) == 1 or name.lower() in env.merged else self._equal(sources, name, env)
            found = source.column(name)
            assert found is not None  # having() returns only sources with it
            self._set(column, source, found, qualify=name.lower() not in env.merged)
            return
        if name.lower() in env.aliases and not _inside_projection(column, env):
            self._set_alias(column, env)
            return
        if self._as_literal_first(column) or self._elsewhere(column, env) or self._split(column, env):
            return
        if column.this.quoted and column.args.get("table") is None and not self._table_with(name):
            column.replace(exp.Literal.string(name))
            self.notes.append(f'"{name}" read as text')
            return
        if not self._joined(column, env, None):
            raise self.unknown(name, env.sources[0] if len(env.sources) == 1 else None, env)

    def _as_literal_first(self, column: exp.Column) -> bool:
        """Double-quoted words that are a value and no column."""
        name = column.name
        if not column.this.quoted:
            return False
        values = {v for t in self.catalog.tables for c in t.columns for v in c.values}
        if name not in values:
            return False
        column.replace(exp.Literal.string(name))
        self.notes.append(f'"{name}" read as text')
        return True

    def _split(self, column: exp.Column, env: Environment) -> bool:
        """``"Orders.OrderDate"`` written as one quoted name."""
        table, dot, name = column.name.rpartition(".")
        source = env.labelled(table) if dot else None
        found = source.column(name) if source else None
        if source is None or found is None:
            return False
        self._set(column, source, found)
        return True

    def _speaks_of_alias(self, column: exp.Column, env: Environment) -> bool:
        """ORDER BY prefers the query's own column names."""
        parent = column.parent
        return (
            isinstance(parent, exp.Ordered)
            and isinstance(parent.parent, exp.Order)
            and (parent.parent.parent is env.select)
        )

    def _set_alias(self, column: exp.Column, env: Environment) -> None:
        projection = env.aliases[column.name.lower()]
        parent = column.parent
        whole = isinstance(parent, exp.Group) or self._speaks_of_alias(column, env)
        if whole:
            column.replace(exp.column(identifier(projection.alias, self.catalog.dialect)))
        else:
            inner = projection.this.copy()
            column.replace(inner if isinstance(inner, (exp.Column, exp.Func)) else exp.paren(inner))

    def _equal(self, sources: list[Source], name: str, env: Environment) -> Source:
        """The first of several sources when a join makes their columns equal; else the name is ambiguous."""
        labels = {s.label.lower() for s in sources}
        for join in env.select.args.get("joins") or ():
            for equal in (join.args.get("on") or exp.Null()).find_all(exp.EQ):
                sides = [equal.this, equal.expression]
                if all(isinstance(s, exp.Column) and s.name.lower() == name.lower() for s in sides):
                    labels -= {str(sides[1].table).lower()} if len(labels) > 1 else set()
        left = [s for s in sources if s.label.lower() in labels]
        if len(left) == 1:
            return left[0]
        raise RetryableToolError(
            f"{name!r} is ambiguous.", hint=f"Write one of {listed(f'{s.label}.{name}' for s in sources)}."
        )

    def _in(self, source: Source, name: str) -> Output | None:
        real = same(name, source.names)
        found = source.column(real) if real else None
        if found is not None and found.name.lower() != name.lower():
            self.notes.append(f"{name} read as {found.name}")
        return found

    def _elsewhere(self, column: exp.Column, env: Environment) -> bool:
        """The only source of this query that has the column under this or nearly this spelling."""
        fits = [(s, real) for s in env.sources if (real := same(column.name, s.names))]
        if len(fits) != 1:
            return False
        source, real = fits[0]
        found = source.column(real)
        assert found is not None  # same() returns a name of the source
        self.notes.append(f"{column.sql()} read as {source.label}.{real}")
        self._set(column, source, found)
        return True

    def _joined(self, column: exp.Column, env: Environment, wanted: TableSchema | None) -> bool:
        """Add the joins that reach the only table with this column, when a chain of foreign keys says how."""
        table = wanted or self._table_with(column.name)
        if table is None:
            return False
        path = path_to(self.catalog, env.sources, table)
        if path is None or not may_join(path, column, env):
            return False
        source, added = with_joins(self.catalog, path, env)
        found = source.column(column.name)
        assert found is not None  # the table was chosen because it has the column
        self.tables.extend(added)
        self.notes.append(f"joined {', '.join(added)} for {column.name}")
        self._set(column, source, found)
        return True

    def _table_with(self, column: str) -> TableSchema | None:
        found = [t for t in self.catalog.tables if not t.is_view and t.column(column)]
        return found[0] if len(found) == 1 else None

    def _table_named(self, name: str) -> TableSchema | None:
        real = same(name, [t.name for t in self.catalog.tables])
        return self.catalog.table(real) if real else None

    def _set(self, column: exp.Column, source: Source, found: Output, *, qualify: bool = True) -> None:
        dialect = self.catalog.dialect
        column.set("this", identifier(found.name, dialect))
        column.set("table", identifier(source.label, dialect) if column.table and source.label else None)
        column.meta["kind"] = found.kind
        if qualify and source.label:
            column.meta["label"] = source.label
        if source.table is not None:
            column.meta["table"] = source.table.name
            self.read.append(f"{source.table.name}.{found.name}")

    def qualify(self, column: exp.Column) -> None:
        """Write the source before a resolved column."""
        if not column.table and column.meta.get("label"):
            column.set("table", identifier(column.meta["label"], self.catalog.dialect))

    def unknown(self, name: str, source: Source | None, env: Environment) -> RetryableToolError:
        """The error for a column that nothing has, with the nearest ones and where it does exist."""
        here = [s for s in env.sources if s.columns]
        full = f"{source.label}.{name}" if source is not None and source.label else name
        options = [f"{s.label}.{n}" if s.label else n for s in here for n in s.names]
        near = nearest(name, [n for s in here for n in s.names])
        meant = [o for n in near for o in options if o.rpartition(".")[2] == n][:3]
        hints = [f"Did you mean {' or '.join(meant)}?"] if meant else []
        hints += [self._where(name, t, env) for t in self.catalog.tables if not t.is_view and t.column(name)][:3]
        shown = [source] if source is not None else here
        hints += [f"Columns of {s.label or 'the subquery'}: {listed(s.names)}." for s in shown[:4]]
        if not here:
            hints.append("Name a table in FROM.")
        return RetryableToolError(f"There is no column {full}.", hint=" ".join(hints))

    def _where(self, name: str, table: TableSchema, env: Environment) -> str:
        path: Path | None = path_to(self.catalog, env.sources, table)
        if not path:
            return f"{name} is in {table.name}."
        joins = [link.sql(self.catalog.dialect) for link in path]
        return f"{name} is in {table.name}: {' '.join(joins)}."


def _inside_projection(column: exp.Column, env: Environment) -> bool:
    """Aliases of a SELECT cannot be used beside it in the same list."""
    node: exp.Expr | None = column
    while node is not None and node.parent is not env.select:
        node = node.parent
    return node is not None and node.arg_key == "expressions"
