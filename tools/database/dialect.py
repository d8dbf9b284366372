"""Functions of other products rewritten to what the database has."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from sqlglot import exp

from clawdbot.tools.database import moments, moments_postgres, moments_sqlite
from clawdbot.tools.database.kinds import kind_of
from clawdbot.tools.database.rewriting import rewrite

_TARGETS: dict[str, ModuleType] = {"sqlite": moments_sqlite, "postgres": moments_postgres}
_TO_TEXT = frozenset((exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.NVARCHAR, exp.DType.NCHAR, exp.DType.TEXT))


def to_dialect(tree: exp.Query, dialect: str) -> exp.Query:
    """The tree in the dialect's own functions; children first, because forms nest."""
    return rewrite(tree, lambda node: _made(node, dialect))


def _made(node: exp.Expr, dialect: str) -> exp.Expr | None:
    if moments.form(node):
        return _moment(node, _TARGETS[dialect])
    rules = _SQLITE if dialect == "sqlite" else _POSTGRES
    rule = rules.get(type(node))
    if rule is not None:
        return rule(node)
    if isinstance(node, exp.Anonymous):
        return _named(node, dialect)
    return None


def _moment(node: exp.Expr, target: ModuleType) -> exp.Expr:
    args = node.expressions
    made: exp.Expr
    if node.name in (moments.PART, moments.TRUNC, moments.TEXT):
        name = {moments.PART: "part", moments.TRUNC: "trunc", moments.TEXT: "text"}[node.name]
        made = getattr(target, name)(args[0].name, args[1])
    elif node.name == moments.DIFF:
        made = target.diff(args[0].name, args[1], args[2])
    elif node.name == moments.SHIFT:
        made = target.shift(args[0], args[1].copy(), args[2].name)
    else:
        made = (target.as_date if node.name == moments.DATE else target.as_time)(args[0])
    return made


def _call(name: str, *args: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[a.copy() for a in args])


def _concat(node: exp.Expr) -> exp.Expr:
    """CONCAT skips NULL, || does not."""
    parts: list[exp.Expr] = [
        p if isinstance(p, exp.Literal) else exp.Coalesce(this=p, expressions=[exp.Literal.string("")])
        for p in node.expressions
    ]
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part)
    return exp.paren(joined)


def _concat_ws(node: exp.Expr) -> exp.Expr:
    separator, *values = node.expressions
    parts: list[exp.Expr] = []
    for value in values:
        parts += [separator.copy(), value]
    joined = parts[1]
    for part in parts[2:]:
        joined = exp.DPipe(this=joined, expression=part)
    return exp.paren(joined)


def _left(node: exp.Expr) -> exp.Expr:
    return _call("SUBSTR", node.this, exp.Literal.number(1), node.expression)


def _right(node: exp.Expr) -> exp.Expr:
    return _call("SUBSTR", node.this, exp.Neg(this=exp.paren(node.expression)))


def _pad(node: exp.Expr) -> exp.Expr | None:
    width, fill = node.expression, node.args.get("fill_pattern")
    if not (node.args.get("is_left") and isinstance(width, exp.Literal) and fill is not None and fill.name == "0"):
        return None
    zeros = exp.Literal.string("0" * min(int(width.name), 40))
    return _call("SUBSTR", exp.DPipe(this=zeros, expression=node.this), exp.Neg(this=width.copy()))


def _ilike(node: exp.Expr) -> exp.Expr:
    return exp.Like(this=exp.Lower(this=node.this), expression=exp.Lower(this=node.expression))


def _stddev(node: exp.Expr) -> exp.Expr:
    """The sample deviation from sums, because SQLite has none."""
    return exp.Sqrt(this=_variance(node))


def _variance(node: exp.Expr) -> exp.Expr:
    x = node.this
    real = exp.Mul(this=x.copy(), expression=exp.Literal.number("1.0"))
    squares = exp.Sum(this=exp.Mul(this=real, expression=x.copy()))
    total = exp.Sum(this=exp.Mul(this=x.copy(), expression=exp.Literal.number("1.0")))
    mean = exp.Div(this=exp.Mul(this=total.copy(), expression=total), expression=exp.Count(this=x.copy()), typed=True)
    spread = _call("MAX", exp.Sub(this=squares, expression=mean), exp.Literal.number("0.0"))
    less_one = exp.Sub(this=exp.Count(this=x.copy()), expression=exp.Literal.number(1))
    divisor = exp.Nullif(this=less_one, expression=exp.Literal.number(0))
    return exp.Div(this=spread, expression=divisor, typed=True)


