"""Which statements may reach a database: an allow-list over the syntax tree, and one over the rendered tokens.

The tree says what a statement means to us, the tokens say what the database will read; both must agree that it only
selects.  Anything that is not listed is refused, so a construct that a new parser version learns is refused too.
"""

from __future__ import annotations

from itertools import pairwise

from sqlglot import exp, tokenize
from sqlglot.tokenizer_core import TokenType

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.functions import FUNCTIONS


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NODES = _names(
    """Select Union Intersect Except Subquery With CTE TableAlias Table From Join Where Group Having Order Ordered
    Limit Offset Fetch Distinct Column Identifier Star Alias Literal Boolean Null Paren Tuple And Or Not EQ NEQ GT
    GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like ILike Escape Exists Any All Case If Cast TryCast DataType
    DataTypeParam DType Interval Var Add Sub Mul Div IntDiv Mod Neg DPipe SafeDPipe Window WindowSpec Filter
    WithinGroup Rollup Cube GroupingSets Collate AtTimeZone Glob Anonymous WeekStart IntervalSpan
    Aliases"""
)
_WRITES = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Pragma, exp.Attach, exp.Copy, exp.Set, exp.Use)
_TYPES = (
    exp.DataType.INTEGER_TYPES
    | exp.DataType.REAL_TYPES
    | exp.DataType.TEXT_TYPES
    | {exp.DType.DATE, exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.DATETIME}
    | {exp.DType.DATETIME2, exp.DType.BOOLEAN, exp.DType.INTERVAL, exp.DType.UUID}
)
TYPES = frozenset(_TYPES)
"""What values may be cast to in a statement that is run."""
WRITTEN_TYPES = TYPES | {exp.DType.USERDEFINED}
"""The same before rewriting: USERDEFINED may be another product's name, as SIGNED is."""
_WIDEST_PAD = 1000
_BARE = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.Localtime, exp.Localtimestamp)
"""Functions that may be written without brackets."""
_BEFORE_BRACKET = _names(
    """in and or not from join as on values over exists case when then else between select union all except
    intersect filter using by any some distinct where having like is within group partition interval rollup cube
    grouping sets lateral ilike escape limit offset with recursive materialized cast try_cast null end cross inner left
    varchar char character numeric decimal timestamp time float bit dec text real int integer"""
)
"""Words of the language (and types with a size) that may stand before an opening bracket."""


def check_tree(tree: exp.Expr, dialect: str, *, types: frozenset[exp.DType]) -> None:
    """Refuse every node that is not on the list; ``types`` are what values may be cast to."""
    aliases = named_sources(tree)
    for node in tree.walk():
        if isinstance(node, exp.Func) and _shadows(node, aliases, FUNCTIONS[dialect]):
            raise refused("a function may not have the name of a subquery")
        if isinstance(node, _WRITES) and not isinstance(node, exp.Query):
            raise refused(f"{type(node).__name__.upper()} is not allowed")
        if isinstance(node, exp.Func) and type(node).__name__ not in _NODES:
            if not node.args.get("this") and not node.expressions and not isinstance(node, _BARE):
                _check_bare(node)
        elif type(node).__name__ not in _NODES:
            raise refused(f"{_readable(node)} is not allowed")
        if isinstance(node, exp.Select) and not node.expressions:
            raise RetryableToolError("A SELECT names no columns.", hint="Write SELECT, columns, FROM and a table.")
        if isinstance(node, exp.Select) and (node.args.get("locks") or node.args.get("into")):
            raise refused("FOR UPDATE and INTO are not allowed")
        if isinstance(node, exp.DataType) and node.this not in types:
            raise refused(f"a cast to {node.sql()} is not allowed")
        if isinstance(node, exp.Pad) and not _is_narrow(node.expression):
            raise refused(f"padding to more than {_WIDEST_PAD} characters is not allowed")
        if node.args.get("windows") or (isinstance(node, exp.Window) and node.args.get("alias")):
            raise refused("named windows are not supported; write OVER (...) in place")


def _is_narrow(width: exp.Expr) -> bool:
    return isinstance(width, exp.Literal) and width.is_int and int(width.name) <= _WIDEST_PAD


def _check_bare(node: exp.Func) -> None:
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    if name.lower() not in {"count", "now", "pi", "row_number", "rank", "dense_rank", "percent_rank", "cume_dist"} and (
        name.upper().startswith(("CURRENT_", "SESSION_", "SYSTEM_", "NEXT_")) and name.upper() != "CURRENT_DATETIME"
    ):
        raise refused(f"the function {name} is not allowed")


def named_sources(tree: exp.Expr) -> frozenset[str]:
    """Names of subqueries, lower case: the only other names that stand before a bracket, as in t(a, b)."""
    return frozenset(alias.name.lower() for alias in tree.find_all(exp.TableAlias))


def _shadows(node: exp.Func, aliases: frozenset[str], allowed: frozenset[str]) -> bool:
    names = (node.name,) if isinstance(node, exp.Anonymous) else node.sql_names()
    return any(n.lower() in aliases and n.lower() not in allowed for n in names)


def check_tokens(sql: str, dialect: str, *, aliases: frozenset[str]) -> None:
    """Refuse a rendered statement that calls a function which is not on the dialect's list.

    ``aliases`` are the names of :func:`named_sources`, which :func:`check_tree` keeps apart from functions.
    """
    tokens = tokenize(sql, read=dialect)
    allowed = FUNCTIONS[dialect]
    for token, after in pairwise(tokens):
        if token.token_type in (TokenType.SEMICOLON, TokenType.PARAMETER, TokenType.PLACEHOLDER):
            raise refused("only one statement without parameters is allowed")
        if after.token_type != TokenType.L_PAREN or token.token_type == TokenType.STRING:
            continue
        word = token.text.lower()
        if word in aliases:
            continue
        is_word = token.text[:1].isalpha() or token.text[:1] == "_"
        if token.token_type != TokenType.IDENTIFIER and (not is_word or word in allowed or word in _BEFORE_BRACKET):
            continue
        raise refused(
            f"the function {token.text} is not allowed",
            hint=f"Functions that may be used: {', '.join(sorted(allowed))}.",
        )


def refused(what: str, *, hint: str = "Write one SELECT statement that only reads the listed tables.") -> Exception:
    """The error for a statement that will never be run."""
    return RetryableToolError(f"Refused: {what}.", hint=hint, code="sql_refused")


def _readable(node: exp.Expr) -> str:
    return " ".join(_words(type(node).__name__)).upper()


def _words(name: str) -> list[str]:
    out: list[str] = []
    for letter in name:
        if letter.isupper() or not out:
            out.append(letter)
        else:
            out[-1] += letter
    return out
