"""The part of a database that a question is about: few tables and columns, so that a small model cannot stray."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.asked import Asked
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema, ValueHit
from clawdbot.tools.database.entities import (
    display_columns,
    displays,
    in_language,
    is_identifier,
    is_long_text,
    is_time_part,
    reference,
    translations,
)
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.lexicon import concepts_of, meanings, split_name
from clawdbot.tools.database.linking import NAMED, PLACES, Links
from clawdbot.tools.database.measures import Measure

MOST_TABLES, MOST_COLUMNS = 6, 40
_HINTED = 0.75
_HAN = re.compile(r"[\u3400-\u9fff]")
_FEW = 30
_KINDS = frozenset({"category", "type", "status", "country", "region", "brand", "channel", "industry"})
_CLASSES = frozenset({"category", "type", "brand", "channel", "industry", "genre"})
"""What a common noun ('饮料') names before it could be somebody's name."""
PLUMBING = frozenset(
    {"address", "phone", "fax", "postal", "zip", "homepage", "url", "photo", "picture", "path", "extension", "email"}
)
"""Words of columns that a question about numbers hardly needs."""
_GROUPABLE = 60
"""Distinct values up to which a text column that is no name is something to group by."""


@dataclass(frozen=True, kw_only=True)
class Focus:
    """What is offered for a question, best first."""

    tables: tuple[str, ...]
    measures: tuple[str, ...]
    """As a model writes them: 'revenue', 'count Orders', 'avg Orders.Freight'."""
    by: tuple[str, ...]
    columns: tuple[str, ...]
    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    hits: tuple[ValueHit, ...]
    guesses: tuple[str, ...] = ()
    """Columns with few values, one of which an unknown word of the goal may mean in another language."""


def focus(
    catalog: Catalog, measures: Mapping[str, Measure], links: Links, asked: Asked, *, language: str = "en"
) -> Focus:
    """The tables, measures and columns that a question may use."""
    hits = best_hits(catalog, links)
    valued = {f"{h.table}.{h.column}" for h in hits}
    tables = _tables(catalog, measures, links, hits)
    schemas = [t for name in tables if (t := catalog.table(name))]
    ranked = sorted(
        ((t, c) for t in schemas for c in t.columns if c.kind != "binary"),
        key=lambda pair: -_score(pair, links, valued),
    )
    shown = [(t, c) for t, c in ranked if not _is_noise(t, c, links)][:MOST_COLUMNS]
    groups = [(t, c) for t, c in shown if _groups(t, c) or (c.kind == "text" and _said(t, c, links))]
    by = _without_twins([f"{t.name}.{c.name}" for t, c in _said_first(groups, links, valued)], catalog, links)
    groups_said = [c for c in by if c in links.groups or _names_group(c, catalog, links)]
    by = groups_said or by if asked.one_group else [*groups_said, *(c for c in by if c not in groups_said)]
    fixed = {c for c in valued if len({h.value for h in hits if f"{h.table}.{h.column}" == c}) == 1}
    by = [name for name in by if name not in fixed] or by
    by = list(dict.fromkeys(_spoken(name, catalog, language) for name in by))
    by = [name for name in by if name not in _counted_names(catalog, links)] or by
    numbers = [
        f"{t.name}.{c.name}" for t, c in shown if c.is_number and not is_identifier(t, c) and not is_time_part(c)
    ]
    return Focus(
        tables=tuple(tables),
        measures=tuple(_measures(catalog, measures, links, asked, numbers, tables)),
        by=tuple(by[:12]),
        columns=tuple(f"{t.name}.{c.name}" for t, c in shown),
        numbers=tuple(numbers),
        dates=tuple(f"{t.name}.{c.name}" for t, c in shown if c.is_time),
        hits=hits,
        guesses=_guesses(catalog, tables, places=links.placed) if links.unknown and not hits else (),
    )


def _guesses(catalog: Catalog, tables: list[str], *, places: bool) -> tuple[str, ...]:
    graph = JoinGraph(catalog)
    found: list[tuple[bool, float, str]] = []
    for name, cost in graph.distances(tables[0]).items():
        table = catalog.table(name)
        if table is None or not graph.reaches_up(tables[0], name):
            continue
        for column in table.columns:
            few = 1 < len(column.values) <= _FEW and not any(_HAN.search(v) for v in column.values)
            plain = not set(split_name(column.name)) & PLUMBING and not is_long_text(table, column)
            kind = displays(table, column.name) or meanings(column.name) & _KINDS
            if places:
                kind = meanings(column.name) & PLACES
            if few and plain and kind and column.kind == "text":
                found.append((not displays(table, column.name), cost, f"{name}.{column.name}"))
    kinds = [name for _, _, name in sorted(found) if any(meanings(n) & _CLASSES for n in name.split("."))]
    return tuple(kinds[:2] or [name for _, _, name in sorted(found)[:4]])


