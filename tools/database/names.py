"""Every table and column of a statement found in the catalogue, with slips of naming mended.

Mended without asking, because only one thing can be meant: letter case, quotes, plural, a column qualified with the
wrong table, text in double quotes, and a missing join along one chain of foreign keys.  All else is an error that
names what exists.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.allowed import refused
from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.columns import ColumnResolver
from clawdbot.tools.database.kinds import kind_of
from clawdbot.tools.database.rewriting import own_nodes
from clawdbot.tools.database.sources import Environment, Output, Source
from clawdbot.tools.database.spelling import identifier, listed, nearest, same

_Ctes = dict[str, tuple[Output, ...]]


@dataclass(frozen=True, kw_only=True)
class Names:
    """Real names that a statement reads; ``columns`` are 'Table.Column'; ``notes`` say what was mended."""

    tables: tuple[str, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def resolve_names(tree: exp.Query, catalog: Catalog) -> Names:
    """Resolve the tree in place.  RetryableToolError names the nearest tables or columns."""
    walk = _Walk(catalog)
    walk.query(tree, None, {})
    return Names(
        tables=tuple(dict.fromkeys(walk.tables)),
        columns=tuple(dict.fromkeys(walk.resolver.read)),
        notes=tuple(walk.resolver.notes),
    )


class _Walk:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.tables: list[str] = []
        self.resolver = ColumnResolver(catalog, self.tables)

    def query(self, node: exp.Expr, outer: Environment | None, ctes: _Ctes) -> tuple[Output, ...]:
        """Resolve a query and return its output columns."""
        ctes = self._with(node, outer, ctes)
        if isinstance(node, exp.Subquery):
            outputs = self.query(node.this, outer, ctes)
            self._by_output(node, outputs)
            return outputs
        if isinstance(node, exp.SetOperation):
            left = self.query(node.this, outer, ctes)
            right = self.query(node.expression, outer, ctes)
            if len(left) != len(right):
                raise RetryableToolError(
                    f"The parts of the {type(node).__name__.upper()} have {len(left)} and {len(right)} columns.",
                    hint="Select the same number of columns in each part.",
                )
            self._by_output(node, left)
            return left
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        raise refused(f"{type(node).__name__} is not supported as a query")

    def _with(self, node: exp.Expr, outer: Environment | None, ctes: _Ctes) -> _Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            given = [c.name for c in cte.args["alias"].columns]
            body = cte.this
            if clause.args.get("recursive") and isinstance(body, exp.SetOperation):
                first = _renamed(self.query(body.this, outer, known), given)
                known[cte.alias.lower()] = first
            outputs = _renamed(self.query(body, outer, known), given)
            known[cte.alias.lower()] = outputs
            self._relabel(cte.args["alias"])
        return known

    def _by_output(self, node: exp.Expr, outputs: tuple[Output, ...]) -> None:
        """ORDER BY of a set operation speaks of output columns."""
        order = node.args.get("order")
        for column in order.find_all(exp.Column) if order else ():
            real = same(column.name, [o.name for o in outputs])
            if real is not None:
                column.replace(exp.column(identifier(real, self.catalog.dialect)))

    def _select(self, node: exp.Select, outer: Environment | None, ctes: _Ctes) -> tuple[Output, ...]:
        env = Environment(select=node, outer=outer)
        clause = node.args.get("from_")
        if clause is not None:
            env.sources.append(self._source(clause.this, outer, ctes))
        for join in node.args.get("joins") or ():
            env.sources.append(self._source(join.this, outer, ctes))
            self._merge(join, env)
        self._no_doubles(env)
        self._aliases(node, env)
        for part in self._parts(node):
            for found in list(own_nodes(part)):
                if isinstance(found, exp.Query):
                    self.query(found, env, ctes)
                elif isinstance(found, exp.Column) and not isinstance(found.this, exp.Star):
                    self.resolver.resolve(found, env)
                elif isinstance(found, exp.Column):
                    self._star_of(found, env)
        if len(env.sources) > 1 or outer is not None:
            self._qualify(node)
        return self._outputs(node, env)

    def _qualify(self, node: exp.Select) -> None:
        for part in self._parts(node):
            for found in own_nodes(part):
                if isinstance(found, exp.Column):
                    self.resolver.qualify(found)

    def _parts(self, node: exp.Select) -> list[exp.Expr]:
        parts = list(node.expressions)
        parts += [j.args["on"] for j in node.args.get("joins") or () if j.args.get("on") is not None]
        for key in ("where", "group", "having", "order", "distinct"):
            part = node.args.get(key)
            if part is not None:
                parts.append(part)
        return parts

    def _source(self, node: exp.Expr, outer: Environment | None, ctes: _Ctes) -> Source:
        if isinstance(node, exp.Table):
            return self._table(node, ctes)
        alias = node.args.get("alias")
        given = [c.name for c in alias.columns] if alias is not None else []
        if isinstance(node, exp.Subquery):
            outputs = _renamed(self.query(node, outer, ctes), given)
        else:
            raise refused(f"{type(node).__name__} is not supported in FROM")
        if alias is not None:
            self._relabel(alias)
        return Source(label=node.alias, columns=outputs)

    def _table(self, node: exp.Table, ctes: _Ctes) -> Source:
        if not isinstance(node.this, exp.Identifier):
            raise refused("functions are not allowed in FROM")
        alias = node.args.get("alias")
        if alias is not None and alias.columns:
            raise refused("column aliases of tables are not supported")
        spoken = node.name
        if not node.db and spoken.lower() in ctes:
            if alias is not None:
                self._relabel(alias)
            node.set("this", self._identifier(spoken.lower()))
            return Source(label=node.alias_or_name, columns=ctes[spoken.lower()])
        table = self._known(spoken)
        if node.db and node.db.lower() not in ("main", "public", "dbo", self.catalog.name.lower()):
            raise RetryableToolError(f"There is no schema {node.db!r}.", hint="Write table names without a schema.")
        node.set("db", None)
        node.set("catalog", None)
        node.set("this", self._identifier(table.name))
        if alias is not None:
            self._relabel(alias)
        self.tables.append(table.name)
        columns = tuple(Output(name=c.name, kind=c.kind) for c in table.columns)
        return Source(label=node.alias_or_name, columns=columns, table=table, spoken=spoken)

    def _known(self, name: str) -> TableSchema:
        names = [t.name for t in self.catalog.tables]
        real = same(name, names)
        table = self.catalog.table(real) if real is not None else None
        if table is None:
            near = nearest(name, names)
            meant = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
            raise RetryableToolError(f"There is no table {name!r}.{meant}", hint=f"Tables: {listed(names)}.")
        if real is not None and real.lower() != name.lower():
            self.resolver.notes.append(f"{name} read as {real}")
        return table

    def _merge(self, join: exp.Join, env: Environment) -> None:
        for position, column in enumerate(join.args.get("using") or ()):
            found = env.sources[-1].column(column.name)
            if found is None:
                raise self.resolver.unknown(column.name, env.sources[-1], env)
            join.args["using"][position].replace(self._identifier(found.name))
            env.merged.add(found.name.lower())
        if str(join.args.get("method", "")).upper() == "NATURAL":
            earlier = {n.lower() for s in env.sources[:-1] for n in s.names}
            env.merged |= earlier & {n.lower() for n in env.sources[-1].names}

    def _no_doubles(self, env: Environment) -> None:
        labels = [s.label.lower() for s in env.sources if s.label]
        for label in set(labels):
            if labels.count(label) > 1:
                raise RetryableToolError(
                    f"{label!r} stands twice in FROM.", hint="Give each its own alias, as in Employees AS manager."
                )

    def _aliases(self, node: exp.Select, env: Environment) -> None:
        for projection in node.expressions:
            if isinstance(projection, exp.Alias):
                projection.set("alias", self._identifier(projection.alias))
                env.aliases[projection.alias.lower()] = projection

    def _star_of(self, column: exp.Column, env: Environment) -> None:
        source = env.labelled(column.table)
        if source is None:
            reading = env.reading(self._known(column.table).name)
            source = reading[0] if reading else None
        if source is None:
            raise RetryableToolError(
                f"{column.table!r} is not in FROM.", hint=f"FROM has: {listed(s.label for s in env.sources)}."
            )
        column.set("table", self._identifier(source.label))

    def _outputs(self, node: exp.Select, env: Environment) -> tuple[Output, ...]:
        outputs: list[Output] = []
        for projection in node.expressions:
            if isinstance(projection, exp.Star):
                outputs += [c for s in env.sources for c in s.columns]
            elif isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
                source = env.labelled(projection.table)
                outputs += source.columns if source else ()
            else:
                name = projection.alias_or_name or projection.sql(self.catalog.dialect)
                outputs.append(Output(name=name, kind=kind_of(projection)))
        return tuple(outputs)

    def _relabel(self, alias: exp.TableAlias) -> None:
        if alias.this is not None:
            alias.set("this", self._identifier(alias.name))
        alias.set("columns", [self._identifier(c.name) for c in alias.columns])

    def _identifier(self, name: str) -> exp.Identifier:
        return identifier(name, self.catalog.dialect)


def _renamed(outputs: tuple[Output, ...], names: list[str]) -> tuple[Output, ...]:
    if not names:
        return outputs
    if len(names) != len(outputs):
        raise RetryableToolError(
            f"A subquery has {len(outputs)} columns but {len(names)} names.", hint="Name each column once."
        )
    return tuple(Output(name=n, kind=o.kind) for n, o in zip(names, outputs, strict=True))
