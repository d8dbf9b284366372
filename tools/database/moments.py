"""Date functions of any dialect brought to seven forms, so that each target needs only seven renderings.

The forms are ordinary function nodes with these names and arguments (``unit`` and ``format`` are literals):

    moment_part(unit, x)      integer          moment_trunc(unit, x)    first day (or instant) of the period
    moment_text(format, x)    text, strftime   moment_diff(unit, a, b)  a - b in whole units
    moment_shift(x, n, unit)  x plus n units   moment_date(x), moment_time(x)  cast
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from clawdbot.tools.database.moment_formats import from_mysql, from_net, from_oracle
from clawdbot.tools.database.rewriting import rewrite

PART, TRUNC, TEXT = "moment_part", "moment_trunc", "moment_text"
DIFF, SHIFT, DATE, TIME = "moment_diff", "moment_shift", "moment_date", "moment_time"
CHAR = "moment_char"
"""What TO_CHAR is called while it is parsed, because parsers rewrite its pattern and lose parts of it."""
NAMES = frozenset((PART, TRUNC, TEXT, DIFF, SHIFT, DATE, TIME))

_UNITS = {
    "year": "year years y yy yyyy yr",
    "quarter": "quarter quarters q qq qtr",
    "month": "month months mon mm m mth",
    "week": "week weeks w wk ww isoweek iw",
    "day": "day days d dd dayofmonth",
    "hour": "hour hours h hh hour24",
    "minute": "minute minutes mi n min mins",
    "second": "second seconds s ss sec",
    "dow": "dow weekday dw dayofweek",
    "isodow": "isodow dayofweekiso",
    "doy": "doy dayofyear dy",
    "epoch": "epoch",
}
UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_WRAPPERS = (exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.TsOrDsToDatetime, exp.TimeStrToTime, exp.TimeStrToDate)
_PARTS: dict[type[exp.Expr], str] = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Week: "week",
    exp.WeekOfYear: "week",
    exp.Day: "day",
    exp.DayOfMonth: "day",
    exp.DayOfYear: "doy",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
    exp.DayOfWeekIso: "isodow",
}
_NOW = frozenset(("now", "getdate", "sysdatetime", "localtimestamp", "current_timestamp", "getutcdate"))
_TODAY = frozenset(("today", "curdate", "current_date"))


def call(name: str, *args: exp.Expr | str) -> exp.Anonymous:
    """A form as a node; plain strings become literals."""
    nodes = [exp.Literal.string(a) if isinstance(a, str) else a for a in args]
    return exp.Anonymous(this=name, expressions=nodes)


def form(node: exp.Expr | None) -> str:
    """The form's name when the node is one, else ''."""
    return node.name if isinstance(node, exp.Anonymous) and node.name in NAMES else ""


def unit_of(node: exp.Expr | None) -> str | None:
    """The unit that a word, literal or (misparsed) column names."""
    if isinstance(node, exp.Column) and node.table:
        return None
    if isinstance(node, (exp.Column, exp.Var, exp.Literal, exp.Identifier)):
        return UNIT_OF.get(node.name.lower())
    return None


def to_forms(tree: exp.Query) -> exp.Query:
    """Replace every date function that is known; done before names are resolved, because units look like columns."""
    return rewrite(tree, _replaced)


def _replaced(node: exp.Expr) -> exp.Expr | None:
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            return rule(node)
    return None


def _bare(node: exp.Expr) -> exp.Expr:
    """The value inside conversions that a parser put around it."""
    while isinstance(node, _WRAPPERS) or node.meta.get("wrapper"):
        node = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    return node


def _part(node: exp.Expr) -> exp.Expr | None:
    return call(PART, _PARTS[type(node)], _bare(node.this))


def _extract(node: exp.Expr) -> exp.Expr | None:
    unit = unit_of(node.this)
    return call(PART, unit, _bare(node.expression)) if unit else None


def _day_of_week(node: exp.Expr) -> exp.Expr:
    """MySQL's DAYOFWEEK counts from 1, Sunday."""
    return exp.paren(exp.Add(this=call(PART, "dow", _bare(node.this)), expression=exp.Literal.number(1)))