def _said_first(
    groups: list[tuple[TableSchema, ColumnSchema]], links: Links, valued: set[str]
) -> list[tuple[TableSchema, ColumnSchema]]:
    """Columns that the goal names; else those it hints at; else those of tables that it names; else all."""
    named = [pair for pair in groups if _score(pair, links, valued) >= 1.5]
    hinted = [pair for pair in groups if _score(pair, links, valued) >= 0.5]
    near = [pair for pair in groups if links.names_table(pair[0].name)]
    return named or hinted or near or groups


def _score(pair: tuple[TableSchema, ColumnSchema], links: Links, valued: set[str]) -> float:
    name = f"{pair[0].name}.{pair[1].name}"
    return links.columns.get(name, 0.0) + (NAMED if name in valued else 0.0)


def best_hits(catalog: Catalog, links: Links) -> tuple[ValueHit, ...]:
    """For each mention the columns that fit best: of a table that the goal names, else of the customers."""
    by_mention: dict[str, list[tuple[float, ValueHit]]] = {}
    for hit in links.hits:
        table = catalog.table(hit.table)
        if table is None or table.is_view:
            continue
        score = links.columns.get(f"{hit.table}.{hit.column}", 0.0) + links.tables.get(hit.table, 0.0)
        if "customer" in {c for w in split_name(hit.table) for c in concepts_of(w)}:
            score += 1.0
        if hit.column in display_columns(table):
            score += 1.0
        by_mention.setdefault(hit.mention.casefold(), []).append((score, hit))
    found: dict[tuple[str, str, str], ValueHit] = {}
    for scored in by_mention.values():
        best = max(score for score, _ in scored)
        for score, hit in sorted(scored, key=lambda pair: -pair[0])[:3]:
            if score > best - 1.0:
                found[hit.table, hit.column, hit.value] = hit
    return tuple(found.values())


def _tables(catalog: Catalog, measures: Mapping[str, Measure], links: Links, hits: tuple[ValueHit, ...]) -> list[str]:
    """Named tables, those of named columns, measures and values, and what connects them."""
    scores = dict.fromkeys(links.counted, NAMED + 1)
    for name, score in links.tables.items():
        if score >= NAMED:
            scores[name] = max(scores.get(name, 0.0), score)
    for name in links.measures:
        for table in measures[name].tables:
            scores[table] = max(scores.get(table, 0.0), links.measures[name])
    for column in _without_twins([c for c, s in links.columns.items() if s >= 1.0], catalog, links):
        table = _table(column)
        found = catalog.table(table)
        schema = found.column(column.rsplit(".", 1)[1]) if found else None
        if found and schema and not is_identifier(found, schema) and not found.is_view:
            scores.setdefault(table, links.columns[column])
    for hit in hits:
        scores.setdefault(hit.table, 1.0)
    if not scores:
        return _all_tables(catalog)
    chosen = sorted(scores, key=lambda t: (-scores[t], t))[:MOST_TABLES]
    return _connected(catalog, chosen)


def _names_group(name: str, catalog: Catalog, links: Links) -> bool:
    """The column is the name of a table that the question groups by."""
    table = catalog.table(_table(name))
    return table is not None and table.name in links.groups and displays(table, name.rsplit(".", 1)[1])


def _spoken(name: str, catalog: Catalog, language: str) -> str:
    """The column in the language of the question, where the table has both."""
    table = catalog.table(_table(name))
    return f"{table.name}.{in_language(table, name.rsplit('.', 1)[1], language)}" if table else name


def _counted_names(catalog: Catalog, links: Links) -> set[str]:
    """'How many customers by ...' is not by the customers themselves."""
    if links.measures:
        return set()
    return {f"{t.name}.{c}" for name in links.counted if (t := catalog.table(name)) for c in display_columns(t)}


def _all_tables(catalog: Catalog) -> list[str]:
    tables = [t for t in catalog.tables if not t.is_view and t.rows] or list(catalog.tables)
    return [t.name for t in sorted(tables, key=lambda t: (-len(t.foreign_keys), t.name))][: MOST_TABLES * 2]


