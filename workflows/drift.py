"""What a frozen tool call stands on, and what of it has changed since.

A call that was taken over from a run is right as long as its tables, columns, keys, measures and values are what they
were.  New columns and new values change nothing; what a call uses and cannot find any more does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict, Field
from sqlglot import exp

from clawdbot.config import Config
from clawdbot.errors import ClawdbotError
from clawdbot.text.language import Language
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.guard import guard
from clawdbot.tools.database.measures import Measure, discover

_MOST_VALUES = 50


class UsedValues(BaseModel):
    """Values of one column that a condition names, and all that the column held when they were few."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    used: list[str]
    known: list[str] = []


class StandsOn(BaseModel):
    """What one frozen call stands on in a database, as it was at freezing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: str = ""
    columns: dict[str, str] = Field({}, description="Kind of each column that is used, by 'Table.Column'.")
    keys: dict[str, str] = Field({}, description="Foreign keys between the tables that are used.")
    measures: dict[str, str] = Field({}, description="Meaning of each business measure that is used.")
    values: dict[str, UsedValues] = Field({}, description="Values that conditions name, by 'Table.Column'.")
    fingerprint: str = Field("", description="SHA-256 of all of the above.")

    def sealed(self) -> StandsOn:
        """The same with its fingerprint."""
        return self.model_copy(update={"fingerprint": self.digest()})

    def digest(self) -> str:
        """SHA-256 over the record."""
        body = self.model_dump(mode="json", exclude={"fingerprint"})
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "edited": "步骤的依据记录被改动过（指纹不符）",
        "database": "数据库 {name!r} 无法使用：{why}",
        "table": "表 {name} 不存在了",
        "column": "列 {name} 不存在了",
        "kind": "列 {name} 的类型由 {before} 变为 {after}",
        "key": "外键 {name} → {before} 不存在了",
        "measure": "指标 {name} 的定义由“{before}”变为“{after}”",
        "gone": "指标 {name} 没有定义了",
        "value": "{name} 中没有 {before!r} 了{new}",
        "new": "，新出现的值：{values}",
    },
    "en": {
        "edited": "the record of what the step stands on was edited (its fingerprint does not fit)",
        "database": "the database {name!r} cannot be used: {why}",
        "table": "there is no table {name} any more",
        "column": "there is no column {name} any more",
        "kind": "the column {name} was {before} and is {after} now",
        "key": "the foreign key {name} -> {before} is gone",
        "measure": "the measure {name} was {before!r} and is {after!r} now",
        "gone": "the measure {name} is not defined any more",
        "value": "{name} holds no {before!r} any more{new}",
        "new": "; new there: {values}",
    },
}


def record_query(
    databases: Databases,
    config: Config,
    database: str,
    sql: str,
    *,
    measures: Iterable[str] = (),
    values: Mapping[str, Iterable[str]] | None = None,
) -> StandsOn:
    """What a statement stands on now; ToolError when it is not valid there."""
    catalog = databases.current_catalog(database)
    columns = guard(sql, catalog).columns
    tables = {name.rpartition(".")[0] for name in columns}
    known = discover(catalog, config.databases[database].measures)
    return StandsOn(
        database=database,
        columns={name: kind for name in sorted(columns) if (kind := _kind(catalog, name))},
        keys=dict(sorted(_keys(catalog, tables).items())),
        measures={name: _meaning(catalog, known[name]) for name in sorted(set(measures)) if name in known},
        values={name: _used(catalog, name, used) for name, used in sorted((values or {}).items())},
    ).sealed()


def changes(stands_on: StandsOn, databases: Databases, config: Config, *, language: Language) -> tuple[str, ...]:
    """What has changed since freezing, a clause each, in ``language``; empty: the call is as right as it was."""
    words = _WORDS[language]
    if stands_on.fingerprint and stands_on.fingerprint != stands_on.digest():
        return (words["edited"],)
    if not stands_on.database:
        return ()
    found: list[str] = []
    try:
        for clause in _of_database(stands_on, databases, config, words):
            found.append(clause)
    except ClawdbotError as error:  # a table that is gone can make more than itself unusable
        found = found or [words["database"].format(name=stands_on.database, why=str(error))]
    return tuple(dict.fromkeys(found))


def _of_database(stands_on: StandsOn, databases: Databases, config: Config, words: Mapping[str, str]) -> Iterator[str]:
    catalog = databases.current_catalog(stands_on.database)
    for name, before in stands_on.columns.items():
        after = _kind(catalog, name)
        if catalog.table(name.rpartition(".")[0]) is None:
            yield words["table"].format(name=name.rpartition(".")[0])
        elif after is None:
            yield words["column"].format(name=name)
        elif after != before:
            yield words["kind"].format(name=name, before=before, after=after)
    keys = _keys(catalog, {name.rpartition(".")[0] for name in stands_on.columns})
    for name, target in stands_on.keys.items():
        if keys.get(name) != target:
            yield words["key"].format(name=name, before=target)
    configured = config.databases[stands_on.database].measures
    known = discover(catalog, configured) if stands_on.measures else {}
    for name, before in stands_on.measures.items():
        if name not in known:
            yield words["gone"].format(name=name)
        elif (after := _meaning(catalog, known[name])) != before:
            yield words["measure"].format(name=name, before=before, after=after)
    for name, values in stands_on.values.items():
        if _kind(catalog, name) is not None:
            yield from _of_values(name, values, catalog, databases, words)


def _of_values(
    name: str, values: UsedValues, catalog: Catalog, databases: Databases, words: Mapping[str, str]
) -> Iterator[str]:
    """A value that no row holds any more is drift when the column is no short list, or has got new values instead:
    else there are just no such rows now."""
    now = _present(name, catalog, databases, values)
    new = sorted(now - {*values.known, *values.used})
    for used in values.used:
        if used not in now and (new or not values.known):
            told = words["new"].format(values=", ".join(new[:5])) if new else ""
            yield words["value"].format(name=name, before=used, new=told)


def _present(name: str, catalog: Catalog, databases: Databases, values: UsedValues) -> set[str]:
    """The values of the column now: all when they were few, else those of the used ones that are there."""
    table, _, column = name.rpartition(".")
    source, read = exp.to_table(table, dialect=catalog.dialect), exp.column(column, quoted=True)
    source.this.set("quoted", True)
    select = exp.select(read).distinct().from_(source)
    if not values.known:
        select = select.where(read.isin(*values.used))
    rows = databases.run(catalog.name, select.sql(catalog.dialect), max_rows=10 * _MOST_VALUES).frame
    return {str(value) for value in rows.iloc[:, 0].dropna()}


def _kind(catalog: Catalog, name: str) -> str | None:
    table, _, column = name.rpartition(".")
    schema = catalog.table(table)
    found = schema.column(column) if schema else None
    return found.kind if found else None


def _keys(catalog: Catalog, tables: set[str]) -> dict[str, str]:
    found = {}
    for table in catalog.tables:
        for key in table.foreign_keys:
            if table.name in tables and key.ref_table in tables:
                own = ", ".join(f"{table.name}.{c}" for c in key.columns)
                found[own] = ", ".join(f"{key.ref_table}.{c}" for c in key.ref_columns)
    return found


def _meaning(catalog: Catalog, measure: Measure) -> str:
    per = f" per {measure.per.sql(catalog.dialect)}" if measure.per is not None else ""
    return f"{measure.aggregate} of {measure.expression.sql(catalog.dialect)}{per}"


def _used(catalog: Catalog, name: str, used: Iterable[str]) -> UsedValues:
    table, _, column = name.rpartition(".")
    schema = catalog.table(table)
    found = schema.column(column) if schema else None
    return UsedValues(used=sorted(set(used)), known=list(found.values[:_MOST_VALUES]) if found else [])
