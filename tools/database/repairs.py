"""Corrections of what SQLite would silently answer wrongly, or both would refuse, and only one thing can be meant."""

from __future__ import annotations

from sqlglot import exp

from clawdbot.tools.database import moments
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.kinds import kind_of
from clawdbot.tools.database.rewriting import has_aggregate, own_nodes

_OVER_ROWS = (exp.AggFunc, exp.Window, exp.Filter, exp.WithinGroup)


def repair(tree: exp.Query, catalog: Catalog) -> tuple[str, ...]:
    """Mend the tree in place and say what was mended."""
    notes: list[str] = []
    for division in tree.find_all(exp.Div):
        _divide(division)
    for select in list(tree.find_all(exp.Select)):
        notes += _aggregates_after_grouping(select)
        notes += _group_by(select, catalog)
    return tuple(notes)


def _divide(node: exp.Div) -> None:
    """7 / 2 is 3.5 for the one who asks; the quarter and half of a month number stay whole."""
    whole = kind_of(node.this) == "integer" and kind_of(node.expression) == "integer"
    divisor = node.expression
    of_part = isinstance(divisor, exp.Literal) and any(
        moments.form(n) in (moments.PART, moments.TEXT) for n in node.this.find_all(exp.Anonymous)
    )
    node.set("typed", bool(whole and of_part) or not whole)


def _aggregates_after_grouping(select: exp.Select) -> list[str]:
    """SUM(x) > 5 in WHERE belongs into HAVING."""
    where = select.args.get("where")
    if where is None or not has_aggregate(where.this):
        return []
    terms = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    later = [t for t in terms if has_aggregate(t)]
    earlier = [t for t in terms if not has_aggregate(t)]
    select.set("where", exp.Where(this=exp.and_(*earlier, copy=False)) if earlier else None)
    having = select.args.get("having")
    conditions = ([having.this] if having is not None else []) + later
    select.set("having", exp.Having(this=exp.and_(*conditions, copy=False)))
    return ["moved an aggregate from WHERE to HAVING"]


def _group_by(select: exp.Select, catalog: Catalog) -> list[str]:
    """Columns beside an aggregate are grouped by; SQLite would show the value of any row."""
    group = select.args.get("group")
    items = [p.this if isinstance(p, exp.Alias) else p for p in select.expressions]
    if not any(has_aggregate(i) for i in items) and group is None:
        return []
    if group is not None and any(group.args.get(k) for k in ("rollup", "cube", "grouping_sets", "all")):
        return []
    if catalog.dialect == "sqlite" and _picks_a_row(items):
        return []
    present = {e.sql() for e in _grouped(select, group)}
    missing: list[exp.Expr] = []
    for item in items:
        if item.sql() not in present and not isinstance(item, exp.Star):
            missing += [e for e in _ungrouped(item, present) if e.sql() not in {m.sql() for m in missing}]
    if not missing:
        return []
    if group is None:
        select.set("group", exp.Group(expressions=[m.copy() for m in missing]))
    else:
        for item in missing:
            group.append("expressions", item.copy())
    return [f"grouped by {', '.join(m.sql(catalog.dialect) for m in missing)} as well"]


def _picks_a_row(items: list[exp.Expr]) -> bool:
    """SQLite's documented rule: beside one MIN or MAX, other columns come from that row."""
    found = [n for i in items for n in own_nodes(i) if isinstance(n, exp.AggFunc)]
    return len(found) == 1 and isinstance(found[0], (exp.Min, exp.Max))


def _grouped(select: exp.Select, group: exp.Group | None) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    aliases = {p.alias.lower(): p.this for p in select.expressions if isinstance(p, exp.Alias)}
    for entry in group.expressions if group is not None else ():
        found.append(entry)
        if isinstance(entry, exp.Literal) and entry.is_int and 0 < int(entry.name) <= len(select.expressions):
            chosen = select.expressions[int(entry.name) - 1]
            found.append(chosen.this if isinstance(chosen, exp.Alias) else chosen)
        elif isinstance(entry, exp.Column) and not entry.table and entry.name.lower() in aliases:
            found.append(aliases[entry.name.lower()])
    return found


def _ungrouped(item: exp.Expr, present: set[str]) -> list[exp.Expr]:
    """The item itself when it has no aggregate, else its columns outside aggregates and windows."""
    columns = [n for n in own_nodes(item) if isinstance(n, exp.Column)]
    if not columns or any(isinstance(n, exp.Query) for n in own_nodes(item)):
        return []
    if not any(isinstance(n, _OVER_ROWS) for n in own_nodes(item)):
        covered = all(_within(c, item, present) for c in columns)
        return [] if covered else [item]
    return [c for c in columns if not _within(c, item, present) and not _added_up(c, item)]


def _within(node: exp.Expr, top: exp.Expr, present: set[str]) -> bool:
    current: exp.Expr | None = node
    while current is not None:
        if current.sql() in present:
            return True
        if current is top:
            return False
        current = current.parent
    return False


def _added_up(node: exp.Expr, top: exp.Expr) -> bool:
    current = node
    while current is not top and current.parent is not None:
        current = current.parent
        if isinstance(current, _OVER_ROWS):
            return True
    return isinstance(top, _OVER_ROWS)