def _connected(catalog: Catalog, chosen: list[str]) -> list[str]:
    """The chosen tables and those between them; a table that nothing connects stays, for questions of its own."""
    graph = JoinGraph(catalog)
    found = dict.fromkeys(chosen)
    dated = catalog.date_column.rsplit(".", 1)[0]
    for table in chosen[1:]:
        try:
            found.update(dict.fromkeys(graph.tree(chosen[0], [table]).tables))
        except RetryableToolError:
            continue
    if dated and any(graph.reaches_up(t, dated) for t in found):
        found.setdefault(dated)
    return list(found)


def _is_noise(table: TableSchema, column: ColumnSchema, links: Links) -> bool:
    """Keys that are shown by a name, and long texts, unless the goal says them."""
    if links.columns.get(f"{table.name}.{column.name}", 0.0) >= 3.0:
        return False
    if is_long_text(table, column):
        return True
    if not is_identifier(table, column):
        return False
    return bool(display_columns(table)) or reference(table, column.name) is not None


def _said(table: TableSchema, column: ColumnSchema, links: Links) -> bool:
    """The goal names the column itself; a name that is shown in parts is grouped by its last part alone."""
    named = links.columns.get(f"{table.name}.{column.name}", 0.0) >= 1.5
    return named and not displays(table, column.name) and not is_identifier(table, column)


def _groups(table: TableSchema, column: ColumnSchema) -> bool:
    if column.is_time or column.kind == "number" or is_time_part(column):
        return False
    if displays(table, column.name):
        return column.name in (display_columns(table)[-1], *translations(table).values())
    if set(split_name(column.name)) & PLUMBING or (column.distinct or 0) >= max(table.rows, 2):
        return False
    if column.kind in ("text", "boolean"):
        few = column.distinct is not None and column.distinct <= _GROUPABLE
        return bool(column.values) or few
    return False


def _without_twins(columns: list[str], catalog: Catalog, links: Links) -> list[str]:
    """Of columns of the same name in several tables only the best, unless their tables are named."""
    best: dict[str, float] = {}
    for name in columns:
        own = name.rsplit(".", 1)[1].lower()
        best[own] = max(best.get(own, 0.0), links.columns.get(name, 0.0))
    kept = []
    for name in columns:
        table, own = name.rsplit(".", 1)
        found = catalog.table(table)
        named = links.names_table(table) or (found is not None and own in display_columns(found))
        if named or links.columns.get(name, 0.0) >= best[own.lower()]:
            kept.append(name)
    return kept


def _measures(
    catalog: Catalog,
    measures: Mapping[str, Measure],
    links: Links,
    asked: Asked,
    numbers: list[str],
    tables: list[str],
) -> list[str]:
    """Counted tables and named measures first; then numbers that the goal says; all of them when it says none."""
    found = dict.fromkeys(f"count {t}" for t in links.counted)
    for name in sorted(links.measures, key=lambda n: -links.measures[n]):
        found.setdefault(name)
    known = {
        f"{e.table}.{e.name}" for m in found if m in measures and isinstance(e := measures[m].expression, exp.Column)
    }
    least = _HINTED if not found else 1.0
    said = [n for n in numbers if links.columns.get(n, 0.0) >= least and n not in known]
    for name in said[:4]:
        found.update(dict.fromkeys(f"{how} {name}" for how in _hows(asked)))
    if "count_distinct" in asked.hows:
        texts = [c for c, score in links.columns.items() if score >= 1.5 and c not in numbers and _table(c) in tables]
        found.update(dict.fromkeys(f"count_distinct {c}" for c in _without_twins(texts, catalog, links)[:3]))
    counts = [t for t in tables if links.names_table(t)] or tables
    if not found and asked.most and any(links.names_table(t) for t in tables):
        graph = JoinGraph(catalog)
        counts = [t for t in counts if t not in links.groups] or counts
        detailed = [t for t in counts if not any(o != t and graph.reaches_up(o, t) for o in counts)]
        return [f"count {t}" for t in detailed]
    if not found:
        found.update(dict.fromkeys(n for n in measures if set(measures[n].tables) & set(tables)))
        for name in numbers[:6]:
            found.update(dict.fromkeys(f"{how} {name}" for how in _hows(asked)))
    if not links.measures and not links.counted:
        found.update(dict.fromkeys(f"count {t}" for t in counts))
    return list(found)[:24]


def _hows(asked: Asked) -> list[str]:
    """The aggregates to offer: an average is meant as said, 'highest' may also ask for the highest sum."""
    spoken = [how for how in asked.hows if how != "count_distinct"]
    if "avg" in spoken:
        return ["avg"]
    if asked.total and not spoken:
        return ["sum"]
    return [*spoken, "sum"] if spoken else ["sum", "avg"]


def _table(column: str) -> str:
    return column.rsplit(".", 1)[0]
