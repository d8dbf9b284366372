"""Comparisons of dates with what people write, made right for columns that hold a time of day.

'1997-12-31' as the end of a range includes that day, '1997-05' is a month, '1997' a year; all become half-open
ranges.  Numbers compared with text parts, as in STRFTIME('%m', d) = 5, become integer parts.
"""

from __future__ import annotations

import datetime as dt
import re

from sqlglot import exp

from clawdbot.tools.database import moments
from clawdbot.tools.database.kinds import is_moment, kind_of
from clawdbot.tools.database.rewriting import rewrite

_WRITTEN = re.compile(
    r"\s*(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?)?)?月?年?\s*"
)
_MIRROR: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}
_UNIT_OF_CODE = {
    "%Y": "year",
    "%m": "month",
    "%d": "day",
    "%H": "hour",
    "%M": "minute",
    "%S": "second",
    "%j": "doy",
    "%W": "week",
    "%w": "dow",
    "%Q": "quarter",
    "%-m": "month",
    "%-d": "day",
    "%s": "epoch",
}
Range = tuple[str, str]


def compare_moments(tree: exp.Query) -> exp.Query:
    """Rewrite comparisons in place; returns the tree."""
    return rewrite(tree, _replaced)


def written_range(text: str) -> Range | None:
    """The half-open range that a written year, month, day or second covers, as ISO text; None for other text."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(g) if g else None for g in match.groups())
    try:
        start = dt.datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0)
        if hour or minute or second:
            end = start + dt.timedelta(seconds=1)
        elif day:
            end = start + dt.timedelta(days=1)
        elif month:
            end = start.replace(year=start.year + month // 12, month=month % 12 + 1)
        else:
            end = start.replace(year=start.year + 1)
    except (ValueError, OverflowError):
        return None
    return _iso(start), _iso(end)


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d") if moment.time() == dt.time() else moment.strftime("%Y-%m-%d %H:%M:%S")


def _replaced(node: exp.Expr) -> exp.Expr:
    if isinstance(node, tuple(_MIRROR)):
        return _compared(node)
    if isinstance(node, exp.Between):
        return _between(node)
    if isinstance(node, exp.In) and node.expressions:
        return _among(node)
    if isinstance(node, exp.Like):
        return _like(node)
    if isinstance(node, exp.Sub) and is_moment(node.this) and is_moment(node.expression):
        return moments.call(moments.DIFF, "day", node.this, node.expression)
    if isinstance(node, (exp.Add, exp.Sub)) and is_moment(node.this) and kind_of(node.expression) == "integer":
        amount = node.expression if isinstance(node, exp.Add) else exp.Neg(this=node.expression)
        return moments.call(moments.SHIFT, node.this, amount, "day")
    if moments.form(node) == moments.TEXT and node.expressions[0].name == "%Q":
        return moments.call(moments.PART, "quarter", node.expressions[1])
    return node


def _compared(node: exp.Expr) -> exp.Expr:
    left, right = node.this, node.expression
    kind: type[exp.Expr] = type(node)
    if _literal(left) is not None and _literal(right) is None:
        left, right, kind = right, left, _MIRROR[kind]
    part = _as_part(left)
    number = _whole(right)
    if part is not None and number is not None:
        return kind(this=part, expression=number)
    span = _span(right)
    if _is_moment(left) and span is not None:
        return _against(left, kind, span)
    if _holds_time(left) and kind_of(right) == "date" and kind in (exp.EQ, exp.NEQ, exp.LTE, exp.GT):
        return kind(this=moments.call(moments.DATE, left), expression=right)
    return node


def _against(column: exp.Expr, kind: type[exp.Expr], span: Range) -> exp.Expr:
    start, end = (exp.Literal.string(t) for t in span)
    if kind in (exp.EQ, exp.NEQ):
        inside = exp.and_(exp.GTE(this=column, expression=start), exp.LT(this=column.copy(), expression=end))
        return exp.paren(inside) if kind is exp.EQ else exp.Not(this=exp.paren(inside))
    if kind is exp.LTE:
        return exp.LT(this=column, expression=end)
    if kind is exp.GT:
        return exp.GTE(this=column, expression=end)
    return kind(this=column, expression=start)


def _between(node: exp.Between) -> exp.Expr:
    low, high = node.args["low"], node.args["high"]
    part, first, last = _as_part(node.this), _whole(low), _whole(high)
    if part is not None and first is not None and last is not None:
        return exp.Between(this=part, low=first, high=last)
    start, end = _span(low), _span(high)
    if _is_moment(node.this) and start is not None and end is not None:
        lower = exp.GTE(this=node.this, expression=exp.Literal.string(start[0]))
        upper = exp.LT(this=node.this.copy(), expression=exp.Literal.string(end[1]))
        return exp.paren(exp.and_(lower, upper))
    if _holds_time(node.this) and kind_of(high) == "date":
        return exp.Between(this=moments.call(moments.DATE, node.this), low=low, high=high)
    return node


def _among(node: exp.In) -> exp.Expr:
    part = _as_part(node.this)
    numbers = [_whole(e) for e in node.expressions]
    if part is not None and all(n is not None for n in numbers):
        return exp.In(this=part, expressions=numbers)
    spans = [_span(e) for e in node.expressions]
    if _is_moment(node.this) and all(spans):
        return exp.paren(exp.or_(*(_against(node.this.copy(), exp.EQ, s) for s in spans if s)))
    return node


def _like(node: exp.Like) -> exp.Expr:
    pattern = _literal(node.expression)
    if not _is_column(node.this) or pattern is None:
        return node
    span = written_range(pattern.rstrip("%").rstrip("-/ ")) if pattern.endswith("%") else written_range(pattern)
    return _against(node.this, exp.EQ, span) if span is not None else node


def _is_column(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and is_moment(node)


def _is_moment(node: exp.Expr) -> bool:
    return _literal(node) is None and is_moment(node)


def _holds_time(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and kind_of(node) == "datetime"


def _literal(node: exp.Expr) -> str | None:
    """The text of a string literal, also inside a cast to a date."""
    if moments.form(node) in (moments.DATE, moments.TIME) and len(node.expressions) == 1:
        node = node.expressions[0]
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def _span(node: exp.Expr) -> Range | None:
    text = _literal(node)
    return written_range(text) if text is not None else None


def _as_part(node: exp.Expr) -> exp.Expr | None:
    """The integer part that a one-code text of a moment stands for."""
    while isinstance(node, (exp.Cast, exp.Paren)):
        node = node.this
    if moments.form(node) == moments.PART:
        return node
    if moments.form(node) != moments.TEXT:
        return None
    unit = _UNIT_OF_CODE.get(node.expressions[0].name)
    return moments.call(moments.PART, unit, node.expressions[1]) if unit else None


def _whole(node: exp.Expr) -> exp.Expr | None:
    """A whole number, also written as text such as '05' or 'Q2'."""
    if isinstance(node, exp.Cast):
        node = node.this
    if not isinstance(node, exp.Literal):
        return None
    text = node.name.strip().lstrip("Qq")
    return exp.Literal.number(int(text)) if text.isascii() and text.isdigit() else None
