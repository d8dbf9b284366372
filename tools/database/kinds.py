"""What kind of value an expression gives, as far as the catalogue and the functions tell."""

from __future__ import annotations

from sqlglot import exp

from clawdbot.tools.database import moments
from clawdbot.tools.database.catalog import ColumnKind

_SAME = (exp.Min, exp.Max, exp.Paren, exp.Coalesce, exp.Neg, exp.Abs, exp.Alias, exp.Distinct)
_INTEGERS = (exp.Count, exp.Length, exp.RowNumber, exp.Rank, exp.DenseRank, exp.IntDiv, exp.StrPosition)
_REALS = (exp.Avg, exp.Sqrt, exp.Pow, exp.Ln, exp.Exp)
_TEXTS = (exp.DPipe, exp.Concat, exp.ConcatWs, exp.Upper, exp.Lower, exp.Substring, exp.Trim, exp.GroupConcat)
_FORMS: dict[str, ColumnKind] = {
    moments.PART: "integer",
    moments.DIFF: "integer",
    moments.TEXT: "text",
    moments.DATE: "date",
    moments.TIME: "datetime",
}
_DATES = ("date", "datetime")


def kind_of(node: exp.Expr | None) -> ColumnKind | None:
    """The kind of the value, None when it is not known.  Columns carry theirs in ``meta['kind']``."""
    if node is None:
        return None
    if isinstance(node, exp.Column):
        found: ColumnKind | None = node.meta.get("kind")
        return found
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "integer" if node.is_int else "number"
    if isinstance(node, exp.Anonymous):
        return _kind_of_form(node)
    if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)):
        return "date" if isinstance(node, exp.CurrentDate) else "datetime"
    if isinstance(node, _INTEGERS):
        return "integer"
    if isinstance(node, _REALS):
        return "number"
    if isinstance(node, _TEXTS):
        return "text"
    if isinstance(node, exp.Cast):
        return _kind_of_cast(node)
    return _kind_of_compound(node)


def is_moment(node: exp.Expr | None) -> bool:
    """The value is a date or a date with a time."""
    return kind_of(node) in _DATES


def _kind_of_form(node: exp.Anonymous) -> ColumnKind | None:
    name = node.name
    if name in _FORMS:
        return _FORMS[name]
    if name in (moments.TRUNC, moments.SHIFT):
        unit = node.expressions[0 if name == moments.TRUNC else 2].name
        return "datetime" if unit in ("hour", "minute", "second") else "date"
    return "date" if name.lower() == "date" else "datetime" if name.lower() == "datetime" else None


def _kind_of_cast(node: exp.Cast) -> ColumnKind | None:
    if node.to.this in exp.DataType.INTEGER_TYPES:
        return "integer"
    if node.to.this in exp.DataType.REAL_TYPES:
        return "number"
    return "text" if node.to.this in exp.DataType.TEXT_TYPES else None


def _kind_of_compound(node: exp.Expr) -> ColumnKind | None:
    if isinstance(node, exp.Sum):
        inner = kind_of(node.this)
        return inner if inner in ("integer", "number") else None
    if isinstance(node, (exp.Window, exp.Filter, *_SAME)):
        return kind_of(node.this if not isinstance(node, exp.Distinct) else node.expressions[0])
    if isinstance(node, exp.Round):
        return "number"
    if isinstance(node, (exp.Case, exp.If)):
        branches = node.args.get("ifs") or [node]
        kinds = {kind_of(b.args.get("true")) for b in branches}
        return kinds.pop() if len(kinds) == 1 else None
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Div)):
        sides = {kind_of(node.this), kind_of(node.expression)}
        if sides == {"integer"} and not (isinstance(node, exp.Div) and not node.args.get("typed")):
            return "integer"
        return "number" if sides <= {"integer", "number"} else None
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and len(node.this.expressions) == 1:
        return kind_of(node.this.expressions[0])
    return None
