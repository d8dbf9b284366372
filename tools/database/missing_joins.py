"""Joins that a statement forgot, added along foreign keys when there is one shortest chain."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sqlglot import exp

from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.sources import Environment, Output, Source
from clawdbot.tools.database.spelling import identifier

_LONGEST = 3


@dataclass(frozen=True, kw_only=True)
class Link:
    """A join from ``source`` (a label or a table) to ``target``; ``many`` when it multiplies rows."""

    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    many: bool

    def join(self, dialect: str) -> exp.Join:
        """The join as a node."""
        sides = ((_column(self.source, a, dialect), _column(self.target, b, dialect)) for a, b in self.pairs)
        condition = exp.and_(*(exp.EQ(this=left, expression=right) for left, right in sides))
        return exp.Join(this=exp.Table(this=identifier(self.target, dialect)), on=condition)

    def sql(self, dialect: str) -> str:
        """The join as it would be written."""
        return self.join(dialect).sql(dialect).strip()


Path = tuple[Link, ...]


def path_to(catalog: Catalog, sources: list[Source], table: TableSchema) -> Path | None:
    """The one shortest chain from the sources to the table; None when there is none or several."""
    best: list[Path] = []
    queue: deque[tuple[str, Path]] = deque((s.table.name, ()) for s in sources if s.table is not None)
    labels = {s.table.name: s.label for s in sources if s.table is not None}
    while queue:
        at, path = queue.popleft()
        if len(path) >= _LONGEST or (best and len(path) >= len(best[0])):
            continue
        for link in _links(catalog, at, labels):
            if link.target in labels or any(link.target == p.target for p in path):
                continue
            extended = (*path, link)
            if link.target == table.name:
                best.append(extended)
            else:
                queue.append((link.target, extended))
    upward = [p for p in best if not any(link.many for link in p)]
    chosen = upward or best
    return chosen[0] if len(chosen) == 1 else None


def _links(catalog: Catalog, name: str, labels: dict[str, str]) -> list[Link]:
    label = labels.get(name, name)
    found = []
    for table in catalog.tables:
        for key in table.foreign_keys:
            if table.name == name and key.ref_table != name:
                pairs = tuple(zip(key.columns, key.ref_columns, strict=True))
                found.append(Link(source=label, target=key.ref_table, pairs=pairs, many=False))
            elif key.ref_table == name and table.name != name:
                pairs = tuple(zip(key.ref_columns, key.columns, strict=True))
                found.append(Link(source=label, target=table.name, pairs=pairs, many=True))
    return found


def may_join(path: Path, column: exp.Column, env: Environment) -> bool:
    """A join to many rows would count the rows of the other tables several times: only when nothing adds them up."""
    if not any(link.many for link in path):
        return True
    if not column.table:
        return False
    target = path[-1].target.lower()
    for aggregate in env.select.find_all(exp.AggFunc):
        columns = list(aggregate.find_all(exp.Column))
        if not columns or any(c.table.lower() not in (target, column.table.lower()) for c in columns):
            return False
    return True


def with_joins(catalog: Catalog, path: Path, env: Environment) -> tuple[Source, list[str]]:
    """Add the joins to the query and its sources; returns the last source and the names of the added tables."""
    added = []
    for link in path:
        table = catalog.table(link.target)
        assert table is not None  # links come from this catalogue
        env.select.append("joins", link.join(catalog.dialect))
        columns = tuple(Output(name=c.name, kind=c.kind) for c in table.columns)
        env.sources.append(Source(label=table.name, columns=columns, table=table, spoken=table.name))
        added.append(table.name)
    return env.sources[-1], added


def _column(table: str, name: str, dialect: str) -> exp.Column:
    return exp.column(identifier(name, dialect), table=identifier(table, dialect))
