"""Readable names for result columns that a statement leaves unnamed, because charts and reports show them."""

from __future__ import annotations

from sqlglot import exp

from clawdbot.tools.database import moments
from clawdbot.tools.database.rewriting import own_nodes
from clawdbot.tools.database.spelling import identifier


def name_outputs(tree: exp.Query, dialect: str) -> None:
    """Name computed columns of the outermost SELECT in place: SUM(Freight) becomes sum_Freight, YEAR(d) year."""
    if not isinstance(tree, exp.Select):
        return
    taken = {p.alias_or_name.lower() for p in tree.expressions}
    for projection in list(tree.expressions):
        if isinstance(projection, (exp.Alias, exp.Column, exp.Star)):
            continue
        stem = _label(projection)
        name, number = stem, 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.lower())
        projection.replace(exp.alias_(projection.copy(), identifier(name, dialect)))


def _label(node: exp.Expr) -> str:
    node = node.unnest()
    name = moments.form(node)
    if name in (moments.PART, moments.TRUNC):
        return str(node.expressions[0].name)
    if name == moments.TEXT:
        return _period(node.expressions[0].name)
    if name == moments.DIFF:
        return f"{node.expressions[0].name}s"
    if isinstance(node, exp.Count):
        columns = list(node.find_all(exp.Column))
        return f"count_{columns[0].name}" if columns and node.find(exp.Distinct) else "count"
    if isinstance(node, (exp.Cast, exp.Round, exp.Coalesce)):
        return _label(node.this)
    if isinstance(node, exp.Column):
        return node.name
    columns = [n for n in own_nodes(node) if isinstance(n, exp.Column)]
    if isinstance(node, exp.AggFunc):
        return f"{node.key}_{columns[0].name}" if len(columns) == 1 else str(node.key)
    if isinstance(node, exp.Window):
        return str(node.this.key)
    return "value"


def _period(pattern: str) -> str:
    if "%d" in pattern or "%j" in pattern:
        return "date"
    for code, label in (("%Q", "quarter"), ("%m", "month"), ("%B", "month"), ("%b", "month"), ("%W", "week")):
        if code in pattern:
            return label
    return {"%Y": "year", "%A": "weekday", "%a": "weekday", "%H": "hour"}.get(pattern, "period")
