"""A typed query: what a question asks of a database, as data.  :mod:`.compiler` makes SQL of it.

Names are those of the catalogue: a column is ``"Table.Column"``, a measure is the name of a derived measure, a
column or a table (its rows).  A query has measures (an aggregated answer) or columns (a list of rows), not both.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

How = Literal["sum", "avg", "min", "max", "count", "count_distinct"]
Grain = Literal["day", "week", "month", "quarter", "year"]
Operator = Literal[
    "=", "!=", ">", ">=", "<", "<=", "in", "not_in", "between", "contains", "starts", "is_null", "not_null"
]
Comparison = Literal["=", "!=", ">", ">=", "<", "<="]
Value = str | int | float | bool

MAX_LIMIT = 10_000


class Part(BaseModel):
    """Base of the query's parts: frozen, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasureRef(Part):
    """One number: ``of`` a derived measure, a "Table.Column" or a "Table" (its rows).

    ``how`` unset is the measure's own aggregate, the sum of a number column, or the count of a table's rows.
    """

    of: str
    how: How | None = None


class Period(Part):
    """Days from ``start`` up to but not including ``end``; None is open."""

    start: date | None = None
    end: date | None = None
    label: str = ""

    @model_validator(mode="after")
    def _forward(self) -> Period:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"the period ends ({self.end}) before it starts ({self.start})")
        return self


class Filter(Part):
    """A condition on a column: against ``value``, ``values`` (in, not_in, between) or ``other_column``."""

    column: str
    op: Operator = "="
    value: Value | None = None
    values: tuple[Value, ...] = Field((), max_length=50)
    other_column: str | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Filter:
        if self.op in ("is_null", "not_null"):
            return self
        if self.op in ("in", "not_in", "between"):
            given = bool(self.values) and (self.op != "between" or len(self.values) == 2)
        elif self.other_column is not None:
            given = self.op in ("=", "!=", ">", ">=", "<", "<=")
        else:
            given = self.value is not None
        if not given:
            raise ValueError(f"filter on {self.column!r}: {self.op!r} has nothing to compare with")
        return self


class Having(Part):
    """A condition on a measure (counted from 1) after grouping."""

    measure: int = Field(1, ge=1)
    op: Comparison = ">"
    value: float


class Order(Part):
    """Sort by the n-th measure, dimension or column, or by time."""

    by: Literal["measure", "dimension", "time", "column"] = "measure"
    n: int = Field(1, ge=1)
    desc: bool = True


class TypedQuery(Part):
    """What a question asks; see the module's first lines for names."""

    measures: tuple[MeasureRef, ...] = Field((), max_length=4)
    columns: tuple[str, ...] = Field((), max_length=12)
    by: tuple[str, ...] = Field((), max_length=3)
    per: Grain | None = None
    time: str | None = None
    """"Table.DateColumn" that ``per`` and ``periods`` refer to; unset is the catalogue's or the only one."""
    periods: tuple[Period, ...] = Field((), max_length=12)
    """One limits the rows; several give one group each."""
    filters: tuple[Filter, ...] = Field((), max_length=5)
    having: tuple[Having, ...] = Field((), max_length=3)
    without: str | None = None
    """A table: only rows that have no related row there (in the period)."""
    order: Order | None = None
    limit: int | None = Field(None, ge=1, le=MAX_LIMIT)
    offset: int = Field(0, ge=0, le=MAX_LIMIT)
    share: bool = False
    """Adds each row's percent of the total."""
    change: Literal["previous", "year"] | None = None
    """Adds the change, absolute and in percent, against the previous bucket or the same one a year before."""

    @model_validator(mode="after")
    def _fits(self) -> TypedQuery:
        if bool(self.measures) == bool(self.columns):
            raise ValueError("a query has either measures or columns")
        if self.columns and (self.by or self.per or self.having or self.share or self.change):
            raise ValueError("a list of rows has no by, per, having, share or change; use measures for those")
        if self.columns and len(self.periods) > 1:
            raise ValueError("a list of rows takes one period")
        for condition in self.having:
            if condition.measure > len(self.measures):
                raise ValueError(f"having names measure {condition.measure} of {len(self.measures)}")
        if self.order:
            self._check_order(self.order)
        return self

    def _check_order(self, order: Order) -> None:
        sizes = {
            "measure": len(self.measures),
            "dimension": len(self.by),
            "time": 1 if self.per or len(self.periods) > 1 else 0,
            "column": len(self.columns),
        }
        if order.n > sizes[order.by]:
            raise ValueError(f"order names {order.by} {order.n}, of which the query has {sizes[order.by]}")
