"""The database in a few lines of text for a small context: the relevant tables first."""

from __future__ import annotations

from collections.abc import Mapping

from clawdbot.tools.database.asked import read_question
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema
from clawdbot.tools.database.entities import is_long_text, reference
from clawdbot.tools.database.focus import PLUMBING, Focus, focus
from clawdbot.tools.database.lexicon import split_name
from clawdbot.tools.database.linking import Links
from clawdbot.tools.database.measures import Measure

_SAMPLES = 4
_SAID = 0.75


def describe(
    catalog: Catalog, links: Links, measures: Mapping[str, Measure], *, question: str = "", language: str = "en"
) -> str:
    """Tables with their columns, references and sample values, then the measures and values that the goal names.

    Columns that a question hardly needs (addresses, phones, pictures) are left out unless the goal says them.
    """
    chosen = focus(catalog, measures, links, read_question(question), language=language)
    lines = [f"Database {catalog.name} ({catalog.dialect}):"]
    shown = [_table(t, catalog.date_column, chosen, links) for name in chosen.tables if (t := catalog.table(name))]
    lines += [line for line in shown if not line.endswith("()")]
    others = [t.name for t in catalog.tables if t.name not in chosen.tables and not t.is_view and t.rows]
    if others:
        lines.append(f"Other tables: {', '.join(others[:12])}")
    names = [m.split(" ", 1)[-1] for m in chosen.measures]
    said = [measures[n] for n in dict.fromkeys(names) if n in measures]
    if said:
        lines.append("Measures: " + "; ".join(_measure(m, catalog.dialect) for m in said[:5]))
    if chosen.hits:
        values = [f"{h.mention!r} is {h.table}.{h.column} = {h.value!r}" for h in chosen.hits[:4]]
        lines.append("Values: " + "; ".join(values))
    return "\n".join(lines)


def _table(table: TableSchema, dated: str, chosen: Focus, links: Links) -> str:
    """A table that the goal names with its columns; one that only connects with its references and what is said."""
    valued = {f"{h.table}.{h.column}" for h in chosen.hits}
    columns = []
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        said = links.columns.get(name, 0.0) >= _SAID or name in valued or name == dated
        useful = links.names_table(table.name) and not set(split_name(column.name)) & PLUMBING
        useful = useful and not is_long_text(table, column)
        refers = reference(table, column.name)
        if column.kind != "binary" and (said or useful or (refers and refers[0] in chosen.tables)):
            columns.append(_column(table, column))
    return f"{table.name}({', '.join(columns)})"


def _column(table: TableSchema, column: ColumnSchema) -> str:
    refers = reference(table, column.name)
    if refers:
        return f"{column.name}->{refers[0]}"
    if column.is_time and column.minimum and column.maximum:
        return f"{column.name} {column.minimum[:10]}..{column.maximum[:10]}"
    if column.is_time:
        return f"{column.name} date"
    if 1 < len(column.values) <= 8:
        values = [v if len(v) <= 16 else v[:15] + "…" for v in column.values[:_SAMPLES]]
        return f"{column.name} [{'|'.join(values)}{'|…' if len(column.values) > _SAMPLES else ''}]"
    return column.name


def _measure(measure: Measure, dialect: str) -> str:
    english = next((w for w in measure.words if w.isascii() and w != measure.name), "")
    chinese = next((w for w in measure.words if not w.isascii()), "")
    words = ", ".join(w for w in (english, chinese) if w)
    bare = measure.expression.sql(dialect).replace('"', "")
    for table in measure.tables:
        bare = bare.replace(f"{table}.", "") if len(measure.tables) == 1 else bare
    shown = f"{measure.name} = {measure.aggregate}({bare})" if measure.aggregate != "ratio" else measure.name
    return f"{shown} ({words})" if words else shown
