"""The catalogue of a database: names and keys from its own schema, kinds and ranges from a bounded look at rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from rapidfuzz import process

from clawdbot.config import DatabaseConfig
from clawdbot.errors import ConfigError, TerminalToolError
from clawdbot.tools.database.catalog import Catalog, ColumnKind, ColumnSchema, ForeignKey, TableSchema
from clawdbot.tools.database.engine import Engine
from clawdbot.tools.database.foreign_keys import inferred_foreign_keys
from clawdbot.tools.database.sampling import Sampler

_MORE_KINDS = ("DATETIME", "TIMESTAMP", "DATE", "BOOL", "INT", "REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL", "MONEY")
_KIND_OF_WORD: dict[str, ColumnKind] = {
    "DATETIME": "datetime",
    "TIMESTAMP": "datetime",
    "DATE": "date",
    "BOOL": "boolean",
    "INT": "integer",
}


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """What the schema says of one table, as SQLAlchemy's inspector returns it."""

    name: str
    is_view: bool
    columns: list[dict[str, Any]]
    primary: tuple[str, ...]
    unique: frozenset[str]
    foreign_keys: tuple[ForeignKey, ...]
    comment: str


def reflect(engine: Engine, config: DatabaseConfig) -> Catalog:
    """Read the catalogue and tell the engine which tables may be read.

    ConfigError when ``config.tables`` names a table that does not exist; TerminalToolError when the schema cannot
    be read.
    """
    try:
        declared = _declared(engine)
    except sa.exc.SQLAlchemyError as error:
        raise _unreadable(engine, error) from None
    chosen = _configured(engine.name, config.tables, {d.name: d for d in declared})
    sampler = Sampler(engine)
    tables = tuple(sampler.profile(_table(d), views_only=all(c.is_view for c in chosen)) for d in chosen)
    if not any(t.foreign_keys for t in tables):
        tables = inferred_foreign_keys(tables)
    names = {t.name for t in tables}
    tables = tuple(replace(t, foreign_keys=tuple(k for k in t.foreign_keys if k.ref_table in names)) for t in tables)
    engine.allow(
        tables=frozenset(names),
        views=frozenset(d.name for d in declared if d.is_view),
        existing=frozenset(d.name for d in declared),
    )
    return Catalog(
        name=engine.name,
        dialect=engine.dialect,
        tables=tables,
        description=config.description,
        date_column=config.date_column or _main_date(tables),
        words=dict(config.words),
    )


def schema_stamp(engine: Engine) -> str:
    """A hash of what the schema declares (names, types, keys), without a look at rows; TerminalToolError."""
    try:
        declared = _declared(engine)
    except sa.exc.SQLAlchemyError as error:
        raise _unreadable(engine, error) from None
    said = [(d.name, [(c["name"], str(c["type"])) for c in d.columns], d.primary, d.foreign_keys) for d in declared]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _unreadable(engine: Engine, error: Exception) -> TerminalToolError:
    return TerminalToolError(
        f"The schema of database {engine.name!r} cannot be read: {type(error).__name__}.",
        hint="A person must check that the file or server is a healthy database.",
    )


