"""The date forms of :mod:`moments` in PostgreSQL, which has date and timestamp types."""

from __future__ import annotations

import re

from sqlglot import exp

from clawdbot.errors import RetryableToolError

_TO_CHAR = {
    "Y": "YYYY",
    "y": "YY",
    "m": "MM",
    "d": "DD",
    "H": "HH24",
    "M": "MI",
    "S": "SS",
    "j": "DDD",
    "Q": "Q",
    "B": "FMMonth",
    "b": "Mon",
    "A": "FMDay",
    "a": "Dy",
    "W": "IW",
    "-m": "FMMM",
    "-d": "FMDD",
    "-H": "FMHH24",
    "F": "YYYY-MM-DD",
    "T": "HH24:MI:SS",
}
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}


def part(unit: str, x: exp.Expr) -> exp.Expr:
    """An integer part of a moment; weeks are ISO weeks."""
    return exp.cast(_extract(unit, x), exp.DType.INT)


def trunc(unit: str, x: exp.Expr) -> exp.Expr:
    """The first day of the period, as a date; for hours and minutes the instant."""
    cut = _call("DATE_TRUNC", unit, moment(x))
    return cut if unit in _SECONDS else exp.cast(cut, exp.DType.DATE)


def text(pattern: str, x: exp.Expr) -> exp.Expr:
    """The moment as text."""
    if pattern in ("%w", "%s"):  # TO_CHAR counts weekdays from 1 and has no seconds since 1970
        return exp.cast(part("dow" if pattern == "%w" else "epoch", x), exp.DType.TEXT)
    out = ""
    for piece in re.findall(r"%-?.|[^%]+", pattern, re.DOTALL):
        if piece == "%%":
            out += "%"
        elif piece.startswith("%"):
            if piece[1:] not in _TO_CHAR:
                raise unsupported(f"the date format code {piece}")
            out += _TO_CHAR[piece[1:]]
        else:
            out += re.sub(r"[A-Za-z]+", lambda m: f'"{m.group()}"', piece)
    return _call("TO_CHAR", moment(x), out)


def diff(unit: str, a: exp.Expr, b: exp.Expr) -> exp.Expr:
    """Boundaries crossed from b to a, as SQL Server and DuckDB count; days are calendar days."""
    if unit in ("day", "week"):
        days = exp.paren(exp.Sub(this=as_date(a), expression=as_date(b)))
        return days if unit == "day" else exp.paren(exp.Div(typed=True, this=days, expression=exp.Literal.number(7)))
    if unit in _SECONDS:
        gap = exp.paren(exp.Sub(this=as_time(a), expression=as_time(b)))
        seconds = exp.Extract(this=exp.var("EPOCH"), expression=gap)
        whole = _call("TRUNC", exp.Div(typed=True, this=seconds, expression=exp.Literal.number(_SECONDS[unit])))
        return exp.cast(whole, exp.DType.BIGINT)
    per_year = {"year": 1, "quarter": 4, "month": 12}.get(unit)
    if per_year is None:
        raise unsupported(f"a difference in {unit}")
    return exp.paren(exp.Sub(this=_count(unit, per_year, a), expression=_count(unit, per_year, b)))


def _count(unit: str, per_year: int, x: exp.Expr) -> exp.Expr:
    years = part("year", x)
    if per_year == 1:
        return years
    scaled = exp.Mul(this=years, expression=exp.Literal.number(per_year))
    return exp.paren(exp.Add(this=scaled, expression=part(unit, x)))


def shift(x: exp.Expr, amount: exp.Expr, unit: str) -> exp.Expr:
    """A moment moved by a number of units; days and longer give a date."""
    factor, unit = (3, "month") if unit == "quarter" else (1, unit)
    if unit not in ("year", "month", "week", "day", "hour", "minute", "second"):
        raise unsupported(f"adding {unit}")
    step = exp.Interval(this=exp.Literal.string(str(factor)), unit=exp.var(unit.upper()))
    moved = exp.Add(this=moment(x), expression=exp.Mul(this=step, expression=exp.paren(amount)))
    return exp.paren(moved) if unit in _SECONDS else exp.cast(exp.paren(moved), exp.DType.DATE)


def as_date(x: exp.Expr) -> exp.Expr:
    """The day of a moment."""
    return exp.cast(moment(x), exp.DType.DATE)


def as_time(x: exp.Expr) -> exp.Expr:
    """A moment with its time, without a zone."""
    return exp.cast(moment(x), exp.DType.TIMESTAMP)


def moment(x: exp.Expr) -> exp.Expr:
    """An operand that PostgreSQL takes for a moment: 'now' and literals get their type."""
    if isinstance(x, exp.Literal) and x.is_string:
        return exp.CurrentTimestamp() if x.name.lower() == "now" else exp.cast(x.copy(), exp.DType.TIMESTAMP)
    return x.copy()


def unsupported(what: str) -> RetryableToolError:
    """The error for what PostgreSQL cannot express."""
    return RetryableToolError(f"PostgreSQL does not know {what}.", hint="Use TO_CHAR patterns such as 'YYYY-MM'.")


def _extract(unit: str, x: exp.Expr) -> exp.Expr:
    return exp.Extract(this=exp.var(unit.upper()), expression=moment(x))


def _call(name: str, *args: exp.Expr | str) -> exp.Anonymous:
    nodes = [exp.Literal.string(a) if isinstance(a, str) else a for a in args]
    return exp.Anonymous(this=name, expressions=nodes)