def _extreme(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: _call(name, node.this, *node.expressions)


def _position(node: exp.Expr) -> exp.Expr:
    return _call("INSTR", node.this, node.args["substr"])


def _count_if(node: exp.Expr) -> exp.Expr:
    case = exp.Case(ifs=[exp.If(this=node.this, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    return exp.Sum(this=case)


def _round_numeric(node: exp.Expr) -> exp.Expr | None:
    """PostgreSQL rounds to decimals only what is numeric."""
    if node.args.get("decimals") is None or isinstance(node.this, exp.Cast):
        return None
    return exp.Round(this=exp.cast(node.this, exp.DType.DECIMAL), decimals=node.args["decimals"])


def _if_case(node: exp.Expr) -> exp.Expr | None:
    if isinstance(node.parent, exp.Case):
        return None
    branch = exp.If(this=node.this, true=node.args["true"])
    return exp.Case(ifs=[branch], default=node.args.get("false"))


def _cast_text_size(node: exp.Expr) -> exp.Expr | None:
    """A size on a cast to text cuts values on one product and not on the other."""
    to = node.args["to"]
    if isinstance(node.this, exp.Cast) and node.this.to == to:
        return node.this
    if to.this in _TO_TEXT:
        return exp.cast(node.this, exp.DType.TEXT)
    if to.this == exp.DType.USERDEFINED and str(to.args.get("kind")).lower() in ("signed", "unsigned"):
        return exp.cast(node.this, exp.DType.INT)
    return None


def _cast_sqlite(node: exp.Expr) -> exp.Expr | None:
    to = node.args["to"]
    if to.this == exp.DType.DECIMAL:
        decimals = to.expressions[1].this if len(to.expressions) > 1 else None
        real = exp.cast(node.this, exp.DType.DOUBLE)
        return exp.Round(this=real, decimals=decimals.copy()) if decimals is not None else real
    return _cast_text_size(node)


def _group_concat_postgres(node: exp.Expr) -> exp.Expr | None:
    inner = node.this
    value = inner.expressions[0] if isinstance(inner, exp.Distinct) else inner
    if isinstance(value, exp.Order) or kind_of(value) == "text":
        return None
    value.replace(exp.cast(value.copy(), exp.DType.TEXT))
    return None


def _extract_unixday(value: exp.Expr) -> exp.Expr:
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=moments_postgres.as_time(value))
    days = exp.Div(this=seconds, expression=exp.Literal.number("86400.0"), typed=True)
    return exp.paren(exp.Add(this=days, expression=exp.Literal.number("2440587.5")))


def _named(node: exp.Anonymous, dialect: str) -> exp.Expr | None:
    name, args = node.name.lower(), node.expressions
    if name in ("isnull", "nvl", "ifnull") and len(args) == 2:
        return exp.Coalesce(this=args[0].copy(), expressions=[args[1].copy()])
    if dialect == "sqlite":
        if name == "to_char" and args:
            return exp.cast(args[0].copy(), exp.DType.TEXT)
        return None
    if name == "julianday" and len(args) == 1:
        return _extract_unixday(args[0])
    if name == "instr" and len(args) == 2:
        return _call("STRPOS", *args)
    if name == "total" and len(args) == 1:
        return exp.Coalesce(this=exp.Sum(this=args[0].copy()), expressions=[exp.Literal.number(0)])
    if name in ("date", "datetime") and len(args) > 1:
        return _modified(name, args)
    return None


def _modified(name: str, args: list[exp.Expr]) -> exp.Expr | None:
    """SQLite's DATE(x, modifier, ...) in PostgreSQL."""
    value = args[0]
    for modifier in args[1:]:
        words = modifier.name.lower().split() if isinstance(modifier, exp.Literal) else []
        if len(words) == 3 and words[:2] == ["start", "of"]:
            value = moments_postgres.trunc(words[2], value)
        elif len(words) == 2 and words[1] in moments.UNIT_OF and words[0].lstrip("+-").isdigit():
            unit = moments.UNIT_OF[words[1]]
            value = moments_postgres.shift(value, exp.Literal.number(int(words[0])), unit)
        elif words not in (["localtime"], ["utc"]):
            return None
    return moments_postgres.as_date(value) if name == "date" else moments_postgres.as_time(value)


_Rule = Callable[[exp.Expr], "exp.Expr | None"]
_SQLITE: dict[type[exp.Expr], _Rule] = {
    exp.Concat: _concat,
    exp.ConcatWs: _concat_ws,
    exp.Left: _left,
    exp.Right: _right,
    exp.Pad: _pad,
    exp.ILike: _ilike,
    exp.Stddev: _stddev,
    exp.StddevSamp: _stddev,
    exp.Variance: _variance,
    exp.Greatest: _extreme("MAX"),
    exp.Least: _extreme("MIN"),
    exp.StrPosition: _position,
    exp.CountIf: _count_if,
    exp.If: _if_case,
    exp.Cast: _cast_sqlite,
    exp.TryCast: _cast_sqlite,
}
_POSTGRES: dict[type[exp.Expr], _Rule] = {
    exp.Round: _round_numeric,
    exp.CountIf: _count_if,
    exp.If: _if_case,
    exp.Cast: _cast_text_size,
    exp.GroupConcat: _group_concat_postgres,
}
