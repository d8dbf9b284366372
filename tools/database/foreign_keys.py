"""Foreign keys guessed from names, for databases that declare none."""

from __future__ import annotations

import re
from dataclasses import replace

from clawdbot.tools.database.catalog import ColumnSchema, ForeignKey, TableSchema

_ENDING = re.compile(r"[_\s]?(id|key|no|code|编号|号)$", re.IGNORECASE)


def inferred_foreign_keys(tables: tuple[TableSchema, ...]) -> tuple[TableSchema, ...]:
    """``orders.customer_id`` refers to ``customers.id``; ``CustomerID`` to ``Customers.CustomerID``.

    Only towards a column that alone is a key of its table, of the same kind, and only when one table fits.
    """
    keyed = [(t, c) for t in tables if not t.is_view for c in t.columns if c.unique]
    return tuple(t if t.is_view else replace(t, foreign_keys=_keys_of(t, keyed)) for t in tables)


def _keys_of(table: TableSchema, keyed: list[tuple[TableSchema, ColumnSchema]]) -> tuple[ForeignKey, ...]:
    found = []
    for column in table.columns:
        if not _ENDING.search(column.name):
            continue
        fits = [(t, k) for t, k in keyed if t.name != table.name and k.kind == column.kind and _refers(column, t, k)]
        if len(fits) == 1:
            target, key = fits[0]
            found.append(ForeignKey(columns=(column.name,), ref_table=target.name, ref_columns=(key.name,)))
    return tuple(found)


def _refers(column: ColumnSchema, table: TableSchema, key: ColumnSchema) -> bool:
    stem = _flat(_ENDING.sub("", column.name))
    names = _singulars(_flat(table.name))
    if stem not in names:
        return False
    key_stem = _flat(_ENDING.sub("", key.name))
    return key_stem in ("", *names) or _flat(key.name) == _flat(column.name)


def _flat(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _singulars(name: str) -> set[str]:
    forms = {name}
    if name.endswith("ies"):
        forms.add(name[:-3] + "y")
    if name.endswith("es"):
        forms.add(name[:-2])
    if name.endswith("s"):
        forms.add(name[:-1])
    return forms
