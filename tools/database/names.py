"""Table and column names of a statement resolved against the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class Names:
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def resolve_names(tree: exp.Query, catalog: Catalog) -> Names:
    """Check that only tables of the catalogue are read."""
    ctes = {c.alias.lower() for c in tree.find_all(exp.CTE)}
    tables = []
    for table in tree.find_all(exp.Table):
        if table.name.lower() in ctes:
            continue
        real = catalog.table(table.name)
        if real is None or not isinstance(table.this, exp.Identifier):
            known = ", ".join(t.name for t in catalog.tables)
            raise RetryableToolError(f"There is no table {table.name!r}.", hint=f"Tables: {known}.")
        table.set("this", exp.to_identifier(real.name, quoted=True))
        table.set("db", None)
        table.set("catalog", None)
        tables.append(real.name)
    return Names(tables=tuple(dict.fromkeys(tables)), columns=())
