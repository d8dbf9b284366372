"""The date forms of :mod:`moments` in SQLite, which keeps dates as ISO text."""

from __future__ import annotations

import re

from sqlglot import exp

from clawdbot.errors import RetryableToolError

_CODES = {
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
    "dow": "%w",
    "doy": "%j",
    "week": "%W",
    "epoch": "%s",
}
_NATIVE = frozenset("dfHjJmMsSwWY%")
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
_STARTS = {"year": "%Y-01-01", "month": "%Y-%m-01", "hour": "%Y-%m-%d %H:00:00", "minute": "%Y-%m-%d %H:%M:00"}
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}


def part(unit: str, x: exp.Expr) -> exp.Expr:
    """An integer part of a moment."""
    if unit == "quarter":
        months = exp.Add(this=part("month", x), expression=_number(2))
        return exp.paren(exp.Div(typed=True, this=exp.paren(months), expression=_number(3)))
    if unit == "isodow":
        shifted = exp.paren(exp.Add(this=part("dow", x), expression=_number(6)))
        return exp.paren(exp.Add(this=exp.Mod(this=shifted, expression=_number(7)), expression=_number(1)))
    return exp.cast(_strftime(_CODES[unit], x), exp.DType.INT)


def trunc(unit: str, x: exp.Expr) -> exp.Expr:
    """The first day of the period, as a date; for hours and minutes the instant."""
    if unit in _STARTS:
        return _strftime(_STARTS[unit], x)
    if unit == "day":
        return as_date(x)
    if unit == "week":  # Monday
        return _call("DATE", x.copy(), "-6 days", "weekday 1")
    if unit == "quarter":
        back = exp.Mod(this=exp.paren(exp.Sub(this=part("month", x), expression=_number(1))), expression=_number(3))
        steps = exp.DPipe(this=exp.Literal.string("-"), expression=exp.paren(back))
        return _call(
            "DATE", x.copy(), "start of month", exp.DPipe(this=steps, expression=exp.Literal.string(" months"))
        )
    raise unsupported(f"truncating to {unit}")


def text(pattern: str, x: exp.Expr) -> exp.Expr:
    """The moment as text; codes that SQLite lacks are put together from others."""
    pieces: list[exp.Expr] = []
    plain = ""
    for piece in re.findall(r"%-?.|[^%]+", pattern, re.DOTALL):
        code = piece[1:] if piece.startswith("%") else ""
        if not code or code in _NATIVE:
            plain += piece
            continue
        if plain:
            pieces.append(_strftime(plain, x))
        pieces.append(_other(code, x))
        plain = ""
    if plain or not pieces:
        pieces.append(_strftime(plain, x))
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = exp.DPipe(this=joined, expression=piece)
    return joined if len(pieces) == 1 else exp.paren(joined)


def _other(code: str, x: exp.Expr) -> exp.Expr:
    if code == "Q":
        return part("quarter", x)
    if code in ("-m", "-d", "-H", "-M", "-S", "-j"):
        return exp.cast(_strftime(f"%{code[1]}", x), exp.DType.INT)
    if code == "y":
        return _call("SUBSTR", _strftime("%Y", x), _number(3), _number(2))
    if code in ("B", "b"):
        return _named(part("month", x), _MONTHS, 1, short=code == "b")
    if code in ("A", "a"):
        return _named(part("dow", x), _DAYS, 0, short=code == "a")
    if code == "F":
        return _strftime("%Y-%m-%d", x)
    if code == "T":
        return _strftime("%H:%M:%S", x)
    raise unsupported(f"the date format code %{code}")


def _named(value: exp.Expr, names: list[str], first: int, *, short: bool) -> exp.Expr:
    case = exp.Case(this=value, ifs=[])
    for number, name in enumerate(names, first):
        case.append("ifs", exp.If(this=_number(number), true=exp.Literal.string(name[:3] if short else name)))
    return case


def diff(unit: str, a: exp.Expr, b: exp.Expr) -> exp.Expr:
    """Boundaries crossed from b to a, as SQL Server and DuckDB count; days are calendar days."""
    if unit in ("day", "week"):
        days = exp.paren(exp.Sub(this=_call("JULIANDAY", as_date(a)), expression=_call("JULIANDAY", as_date(b))))
        return exp.cast(days if unit == "day" else exp.Div(typed=True, this=days, expression=_number(7)), exp.DType.INT)
    if unit in _SECONDS:
        seconds = exp.paren(exp.Sub(this=part("epoch", a), expression=part("epoch", b)))
        return exp.paren(exp.Div(typed=True, this=seconds, expression=_number(_SECONDS[unit])))
    per_year = {"year": 1, "quarter": 4, "month": 12}.get(unit)
    if per_year is None:
        raise unsupported(f"a difference in {unit}")
    return exp.paren(exp.Sub(this=_count(unit, per_year, a), expression=_count(unit, per_year, b)))


def _count(unit: str, per_year: int, x: exp.Expr) -> exp.Expr:
    years = part("year", x)
    if per_year == 1:
        return years
    return exp.paren(exp.Add(this=exp.Mul(this=years, expression=_number(per_year)), expression=part(unit, x)))


def shift(x: exp.Expr, amount: exp.Expr, unit: str) -> exp.Expr:
    """A moment moved by a number of units; a date stays a date."""
    factor, unit = {"week": (7, "day"), "quarter": (3, "month")}.get(unit, (1, unit))
    if unit not in ("year", "month", "day", "hour", "minute", "second"):
        raise unsupported(f"adding {unit}")
    function = "DATETIME" if unit in _SECONDS else "DATE"
    literal = amount.this if isinstance(amount, exp.Neg) else amount
    if isinstance(literal, exp.Literal) and literal.is_int:
        number = int(literal.name) * (-factor if literal is not amount else factor)
        steps: exp.Expr = exp.Literal.string(f"{number:+d} {unit}s")
    else:
        count = exp.paren(exp.Mul(this=exp.paren(amount), expression=_number(factor)) if factor > 1 else amount)
        steps = exp.DPipe(this=count, expression=exp.Literal.string(f" {unit}s"))
    return _call(function, x.copy(), steps)


def as_date(x: exp.Expr) -> exp.Expr:
    """The day of a moment."""
    return _call("DATE", x.copy())


def as_time(x: exp.Expr) -> exp.Expr:
    """A moment with its time."""
    return _call("DATETIME", x.copy())


def unsupported(what: str) -> RetryableToolError:
    """The error for what SQLite cannot express."""
    return RetryableToolError(f"SQLite does not know {what}.", hint="Use strftime codes such as '%Y-%m'.")


def _strftime(pattern: str, x: exp.Expr) -> exp.Expr:
    return _call("STRFTIME", exp.Literal.string(pattern), x.copy())


def _call(name: str, *args: exp.Expr | str) -> exp.Anonymous:
    nodes = [exp.Literal.string(a) if isinstance(a, str) else a for a in args]
    return exp.Anonymous(this=name, expressions=nodes)


def _number(value: int) -> exp.Literal | exp.Neg:
    return exp.Literal.number(value)