def _name_of(code: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: call(TEXT, code, _bare(node.this))


def _trunc(node: exp.Expr) -> exp.Expr | None:
    value, unit = node.this, node.args.get("unit")
    if unit_of(value) and unit is not None and not unit_of(unit):  # DATE_TRUNC(d, MONTH) of BigQuery
        value, unit = (exp.column(unit.name) if isinstance(unit, (exp.Var, exp.Literal)) else unit), value
    known = unit_of(unit)
    return call(TRUNC, known, _bare(value)) if known else None


def _oracle_trunc(node: exp.Expr) -> exp.Expr | None:
    decimals = node.args.get("decimals")
    if isinstance(decimals, exp.Literal) and decimals.is_string:
        unit = unit_of(decimals)
        return call(TRUNC, unit, _bare(node.this)) if unit else None
    return None


def _text(node: exp.Expr) -> exp.Expr | None:
    pattern = node.args.get("format")
    value: exp.Expr | None = _bare(node.this)
    if isinstance(value, exp.Literal) and "%" in value.name and not isinstance(pattern, exp.Literal):
        value, pattern = pattern, value  # STRFTIME(d, '%Y') as DuckDB writes it
    if not isinstance(pattern, exp.Literal) or value is None:
        return None
    text = pattern.name if isinstance(node, exp.TimeToStr) else from_oracle(pattern.name)
    return call(TEXT, text, value) if isinstance(node, exp.TimeToStr) or "%" in text else None


def _net_format(node: exp.Expr) -> exp.Expr | None:
    patterns = node.expressions or [node.args.get("format")]
    first = patterns[0] if patterns else None
    if isinstance(node.this, exp.Literal) or not isinstance(first, exp.Literal) or not first.is_string:
        return None
    text = from_net(first.name)
    return call(TEXT, text, node.this) if "%" in text else None


def _diff(node: exp.Expr) -> exp.Expr | None:
    first, second, unit = node.this, node.expression, node.args.get("unit")
    leading = unit_of(first)
    if leading and unit is not None and not (isinstance(unit, exp.Var) and unit_of(unit)):
        end = exp.column(unit.name) if isinstance(unit, exp.Var) else unit
        return call(DIFF, leading, _bare(end), _bare(second))
    if leading and isinstance(first, exp.Literal):
        return None
    known = unit_of(unit) if unit is not None else "day"
    return call(DIFF, known, _bare(first), _bare(second)) if known else None


def _shift(node: exp.Expr) -> exp.Expr | None:
    value, amount, unit = node.this, node.expression, node.args.get("unit")
    sign = -1 if isinstance(node, (exp.DateSub, exp.TimestampSub, exp.DatetimeSub)) else 1
    leading = unit_of(value)
    if leading and unit is not None:
        value = exp.column(unit.name) if isinstance(unit, exp.Var) else unit
        return call(SHIFT, _bare(value), _signed(amount, sign), leading)
    if isinstance(amount, exp.Interval):
        return _by_interval(value, amount, sign)
    known = "month" if isinstance(node, exp.AddMonths) else unit_of(unit) if unit is not None else "day"
    return call(SHIFT, _bare(value), _signed(amount, sign), known) if known else None


def _plus_interval(node: exp.Expr) -> exp.Expr | None:
    left, right = node.this, node.expression
    sign = -1 if isinstance(node, exp.Sub) else 1
    if isinstance(right, exp.Interval):
        return _by_interval(left, right, sign)
    if isinstance(left, exp.Interval) and sign == 1:
        return _by_interval(right, left, 1)
    return None


def _by_interval(value: exp.Expr, interval: exp.Interval, sign: int) -> exp.Expr | None:
    unit = unit_of(interval.args.get("unit"))
    amount = interval.this
    if unit is None or amount is None:
        return None
    return call(SHIFT, _bare(value), _signed(amount, sign), unit)


def _signed(amount: exp.Expr, sign: int) -> exp.Expr:
    inner = amount.unnest() if isinstance(amount, exp.Paren) else amount
    if isinstance(inner, exp.Neg):
        inner, sign = inner.this, -sign
    if isinstance(inner, exp.Literal) and inner.name.lstrip("+-").isdigit():
        return exp.Literal.number(int(inner.name) * sign)
    return exp.Neg(this=exp.paren(inner)) if sign < 0 else inner


def _cast(node: exp.Expr) -> exp.Expr | None:
    target = node.args["to"].this
    inner = _bare(node.this)
    if target in (exp.DType.DATE, exp.DType.DATE32):
        return call(DATE, inner)
    if target in (exp.DType.TIMESTAMP, exp.DType.DATETIME, exp.DType.DATETIME2, exp.DType.TIMESTAMPTZ):
        return inner if form(inner) or isinstance(inner, exp.CurrentTimestamp) else call(TIME, inner)
    return None


def _convert(node: exp.Expr) -> exp.Expr:
    """SQL Server's CONVERT(VARCHAR(7), d, 120) is the start of an ISO date."""
    target, value = node.this, node.expression
    if node.args.get("style") is None or target.this not in exp.DataType.TEXT_TYPES:
        made = exp.Cast(this=value, to=target)
        return _cast(made) or made
    size = target.expressions[0].name if target.expressions else "10"
    return call(TEXT, {"4": "%Y", "7": "%Y-%m"}.get(size, "%Y-%m-%d"), _bare(value))


def _wrapper(node: exp.Expr) -> exp.Expr | None:
    is_date = isinstance(node, (exp.TsOrDsToDate, exp.TimeStrToDate))
    made = call(DATE if is_date else TIME, _bare(node.this))
    made.meta["wrapper"] = True
    return made


def _date(node: exp.Expr) -> exp.Expr | None:
    if node.args.get("zone") or node.args.get("expression") or node.expressions:
        return exp.Anonymous(this=type(node).__name__, expressions=list(node.iter_expressions()))
    if node.this is None or node.this.name.lower() == "now":
        return exp.CurrentDate() if isinstance(node, exp.Date) else exp.CurrentTimestamp()
    return call(DATE if isinstance(node, exp.Date) else TIME, _bare(node.this))


def _parsed(node: exp.Expr) -> exp.Expr | None:
    return call(DATE, node.this)


def _last_day(node: exp.Expr) -> exp.Expr:
    return _end_of_month(_bare(node.this))


def _end_of_month(value: exp.Expr) -> exp.Expr:
    following = call(SHIFT, call(TRUNC, "month", value), exp.Literal.number(1), "month")
    return call(DATE, call(SHIFT, following, exp.Literal.number(-1), "day"))


def _named(node: exp.Expr) -> exp.Expr | None:
    name, args = node.name.lower(), node.expressions
    if name in _NOW and not args:
        return exp.CurrentTimestamp()
    if name in _TODAY and not args:
        return exp.CurrentDate()
    if name == "eomonth" and len(args) == 1:
        return _end_of_month(args[0])
    if name == "weekday" and len(args) == 1:  # MySQL: Monday is 0
        return exp.paren(exp.Sub(this=call(PART, "isodow", args[0]), expression=exp.Literal.number(1)))
    if name in ("datetime", "to_date", "to_timestamp", "date") and 0 < len(args) <= (2 if name[:2] == "to" else 1):
        return exp.CurrentTimestamp() if args[0].name.lower() == "now" else call(TIME, args[0])
    return _named_with_unit(name, args)


def _named_with_unit(name: str, args: list[exp.Expr]) -> exp.Expr | None:
    if len(args) == 2 and name in ("date_part", "datepart", "datetrunc", "datename", "date_trunc"):
        unit = unit_of(args[0])
        if unit is None:
            return None
        if name == "datename":
            return call(TEXT, {"month": "%B", "dow": "%A"}.get(unit, "%Y"), args[1])
        return call(TRUNC if name.endswith("trunc") else PART, unit, args[1])
    if len(args) == 2 and name == CHAR and isinstance(args[1], exp.Literal):
        pattern = from_oracle(args[1].name)
        return call(TEXT, pattern, args[0]) if "%" in pattern else exp.Anonymous(this="TO_CHAR", expressions=args)
    if len(args) == 2 and name in ("date_format", "strftime", "time_format"):
        code = next((a for a in args if isinstance(a, exp.Literal) and "%" in a.name), None)
        if code is None:
            return None
        value = args[1] if code is args[0] else args[0]
        return call(TEXT, code.name if name == "strftime" else from_mysql(code.name), value)
    if len(args) == 3 and name in ("dateadd", "timestampadd", "adddate"):
        unit = unit_of(args[0])
        return call(SHIFT, args[2], _signed(args[1], 1), unit) if unit else None
    return None


_Rule = Callable[[exp.Expr], "exp.Expr | None"]
_RULES: tuple[tuple[tuple[type[exp.Expr], ...], _Rule], ...] = (
    (tuple(_PARTS), _part),
    ((exp.Extract,), _extract),
    ((exp.DayOfWeek,), _day_of_week),
    ((exp.Monthname,), _name_of("%B")),
    ((exp.Dayname,), _name_of("%A")),
    ((exp.DateTrunc, exp.TimestampTrunc, exp.DatetimeTrunc), _trunc),
    ((exp.Trunc,), _oracle_trunc),
    ((exp.TimeToStr, exp.ToChar), _text),
    ((exp.Format, exp.NumberToStr), _net_format),
    ((exp.DateDiff, exp.TimestampDiff, exp.DatetimeDiff, exp.TsOrDsDiff), _diff),
    (
        (
            exp.DateAdd,
            exp.DateSub,
            exp.TimestampAdd,
            exp.TimestampSub,
            exp.DatetimeAdd,
            exp.DatetimeSub,
            exp.TsOrDsAdd,
            exp.AddMonths,
        ),
        _shift,
    ),
    ((exp.Add, exp.Sub), _plus_interval),
    ((exp.Cast,), _cast),
    ((exp.Convert,), _convert),
    ((exp.Date, exp.Datetime, exp.Timestamp), _date),
    ((exp.StrToDate, exp.StrToTime), _parsed),
    (_WRAPPERS, _wrapper),
    ((exp.LastDay,), _last_day),
    ((exp.Anonymous,), _named),
)
