"""The model's short form of a query, completed with what the brief fixed.

A measure is written as one string: a name ('revenue'), 'count TABLE' or 'HOW TABLE.COLUMN'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, get_args

from pydantic import ValidationError

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.asked import Asked, Hints
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.lexicon import related, split_name, stem, synonyms
from clawdbot.tools.database.linking import Links
from clawdbot.tools.database.typed import Filter, How, MeasureRef, Order, Period, TypedQuery

_TIME_WORDS = frozenset({"date", "time", "at", "on", "day", "datetime", "日期", "时间"})
_EXCEPT = re.compile(
    r"\b(?:except|excluding|without|other than|but not|not (?:in|from)|or)\b|除|不含|不包括|非|以外|或", re.IGNORECASE
)
_SMALL_WORDS = frozenset(
    {"in", "on", "at", "to", "of", "by", "from", "for", "per", "and", "or", "with", "is", "no", "last"}
)


def read_arguments(arguments: Mapping[str, Any]) -> TypedQuery:
    """The model's arguments as a query; RetryableToolError in one line when they make no sense."""
    given = {k: v for k, v in arguments.items() if v not in (None, [], "")}
    try:
        columns = tuple(given.get("columns", ()))
        having = given.get("having")
        sort = given.get("sort")
        if sort and sort not in columns:
            columns = (*columns, sort)
        order = None
        if sort:
            order = Order(by="column", n=columns.index(sort) + 1, desc=given.get("order") != "asc")
        elif given.get("order") and not columns:
            order = Order(by="measure", desc=given["order"] == "desc")
        return TypedQuery(
            measures=tuple(read_measure(m) for m in dict.fromkeys(given.get("measures", ()))),
            columns=columns,
            by=tuple(dict.fromkeys(given.get("by", ()))),
            per=given.get("per"),
            time=given.get("time"),
            filters=merge_filters([Filter.model_validate(f) for f in given.get("filters", ())]),
            having=(having,) if having else (),
            without=given.get("without"),
            order=order,
            limit=given.get("limit"),
            share=bool(given.get("share")),
            change=given.get("change"),
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RetryableToolError(f"{where}: {first['msg']}".lstrip(": "), hint="Change that argument.") from error


def read_measure(text: str) -> MeasureRef:
    """'revenue', 'count Orders' or 'avg Orders.Freight'."""
    how, _, rest = text.partition(" ")
    if rest and how in get_args(How):
        return MeasureRef.model_validate({"of": rest, "how": how})
    return MeasureRef(of=text)


def merge_filters(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Two values wanted of one column mean either of them; a repeated condition stands once."""
    found: dict[tuple[str, str], list[Filter]] = {}
    for given in dict.fromkeys(filters):
        single = given.op in ("=", "!=") and given.value is not None and given.other_column is None
        key = (given.column, given.op) if single else (given.column, repr(given))
        found.setdefault(key, []).append(given)
    merged = []
    for same in found.values():
        if len(same) == 1:
            merged.append(same[0])
            continue
        values = tuple(f.value for f in same if f.value is not None)
        merged.append(Filter(column=same[0].column, op="in" if same[0].op == "=" else "not_in", values=values))
    return tuple(merged)


def apply_brief(query: TypedQuery, hints: Hints, asked: Asked, *, catalog: Catalog, links: Links) -> TypedQuery:
    """The query with the brief's periods, time step, ranking, share and change; the model is not asked for them."""
    changes: dict[str, Any] = {"filters": _all_mentioned(query.filters, links, hints.question)}
    changes["periods"] = read_periods(hints) or query.periods
    if query.time is None and (changes["periods"] or hints.grain):
        changes["time"] = _spoken_date(hints.question, catalog, links)
    if query.measures:
        changes["per"] = query.per or hints.grain
        changes["share"] = query.share or (asked.share and bool(query.by or query.filters))
        change = query.change or asked.change
        several = len(changes["periods"]) > 1
        changes["change"] = change if changes["per"] or several or (change and changes["periods"]) else None
        if hints.order:
            changes["order"] = Order(by="measure", desc=hints.order == "desc")
    elif hints.order and query.order:
        changes["order"] = query.order.model_copy(update={"desc": hints.order == "desc"})
    if query.columns and len(changes["periods"]) > 1:
        changes["periods"] = (_span(changes["periods"]),)
    if hints.position:
        changes |= {"limit": 1, "offset": hints.position - 1}
    elif hints.limit:
        changes["limit"] = hints.limit
    return TypedQuery.model_validate({**query.model_dump(), **_plain(changes)})


def _all_mentioned(filters: Sequence[Filter], links: Links, question: str) -> tuple[Filter, ...]:
    """'Customers in France and Spain': where the model wrote one of the values that the question names, all count."""
    if _EXCEPT.search(question):
        return tuple(filters)
    mentioned: dict[str, dict[str, set[str]]] = {}
    for hit in links.hits:
        mentioned.setdefault(f"{hit.table}.{hit.column}", {}).setdefault(hit.mention.casefold(), set()).add(hit.value)
    out = []
    for given in filters:
        values = [v for found in mentioned.get(given.column, {}).values() if len(found) == 1 for v in found]
        if given.op == "=" and given.value in values and len(set(values)) > 1:
            out.append(Filter(column=given.column, op="in", values=tuple(dict.fromkeys(values))))
        else:
            out.append(given)
    return tuple(out)


def _plain(changes: Mapping[str, Any]) -> dict[str, Any]:
    plain = {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in changes.items()}
    plain["periods"] = [p.model_dump() for p in changes["periods"]]
    plain["filters"] = [f.model_dump() for f in changes["filters"]]
    return plain


def read_periods(hints: Hints) -> tuple[Period, ...]:
    """The brief's periods."""
    return tuple(Period(start=p.get("start"), end=p.get("end"), label=p.get("label") or "") for p in hints.periods)


def _span(periods: Sequence[Period]) -> Period:
    """One period from the first start to the last end."""
    starts, ends = [p.start for p in periods], [p.end for p in periods]
    return Period(
        start=None if None in starts else min(s for s in starts if s),
        end=None if None in ends else max(e for e in ends if e),
        label=" + ".join(p.label for p in periods),
    )


def _spoken_date(question: str, catalog: Catalog, links: Links) -> str | None:
    """The date column whose own word the question says ('shipped in May'), when it is only one."""
    found = []
    for name in links.columns:
        table, _, own = name.rpartition(".")
        schema = catalog.table(table)
        column = schema.column(own) if schema else None
        if schema is None or column is None or not column.is_time or schema.is_view:
            continue
        of_table = split_name(table)
        words = [w for w in split_name(own) if w not in _TIME_WORDS and not any(related(w, t) for t in of_table)]
        others = _other_words(catalog) - set(of_table)
        if words and all(_said(w, " ".join(split_name(own)), question.lower(), others) for w in words):
            found.append(name)
    return found[0] if len(found) == 1 else None


def _said(word: str, whole: str, question: str, others: Set[str]) -> bool:
    """The question has the word (or one that begins with it), or a synonym of it or of the whole name.

    Not as the first half of another name: 'ship country', 'shipping company', '发货国家' are no days of shipping.
    """
    for name in synonyms(word) | synonyms(whole):
        if not name.isascii():
            if re.search(rf"{re.escape(name)}(?!的?(?:国|城|地|省|州|区|方式|公司|商|人|员|费|量))", question):
                return True
        elif any(
            stem(m[1] or "") not in others for m in re.finditer(rf"\b{re.escape(name)}\w*(?:\s+(\w+))?", question)
        ):
            return True
    return False


def _other_words(catalog: Catalog) -> frozenset[str]:
    """Words of columns that are no dates."""
    named = (split_name(c.name) for t in catalog.tables for c in t.columns if not c.is_time)
    return frozenset(word for words in named for word in words) - _SMALL_WORDS
