"""Filters of a typed query as SQL conditions, with values brought to the column's type and spelling.

A day compared with a column that holds times means the whole day: ranges are half-open.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from rapidfuzz import process
from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.lexicon import translate_value
from clawdbot.tools.database.naming import Named, find_column
from clawdbot.tools.database.typed import Filter, Value

_COMPARE: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    ">": exp.GT,
    ">=": exp.GTE,
    "<": exp.LT,
    "<=": exp.LTE,
}
_TRUE = {"true", "yes", "y", "t", "1", "是", "对", "有"}
_FALSE = {"false", "no", "n", "f", "0", "否", "不", "无"}


def condition(catalog: Catalog, given: Filter) -> exp.Expr:
    """The condition in SQL; RetryableToolError when a value does not fit the column."""
    named = find_column(catalog, given.column)
    column = named.expression
    if given.op == "is_null":
        return exp.Is(this=column, expression=exp.Null())
    if given.op == "not_null":
        return exp.Not(this=exp.Is(this=column, expression=exp.Null()))
    if given.other_column is not None:
        return _between_columns(catalog, named, find_column(catalog, given.other_column), given.op)
    if given.op in ("contains", "starts"):
        return _like(column, str(given.value), given.op)
    if named.column.is_time:
        return _on_dates(named, given)
    if given.op == "between":
        low, high = (_literal(named, v) for v in given.values)
        return exp.Between(this=column, low=low, high=high)
    if given.op in ("in", "not_in"):
        found = exp.In(this=column, expressions=[_literal(named, v) for v in given.values])
        return found if given.op == "in" else exp.Not(this=found)
    assert given.value is not None  # Filter checks that a comparison has a value
    return _COMPARE[given.op](this=column, expression=_literal(named, given.value))


def tables_of(catalog: Catalog, given: Filter) -> set[str]:
    """The tables that a filter looks at."""
    names = {find_column(catalog, given.column).table.name}
    if given.other_column is not None:
        names.add(find_column(catalog, given.other_column).table.name)
    return names


def compare(left: exp.Expr, op: str, value: float) -> exp.Expr:
    """``left`` compared with a number."""
    return _COMPARE[op](this=left, expression=_number(value))


def _between_columns(catalog: Catalog, left: Named, right: Named, op: str) -> exp.Expr:
    a, b = left.expression, right.expression
    if left.column.is_time != right.column.is_time or left.column.is_number != right.column.is_number:
        raise RetryableToolError(
            f"{left.label!r} ({left.column.kind}) cannot be compared with {right.label!r} ({right.column.kind}).",
            hint="Compare columns of the same kind.",
        )
    if left.column.kind != right.column.kind and left.column.is_time and catalog.dialect == "sqlite":
        a, b = (exp.Anonymous(this="DATE", expressions=[x]) for x in (a, b))
    return _COMPARE[op](this=a, expression=b)


def _like(column: exp.Expr, text: str, op: str) -> exp.Expr:
    _check_text(text)
    escaped = text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    pattern = f"%{escaped}%" if op == "contains" else f"{escaped}%"
    lowered = exp.Lower(this=exp.cast(column, "text"))
    like = exp.Like(this=lowered, expression=exp.Literal.string(pattern))
    return exp.Escape(this=like, expression=exp.Literal.string("!"))


def _on_dates(named: Named, given: Filter) -> exp.Expr:
    column = named.expression
    spans = [_span(named, v) for v in (given.values or (given.value,))]
    start, end = spans[0]
    if given.op in ("in", "not_in"):
        found: exp.Expr = exp.Paren(this=exp.or_(*(_range(column, s, e) for s, e in spans)))
        return found if given.op == "in" else exp.Not(this=found)
    if given.op == "between":
        return _range(column, start, spans[1][1])
    if given.op in ("=", "!="):
        found = exp.Paren(this=_range(column, start, end))
        return found if given.op == "=" else exp.Not(this=found)
    bound, kind = {
        ">": (end, exp.GTE),
        ">=": (start, exp.GTE),
        "<": (start, exp.LT),
        "<=": (end, exp.LT),
    }[given.op]
    return kind(this=column, expression=exp.Literal.string(bound.isoformat()))


def _range(column: exp.Expr, start: date, end: date) -> exp.Expr:
    return exp.And(
        this=exp.GTE(this=column.copy(), expression=exp.Literal.string(start.isoformat())),
        expression=exp.LT(this=column.copy(), expression=exp.Literal.string(end.isoformat())),
    )


def _span(named: Named, value: Value | None) -> tuple[date, date]:
    """'1997', '1997-05' and '1997-05-01' as half-open ranges of days."""
    text = str(value).strip()[:10]
    parts = text.replace("/", "-").split("-")
    try:
        if len(parts) == 1:
            return date(int(parts[0]), 1, 1), date(int(parts[0]) + 1, 1, 1)
        year, month = int(parts[0]), int(parts[1])
        if len(parts) == 2:
            return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
        day = date(year, month, int(parts[2]))
        return day, day + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise RetryableToolError(
            f"{value!r} is no date for {named.label!r}.", hint="Write YYYY, YYYY-MM or YYYY-MM-DD."
        ) from error


def _literal(named: Named, value: Value) -> exp.Expr:
    kind = named.column.kind
    if kind == "boolean":
        return exp.Boolean(this=_truth(named, value))
    if named.column.is_number:
        return _number(_as_number(named, value))
    if kind == "binary":
        raise RetryableToolError(f"{named.label!r} holds binary data.", hint="Filter by another column.")
    return exp.Literal.string(spelled(named, value))


def spelled(named: Named, value: Value) -> str:
    """The value as the column writes it: letter case and language are mended when all values are known."""
    text = ("1" if value else "0") if isinstance(value, bool) else str(value)
    _check_text(text)
    known = named.column.values
    if not known or text in known:
        return text
    folded = {k.casefold(): k for k in known}
    for option in (text, *translate_value(text)):
        if option.casefold() in folded:
            return folded[option.casefold()]
    near = [str(hit[0]) for hit in process.extract(text, known, limit=5)]
    raise RetryableToolError(
        f"No row of {named.label!r} has {text!r}.", hint=f"Nearest values: {', '.join(map(repr, near))}."
    )


def _truth(named: Named, value: Value) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise RetryableToolError(f"{named.label!r} is true or false, not {value!r}.", hint="Use true or false.")


def _as_number(named: Named, value: Value) -> float | int:
    if isinstance(value, (bool, int)):
        return int(value)
    try:
        number = float(str(value).replace(",", "").strip())
    except ValueError as error:
        raise RetryableToolError(f"{named.label!r} is a number, not {value!r}.", hint="Give a number.") from error
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _number(value: float | int) -> exp.Expr:
    if isinstance(value, float) and not math.isfinite(value):
        raise RetryableToolError(f"{value!r} is no number to compare with.", hint="Give a finite number.")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    literal = exp.Literal.number(repr(abs(value)))
    return exp.Neg(this=literal) if value < 0 else literal


def _check_text(text: str) -> None:
    if "\x00" in text or len(text) > 500:
        raise RetryableToolError("A value holds NUL or is longer than 500 characters.", hint="Give a short text.")
