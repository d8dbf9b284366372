"""Time in SQL: buckets, their labels, and half-open periods, for SQLite and PostgreSQL.

SQLite keeps dates as ISO text, so comparisons are those of text; PostgreSQL has types.  A table without a date
may still say when it is about: integer columns ``year`` with ``quarter`` or ``month`` (targets, budgets).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import TableSchema
from clawdbot.tools.database.lexicon import split_name
from clawdbot.tools.database.typed import Grain, Period

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, kw_only=True)
class TimeSource:
    """Where the time of a table's rows stands: a date column, or the parts of one."""

    table: str
    column: str = ""
    year: str = ""
    quarter: str = ""
    month: str = ""

    @property
    def finest(self) -> Grain:
        if self.column:
            return "day"
        return "month" if self.month else "quarter" if self.quarter else "year"

    @property
    def label(self) -> str:
        return f"{self.table}.{self.column or self.year}"

    def check(self, grain: Grain) -> None:
        """RetryableToolError when the rows are coarser than the grain."""
        if GRAINS.index(grain) < GRAINS.index(self.finest):
            raise RetryableToolError(
                f"{self.table!r} is kept by {self.finest}, not by {grain}.", hint=f"Use {self.finest} or coarser."
            )

    def start(self, dialect: str) -> exp.Expr:
        """The row's date."""
        if self.column:
            return exp.column(self.column, table=self.table, quoted=True)
        year, one = exp.column(self.year, table=self.table, quoted=True), exp.Literal.number(1)
        month: exp.Expr = one
        if self.month:
            month = exp.column(self.month, table=self.table, quoted=True)
        elif self.quarter:
            quarter = exp.column(self.quarter, table=self.table, quoted=True)
            month = exp.Sub(
                this=exp.Mul(this=quarter, expression=exp.Literal.number(3)), expression=exp.Literal.number(2)
            )
        if dialect == "postgres":
            return _call("MAKE_DATE", exp.cast(year, "int"), exp.cast(month, "int"), one.copy())
        padded = _call("SUBSTR", _join(_text("0"), exp.cast(exp.Paren(this=month), "text")), _integer(-2))
        return _join(exp.cast(year, "text"), _text("-"), padded, _text("-01"))


def year_parts(table: TableSchema) -> TimeSource | None:
    """The integer columns that say year, and quarter or month, of a table without dates."""
    found: dict[str, str] = {}
    for column in table.columns:
        words = split_name(column.name)
        for part, names in {
            "year": ("year", "年", "年份", "年度"),
            "quarter": ("quarter", "季度", "季"),
            "month": ("month", "月", "月份"),
        }.items():
            if column.kind == "integer" and words and words[-1] in names:
                found.setdefault(part, column.name)
    return TimeSource(table=table.name, **found) if "year" in found else None


def within(start: exp.Expr, period: Period) -> list[exp.Expr]:
    """Conditions that a date lies in a half-open period."""
    found: list[exp.Expr] = []
    if period.start:
        found.append(exp.GTE(this=start.copy(), expression=_text(period.start.isoformat())))
    if period.end:
        found.append(exp.LT(this=start.copy(), expression=_text(period.end.isoformat())))
    return found


def bucket(value: exp.Expr, grain: Grain, dialect: str) -> exp.Expr:
    """The first day of the bucket of a date."""
    if dialect == "postgres":
        return exp.cast(_call("DATE_TRUNC", _text(grain), value.copy()), "date")
    if grain == "day":
        return _call("DATE", value.copy())
    if grain == "week":
        return _call("DATE", value.copy(), _text("weekday 0"), _text("-6 days"))
    if grain == "quarter":
        month = exp.cast(_call("STRFTIME", _text("%m"), value.copy()), "int")
        back = exp.Paren(
            this=exp.Mod(
                this=exp.Paren(this=exp.Sub(this=month, expression=exp.Literal.number(1))),
                expression=exp.Literal.number(3),
            )
        )
        shift = _join(_text("-"), exp.cast(back, "text"), _text(" months"))
        return _call("DATE", value.copy(), _text("start of month"), shift)
    return _call("DATE", value.copy(), _text(f"start of {grain}"))


def label(value: exp.Expr, grain: Grain, dialect: str) -> exp.Expr:
    """How a person reads the bucket: '1997-03-05', Monday of the week, '1997-03', '1997-Q1', '1997'."""
    if grain == "week":
        start = bucket(value, "week", dialect)
        return _call("TO_CHAR", start, _text("YYYY-MM-DD")) if dialect == "postgres" else start
    if dialect == "postgres":
        shapes = {"day": "YYYY-MM-DD", "month": "YYYY-MM", "quarter": 'YYYY"-Q"Q', "year": "YYYY"}
        return _call("TO_CHAR", value.copy(), _text(shapes[grain]))
    if grain != "quarter":
        shape = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[grain]
        return _call("STRFTIME", _text(shape), value.copy())
    month = exp.cast(_call("STRFTIME", _text("%m"), value.copy()), "int")
    shifted = exp.Paren(this=exp.Add(this=month, expression=exp.Literal.number(2)))
    number = exp.cast(exp.Div(this=shifted, expression=exp.Literal.number(3)), "int")
    return _join(_call("STRFTIME", _text("%Y"), value.copy()), _text("-Q"), exp.cast(number, "text"))


def step_back(start: exp.Expr, grain: Grain, dialect: str) -> exp.Expr:
    """The first day of the bucket before; ``start`` is a bucket's first day."""
    amount = {"day": "1 day", "week": "7 days", "month": "1 month", "quarter": "3 months", "year": "1 year"}[grain]
    if dialect == "postgres":
        interval = exp.Cast(this=_text(amount), to=exp.DataType.build("interval"))
        return exp.cast(exp.Sub(this=start, expression=interval), "date")
    return _call("DATE", start, _text(f"-{amount}"))


def earlier(day: date, grain: Grain) -> date:
    """The day one bucket before ``day``."""
    if grain in ("day", "week"):
        return day - timedelta(days=1 if grain == "day" else 7)
    index = day.year * 12 + day.month - 1 - _MONTHS[grain]
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def floor(day: date, grain: Grain) -> date:
    """The first day of the bucket of ``day``."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1 if grain == "year" else day.month, day.day if grain == "day" else 1)


def natural_grain(period: Period) -> Grain | None:
    """The grain of which the period is exactly one bucket."""
    if not period.start or not period.end:
        return None
    for grain in GRAINS:
        if floor(period.start, grain) == period.start and earlier(period.end, grain) == period.start:
            return grain
    return None


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _integer(value: int) -> exp.Expr:
    return exp.Neg(this=exp.Literal.number(-value)) if value < 0 else exp.Literal.number(value)


def _join(*parts: exp.Expr) -> exp.Expr:
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return joined
