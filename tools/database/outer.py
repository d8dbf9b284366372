"""The SELECT over grouped rows: measures of several tables side by side, shares, changes and leading groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlglot import exp

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.conditions import compare
from clawdbot.tools.database.naming import unique_alias
from clawdbot.tools.database.pieces import Piece
from clawdbot.tools.database.terms import Dimension, Term
from clawdbot.tools.database.timeline import floor, label, step_back, within
from clawdbot.tools.database.typed import Period, TypedQuery


class Outer:
    """Puts pieces together and adds what looks at all groups at once."""

    def __init__(
        self,
        *,
        query: TypedQuery,
        catalog: Catalog,
        terms: Sequence[Term],
        dims: Sequence[Dimension],
        period: str,
        time: str,
        taken: set[str],
    ) -> None:
        self._query, self._catalog, self._terms, self._dims = query, catalog, terms, dims
        self._period, self._time = period, time
        self._shares = {t.alias: unique_alias(f"{t.alias}_share_pct", taken, prefix="of") for t in terms}
        self._changes = {
            t.alias: (
                unique_alias(f"{t.alias}_change", taken, prefix="of"),
                unique_alias(f"{t.alias}_change_pct", taken, prefix="of"),
            )
            for t in terms
        }
        if query.share:
            self._check_share()

    @property
    def ranks_groups(self) -> bool:
        """'The top 5 customers by month' limits the customers, not the rows."""
        return bool(self._query.limit and self._query.by and (self._time or self._period) and self._ranking().additive)

    def roles(self) -> dict[str, Literal["share", "change"]]:
        found: dict[str, Literal["share", "change"]] = {}
        if self._query.share:
            found.update(dict.fromkeys(self._shares.values(), "share"))
        if self._query.change:
            found.update({alias: "change" for pair in self._changes.values() for alias in pair})
        return found

    def select(self, pieces: Sequence[Piece], late: Sequence[exp.Expr], wholes: Sequence[Piece] = ()) -> exp.Select:
        """The whole statement but its order and limit; ``late`` are conditions on ``now`` after the totals.

        ``wholes`` are the pieces without groups, when the parts of a share may overlap.
        """
        source = "grouped"
        grouped = self._grouped(pieces)
        shares = self._with_shares(bool(wholes)) if self._query.share else None
        if shares is not None:
            source = "shared"
        select = exp.select().from_(exp.alias_(exp.table_(source), "now", table=True))
        select = self._outputs(select)
        if self._query.change:
            select = self._with_changes(select, source)
        if self.ranks_groups:
            select = self._leading(select)
        for given in self._query.having:
            measure = self._now(self._terms[given.measure - 1].alias)
            select = select.where(compare(measure, given.op, given.value))
        select = select.where(*late) if late else select
        select = select.with_("grouped", as_=grouped)
        if wholes:
            select = select.with_("whole", as_=self._grouped(wholes, [a for a in self._keys() if a in self._times()]))
        if shares is not None:
            select = select.with_("shared", as_=shares)
        return select.with_("leaders", as_=self._leaders(source)) if self.ranks_groups else select

    def _check_share(self) -> None:
        for found in self._terms:
            if not found.additive:
                raise RetryableToolError(
                    f"A share of {found.alias!r} is not defined: its parts do not add up.", hint="Use a sum or a count."
                )

    def _keys(self) -> list[str]:
        periods = ["_period", self._period] if self._period else []
        return [*periods, *([self._time] if self._time else []), *(d.alias for d in self._dims)]

    def _times(self) -> list[str]:
        return [a for a in ("_period" if self._period else "", self._period, self._time) if a]

    def _grouped(self, pieces: Sequence[Piece], aliases: Sequence[str] | None = None) -> exp.Query:
        union: exp.Query = pieces[0].select
        for piece in pieces[1:]:
            union = exp.union(union, piece.select, distinct=False)
        if len({t.home for t in self._terms}) == 1:
            return union
        keys = [exp.column(a, table="parts", quoted=True) for a in (self._keys() if aliases is None else aliases)]
        measures = [
            exp.alias_(_filled(exp.Max(this=exp.column(t.alias, table="parts", quoted=True)), t), t.alias, quoted=True)
            for t in self._terms
        ]
        named = [exp.alias_(k, k.name, quoted=True) for k in keys]
        merged = exp.select(*named, *measures).from_(union.subquery("parts"))
        return merged.group_by(*(k.copy() for k in keys)) if keys else merged

    def _with_shares(self, overlapping: bool) -> exp.Select:
        """Groups with their percent of the sum of all, or of the whole where a row may stand in several groups."""
        if overlapping:
            return self._of_whole()
        times = [a for a in self._keys() if a in (self._time, "_period")]
        within_times = times if self._query.by else times[:-1]
        outputs: list[exp.Expr] = [exp.Star()]
        for alias, share in self._shares.items():
            partition = [exp.column(t, quoted=True) for t in within_times]
            total = exp.Window(this=exp.Sum(this=exp.column(alias, quoted=True)), partition_by=partition)
            outputs.append(exp.alias_(_percent(exp.column(alias, quoted=True), total), share, quoted=True))
        return exp.select(*outputs).from_("grouped")

    def _of_whole(self) -> exp.Select:
        keys = [exp.column(a, table="grouped", quoted=True) for a in self._keys()]
        outputs: list[exp.Expr] = [exp.alias_(k, k.name, quoted=True) for k in keys]
        for alias, share in self._shares.items():
            part = exp.column(alias, table="grouped", quoted=True)
            ratio = _percent(part.copy(), exp.column(alias, table="whole", quoted=True))
            outputs += [exp.alias_(part, alias, quoted=True), exp.alias_(ratio, share, quoted=True)]
        same = [
            exp.NullSafeEQ(
                this=exp.column(a, table="whole", quoted=True), expression=exp.column(a, table="grouped", quoted=True)
            )
            for a in self._times()
        ]
        select = exp.select(*outputs).from_("grouped")
        return (
            select.join("whole", on=exp.and_(*same), join_type="left")
            if same
            else select.join("whole", join_type="cross")
        )

    def _outputs(self, select: exp.Select) -> exp.Select:
        per = self._query.per
        for alias in self._keys():
            hidden = any(d.alias == alias and d.hidden for d in self._dims)
            if hidden or alias == "_period":
                continue
            value = self._now(alias)
            if alias == self._time and per and self._query.change:
                value = label(value, per, self._catalog.dialect)
            select = select.select(exp.alias_(value, alias, quoted=True))
        for found in self._terms:
            select = select.select(exp.alias_(self._now(found.alias), found.alias, quoted=True))
            if self._query.share:
                share = self._shares[found.alias]
                select = select.select(exp.alias_(self._now(share), share, quoted=True))
        return select

    def _with_changes(self, select: exp.Select, source: str) -> exp.Select:
        on: list[exp.Expr] = []
        per, dialect = self._query.per, self._catalog.dialect
        if per:
            back = step_back(self._now(self._time), "year" if self._query.change == "year" else per, dialect)
            on.append(exp.EQ(this=_before(self._time), expression=back))
            if len(self._query.periods) == 1 and (start := self._query.periods[0].start):
                select = select.where(*within(self._now(self._time), Period(start=floor(start, per))))
        elif self._period:
            earlier = exp.Sub(this=self._now("_period"), expression=exp.Literal.number(1))
            on.append(exp.EQ(this=_before("_period"), expression=earlier))
        same = [d.alias for d in self._dims] + (["_period"] if self._period and per else [])
        on += [exp.NullSafeEQ(this=_before(a), expression=self._now(a)) for a in same]
        select = select.join(exp.alias_(exp.table_(source), "before", table=True), on=exp.and_(*on), join_type="left")
        for alias, (absolute, percent) in self._changes.items():
            difference = exp.Sub(this=self._now(alias), expression=_before(alias))
            ratio = _percent(exp.Paren(this=difference.copy()), _before(alias))
            select = select.select(exp.alias_(difference, absolute, quoted=True))
            select = select.select(exp.alias_(ratio, percent, quoted=True))
        return select

    def _ranking(self) -> Term:
        order = self._query.order
        return self._terms[order.n - 1 if order and order.by == "measure" else 0]

    def _leaders(self, source: str) -> exp.Select:
        """The groups with the highest (or lowest) total over all time buckets."""
        groups = [exp.column(d.alias, quoted=True) for d in self._dims]
        order = self._query.order
        desc = order.desc if order and order.by == "measure" else True
        total = exp.Sum(this=exp.column(self._ranking().alias, quoted=True))
        ranked = exp.Ordered(this=total, desc=desc, nulls_first=False)
        ties = [exp.Ordered(this=g.copy(), desc=False, nulls_first=False) for g in groups]
        select = exp.select(*groups).from_(source).group_by(*(g.copy() for g in groups)).order_by(ranked, *ties)
        select = select.limit(self._query.limit or 1)
        return select.offset(self._query.offset) if self._query.offset else select

    def _leading(self, select: exp.Select) -> exp.Select:
        on = [
            exp.NullSafeEQ(this=exp.column(d.alias, table="leaders", quoted=True), expression=self._now(d.alias))
            for d in self._dims
        ]
        return select.join(exp.table_("leaders", quoted=True), on=exp.and_(*on), join_type="inner")

    def _now(self, alias: str) -> exp.Expr:
        return exp.column(alias, table="now", quoted=True)


def _before(alias: str) -> exp.Expr:
    return exp.column(alias, table="before", quoted=True)


def _filled(value: exp.Expr, found: Term) -> exp.Expr:
    """No rows counted is zero; no rows added up stays empty."""
    if found.aggregate in ("count", "count_distinct"):
        return exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
    return value


def _percent(part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    hundred = exp.Mul(this=exp.Literal.number("100.0"), expression=part)
    return exp.Div(this=hundred, expression=exp.Nullif(this=whole, expression=exp.Literal.number(0)))
