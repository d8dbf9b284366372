"""The JSON Schema of one question's typed query: enums of what exists, and only fields with a reason.

What the brief fixed (one period, the time step, the number of rows, the direction) is not asked of the model.
The properties stand in the order in which one decides: measures, by, filters, the rest.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from clawdbot.tools.database.asked import Asked, Hints, compares_columns, direction
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.entities import displays
from clawdbot.tools.database.focus import Focus
from clawdbot.tools.database.joins import JoinGraph
from clawdbot.tools.database.lexicon import concepts_of, meanings, split_name, stem, terms
from clawdbot.tools.database.linking import Links
from clawdbot.tools.database.naming import find_column
from clawdbot.tools.database.negated import negated_states

Schema = dict[str, Any]

_VALUES = 40
_FEW = 4
_SAID = 0.75
_LIMITS = frozenset({"required_date", "due", "reorder_level", "target", "budget", "credit_limit"})
"""What other columns are compared with."""


def build_schema(catalog: Catalog, links: Links, focus: Focus, asked: Asked, hints: Hints) -> Schema:
    """An object schema, or ``anyOf`` an aggregated query and a list of rows when the question leaves it open."""
    shared = _shared(catalog, links, focus, asked, hints)
    forms = []
    if focus.measures and not _only_list(links, focus, asked, hints):
        forms.append(_aggregated(focus, asked, hints, shared, links))
    if focus.columns and (not forms or not _only_measures(links, asked, hints)):
        forms.append(_listed(focus, hints, shared, links))
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _only_measures(links: Links, asked: Asked, hints: Hints) -> bool:
    rows = asked.listing and (asked.without or asked.columns or asked.empty)
    measured = _measured(links, asked) or (hints.grain is not None and not asked.listing)
    return bool(measured or links.counted or asked.most or asked.total or "avg" in asked.hows) and not rows


def _only_list(links: Links, focus: Focus, asked: Asked, hints: Hints) -> bool:
    spoken = (
        _measured(links, asked) or links.counted or hints.grain or asked.share or asked.change or "avg" in asked.hows
    )
    sortable = any(links.columns.get(c, 0.0) >= 1.0 for c in (*focus.numbers, *focus.dates))
    return asked.listing and not spoken and (sortable or not (hints.limit or hints.order))


def _measured(links: Links, asked: Asked) -> bool:
    """A measure is asked for; 'which invoices are overdue' names the amounts of invoices only by their table."""
    tables = {stem(word) for name in links.tables if links.names_table(name) for word in split_name(name)}
    by_name = all(name.endswith("_amount") and set(name.split("_")[:-1]) <= tables for name in links.measures)
    if asked.rows and asked.listing:
        return False
    return bool(links.measures) and (asked.amount or asked.grouped or asked.compares or not by_name)


def _groups(focus: Focus, asked: Asked, hints: Hints, links: Links) -> tuple[int, int]:
    """Fewest and most columns to group by: none for a plain total or a plain series over time."""
    said = [c for c in focus.by if links.columns.get(c, 0.0) >= 1.5]
    most = 1 if asked.one_group else max(1, min(2, len(said)))
    many = (hints.limit or 0) > 1
    if hints.grain:
        wanted = asked.grouped or asked.listing or (many and bool(said))
        return (int(asked.grouped), most) if wanted else (0, 0)
    ranked = bool(hints.limit or hints.order or hints.position or hints.charts)
    plain = (links.counted and focus.hits) or asked.total or _one_average(focus, asked)
    wanted = ranked or (bool(said) and not plain) or asked.grouped or asked.share
    wanted = wanted or (asked.listing and not asked.trend)
    compared = asked.numbers and any(c in links.groups or c.rpartition(".")[0] in links.groups for c in focus.by)
    return (int(asked.grouped or ranked or compared), most) if wanted else (0, 0)


def _one_average(focus: Focus, asked: Asked) -> bool:
    """'The average price of seafood products' is one figure; of Germany and France it is one for each."""
    columns = [(h.table, h.column) for h in {(h.table, h.column, h.value): h for h in focus.hits}.values()]
    return "avg" in asked.hows and not asked.listing and len(columns) == len(set(columns))


def _sides(focus: Focus) -> tuple[str, ...]:
    """The column of which several values are named: 'compare North and South' has a row for each."""
    named = Counter(f"{table}.{column}" for table, column, _ in {(h.table, h.column, h.value) for h in focus.hits})
    return tuple(column for column, values in named.items() if values > 1)


def _aggregated(focus: Focus, asked: Asked, hints: Hints, shared: Schema, links: Links) -> Schema:
    spoken = len(links.measures) + len(links.counted) + sum(links.columns.get(c, 0.0) >= 1.0 for c in focus.numbers)
    numbers = max(1, min(3, spoken or 2, len(focus.measures)))
    properties: Schema = {"measures": _array(focus.measures, least=1, most=numbers)}
    least, most = _groups(focus, asked, hints, links)
    if sides := _sides(focus) if asked.compares or asked.grouped else ():
        properties["by"] = _array(sides, least=1, most=1)
    elif focus.by and most:
        properties["by"] = _array(focus.by, least=least, most=min(most, len(focus.by)))
    if hints.grain is None and asked.trend:
        properties["per"] = {"enum": ["month", "quarter", "year", "week", "day"]}
    properties |= shared
    if asked.numbers and (links.measures or links.counted):
        having = _object({"op": {"enum": [">", ">=", "<", "<=", "="]}, "value": {"type": "number"}})
        other = _compared_numbers(focus, links)
        properties["having"] = {"anyOf": [{"type": "null"}, having]} if other else having
    if asked.sort and hints.order is None:
        properties["order"] = {"enum": ["desc", "asc"]}
    return _object(properties)


def _listed(focus: Focus, hints: Hints, shared: Schema, links: Links) -> Schema:
    properties: Schema = {"columns": _array(focus.columns, least=1, most=6), **shared}
    sortable = [*focus.numbers, *focus.dates]
    sortable = [c for c in sortable if links.columns.get(c, 0.0) >= 1.0] or sortable
    if sortable and (hints.limit or hints.order):
        properties["sort"] = {"enum": sortable}
    return _object(properties)


def _shared(catalog: Catalog, links: Links, focus: Focus, asked: Asked, hints: Hints) -> Schema:
    properties: Schema = {}
    items = _filter_items(catalog, links, focus, asked, hints)
    if items:
        mentions = len({h.mention.casefold() for h in focus.hits}) or int(_only_operator(items[0]) == "!=")
        spoken = (asked.numbers, asked.columns, asked.empty, asked.text, asked.none_left)
        reasons = mentions + sum((*spoken, len(items) > mentions + sum(spoken)))
        properties["filters"] = {
            "type": "array",
            "items": items[0] if len(items) == 1 else {"anyOf": items},
            "minItems": int(mentions > 0 or asked.none_left),
            "maxItems": max(1, min(4, reasons)),
        }
    if asked.without:
        missing = _missing_tables(catalog, focus)
        if not asked.never:
            missing = [t for t in missing if links.names_table(t) or t in links.counted]
        if missing:
            properties["without"] = {"enum": [None, *missing]}
    return properties


def _only_operator(item: Schema) -> str:
    operators = item["properties"]["op"]["enum"]
    return str(operators[0]) if len(operators) == 1 else ""


def _compared_numbers(focus: Focus, links: Links) -> list[str]:
    """Numbers that the goal speaks of; all of them when nothing else could be compared."""
    said = [c for c in focus.numbers if links.columns.get(c, 0.0) >= _SAID]
    return said or ([] if links.measures or links.counted else list(focus.numbers))


def _missing_tables(catalog: Catalog, focus: Focus) -> list[str]:
    """Tables of which another table of the question may have no rows."""
    graph = JoinGraph(catalog)
    found: dict[str, None] = {}
    for table in catalog.tables:
        if table.is_view or not table.foreign_keys or not table.rows:
            continue
        if any(t != table.name and graph.reaches_up(table.name, t) for t in focus.tables):
            found[table.name] = None
    near = [t for t in found if t in focus.tables]
    return (near or list(found))[:8]


def _filter_items(catalog: Catalog, links: Links, focus: Focus, asked: Asked, hints: Hints) -> list[Schema]:
    states = negated_states(hints.question, catalog, focus.tables)
    items: list[Schema] = [_item([column], ["!="], {"enum": [value]}) for column, value in states]
    by_column: dict[str, list[str]] = {}
    for hit in focus.hits:
        if f"{hit.table}.{hit.column}" in {column for column, _ in states}:
            continue
        by_column.setdefault(f"{hit.table}.{hit.column}", []).append(hit.value)
    for column, values in by_column.items():
        items.append(_item([column], ["=", "!="], {"enum": list(dict.fromkeys(values))[:_VALUES]}))
    if asked.none_left and (stocks := [c for c in focus.numbers if "stock" in meanings(c.rsplit(".", 1)[1])]):
        items.append(_item(stocks[:1], ["="], {"enum": [0]}))
    if asked.numbers and (numbers := _compared_numbers(focus, links)):
        items.append(_item(numbers, [">", ">=", "<", "<=", "=", "!="], {"type": "number"}))
    if asked.columns and not any(compares_columns(h.mention) for h in focus.hits):
        items += [item for same in (focus.dates, focus.numbers) if (item := _column_item(same, hints.question))]
    named = [find_column(catalog, c) for c in focus.columns]
    said = [n for n in named if links.columns.get(n.label, 0.0) >= _SAID]
    empty = [
        n.label for n in said if n.column.nullable and not n.column.is_number and not displays(n.table, n.column.name)
    ]
    if asked.empty and empty:
        items.append(_object({"column": {"enum": empty}, "op": {"enum": ["is_null", "not_null"]}}))
    texts = [n.label for n in said if n.column.kind == "text"] or [n.label for n in named if n.column.kind == "text"]
    if asked.text and texts:
        items.append(_item(texts, ["contains", "starts"], {"type": "string", "minLength": 1, "maxLength": 40}))
    ranked = asked.grouped or bool(hints.limit or hints.order)
    flags = [
        n for n in said if not ranked and 1 < len(n.column.values) <= _FEW and not displays(n.table, n.column.name)
    ]
    wanted = [n.label for n in flags if links.columns[n.label] >= 1.5 and n.label not in by_column][:3]
    for column in dict.fromkeys([*wanted, *focus.guesses]):
        items.append(_item([column], ["=", "!="], {"enum": list(find_column(catalog, column).column.values)}))
    return items


def _column_item(same: tuple[str, ...], question: str) -> Schema | None:
    """A column against a limit (a due date, a reorder level, a target), in the direction that the words say."""
    limits = [c for c in same if meanings(c.rsplit(".", 1)[1]) & _LIMITS]
    others = [c for c in same if c not in limits]
    if any("reorder_level" in meanings(c) for c in limits):
        others = [c for c in others if "stock" in meanings(c)] or others
    others = [c for c in others if _says_own_word(question, c)] or others
    if len(same) < 2 or not others:
        return None
    way = direction(question)
    ops: list[str] = [way] if way and limits else [">", "<", ">=", "<="]
    return _item(others if limits else same, ops, {"enum": limits or list(same)}, name="other_column")


def _says_own_word(question: str, column: str) -> bool:
    """A word of the column that is not its table's and not just 'date': 'shipped' says Orders.ShippedDate."""
    table, own = column.rsplit(".", 1)
    common = {stem(w) for w in (*split_name(table), "date", "time")}
    words = [w for w in split_name(own) if stem(w) not in common]
    spoken = set(terms(question))
    meant = {c for t in spoken for c in concepts_of(t)}
    return any(stem(w) in {stem(t) for t in spoken} or concepts_of(w) & meant for w in words)


def _item(columns: list[str] | tuple[str, ...], ops: list[str], value: Schema, *, name: str = "value") -> Schema:
    return _object({"column": {"enum": list(columns)}, "op": {"enum": ops}, name: value})


def _array(values: tuple[str, ...], *, least: int, most: int) -> Schema:
    return {"type": "array", "items": {"enum": list(values)}, "minItems": least, "maxItems": most}


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