def _declared(engine: Engine) -> list[_Declared]:
    inspector = sa.inspect(engine.alchemy)
    any_kind = sa.engine.reflection.ObjectKind.ANY
    views = set(inspector.get_view_names())
    if engine.dialect == "postgres":
        views |= set(inspector.get_materialized_view_names())
    columns = inspector.get_multi_columns(kind=any_kind)
    primary = inspector.get_multi_pk_constraint(kind=any_kind)
    foreign = inspector.get_multi_foreign_keys(kind=any_kind)
    unique = inspector.get_multi_unique_constraints(kind=any_kind)
    indexes = inspector.get_multi_indexes(kind=any_kind)
    comments = inspector.get_multi_table_comment(kind=any_kind) if engine.dialect == "postgres" else {}
    found = []
    for key in columns:
        name = key[1]
        if name.startswith("sqlite_"):
            continue
        lone: set[tuple[str | None, ...]] = {tuple(u["column_names"]) for u in unique.get(key) or ()}
        lone |= {tuple(i["column_names"]) for i in indexes.get(key) or () if i.get("unique")}
        key_of = primary.get(key)
        comment = comments.get(key)
        found.append(
            _Declared(
                name=name,
                is_view=name in views,
                columns=[dict(c) for c in columns[key]],
                primary=tuple(key_of["constrained_columns"]) if key_of else (),
                unique=frozenset(str(c[0]) for c in lone if len(c) == 1),
                foreign_keys=_foreign_keys(foreign.get(key) or (), [c["name"] for c in columns[key]]),
                comment=(comment["text"] or "") if comment else "",
            )
        )
    return sorted(found, key=lambda d: (d.is_view, d.name))


def _foreign_keys(rows: Any, order: list[str]) -> tuple[ForeignKey, ...]:
    """Declared keys in the order of their columns, because databases list them in orders of their own."""
    found = (
        ForeignKey(
            columns=tuple(row["constrained_columns"]),
            ref_table=row["referred_table"],
            ref_columns=tuple(row["referred_columns"]),
        )
        for row in rows
        if row["referred_columns"]
    )
    return tuple(sorted(found, key=lambda k: [order.index(c) for c in k.columns]))


def _configured(name: str, wanted: tuple[str, ...], found: dict[str, _Declared]) -> list[_Declared]:
    if not wanted:
        return list(found.values())
    by_lower = {n.lower(): n for n in found}
    chosen = []
    for table in wanted:
        real = by_lower.get(table.lower())
        if real is None:
            near = process.extractOne(table, list(found), score_cutoff=60)
            raise ConfigError(
                f"Database {name!r} has no table {table!r}." + (f" Did you mean {near[0]!r}?" if near else ""),
                hint=f"Correct tables in [databases.{name}].",
            )
        chosen.append(found[real])
    return chosen


def _table(declared: _Declared) -> TableSchema:
    single_key = declared.primary[0] if len(declared.primary) == 1 else None
    columns = tuple(
        ColumnSchema(
            name=c["name"],
            kind=declared_kind(c["type"]),
            primary_key=c["name"] in declared.primary,
            unique=c["name"] in declared.unique or c["name"] == single_key,
            nullable=bool(c.get("nullable", True)),
            comment=str(c.get("comment") or ""),
        )
        for c in declared.columns
    )
    return TableSchema(
        name=declared.name,
        columns=columns,
        foreign_keys=declared.foreign_keys,
        is_view=declared.is_view,
        comment=declared.comment,
    )


def declared_kind(kind: Any) -> ColumnKind:
    """The kind that a column's declared SQLAlchemy type stands for; types that nothing can add up are text."""
    checks: tuple[tuple[type[Any], ColumnKind], ...] = (
        (sa.Boolean, "boolean"),
        (sa.Integer, "integer"),
        (sa.Numeric, "number"),
        (sa.DateTime, "datetime"),
        (sa.Date, "date"),
        (sa.LargeBinary, "binary"),
        (sa.String, "text"),
    )
    for python_type, name in checks:
        if isinstance(kind, python_type):
            return name
    text = str(kind).upper() if not isinstance(kind, sa.types.NullType) else ""
    for word in _MORE_KINDS:
        if text.startswith(word):
            return _KIND_OF_WORD.get(word, "number")
    return "text"


def _main_date(tables: tuple[TableSchema, ...]) -> str:
    """The first date column of the base table with most rows: what periods most likely refer to."""
    dated = [t for t in tables if any(c.is_time for c in t.columns)]
    base = [t for t in dated if not t.is_view] or dated
    if not base:
        return ""
    largest = max(base, key=lambda t: (bool(t.foreign_keys), t.rows))
    first = next(c for c in largest.columns if c.is_time)
    return f"{largest.name}.{first.name}"
