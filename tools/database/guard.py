"""The only way from text to a statement that is run: parse, check, resolve names, rewrite, render, check again."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.allowed import TYPES, WRITTEN_TYPES, check_tokens, check_tree, named_sources, refused
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.dialect import to_dialect
from clawdbot.tools.database.labels import name_outputs
from clawdbot.tools.database.moments import CHAR, to_forms
from clawdbot.tools.database.names import resolve_names
from clawdbot.tools.database.periods import compare_moments
from clawdbot.tools.database.repairs import repair

_FOREIGN = ("mysql", "postgres", "tsql", "bigquery", "duckdb", "oracle")
"""Dialects tried, in this order, when a statement does not parse as the database's own."""
_LONGEST = 20_000
_DEEPEST = 60
_FENCE = re.compile(r"^\s*```(?:\w+)?\s*(.*?)\s*```\s*$", re.DOTALL)
_START = re.compile(r"^[\s(]*(?:select|with)\b", re.IGNORECASE)
_LEADING_COMMENT = re.compile(r"^\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_QUOTED = re.compile(r"""('[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\])|[^'"`\[]+""")
_CONVERT = re.compile(r"\bconvert\s*\(\s*(?:n?(?:var)?char|int|bigint|date|datetime|decimal|float)\b", re.IGNORECASE)
"""SQL Server's CONVERT(type, x), which other dialects misread as a cast of a column named like the type."""
_TO_CHAR = re.compile(r"\bto_char\s*\(", re.IGNORECASE)
_FULL_WIDTH = str.maketrans("，（）；＝＞＜＊", ",();=><*")


@dataclass(frozen=True, kw_only=True)
class GuardedSql:
    """A statement that may run.

    ``sql`` is rendered from the tree, pretty; ``bounded`` is the same with its row limit; ``tables`` are real names;
    ``columns`` are 'Table.Column'; ``notes`` say what was repaired.
    """

    sql: str
    bounded: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def guard(sql: str, catalog: Catalog, *, max_rows: int = 10_000) -> GuardedSql:
    """Turn model-written text into one safe SELECT for the catalogue's dialect.

    RetryableToolError with a cure for syntax and names, with code 'sql_refused' for what is never allowed.
    """
    try:
        return _guarded(_cleaned(sql), catalog, max_rows)
    except RecursionError:
        raise refused("the statement is nested too deeply") from None
    except SqlglotError as error:  # a tree that renders to what does not parse again
        raise RetryableToolError(f"The SQL is not valid: {_syntax(error)}.", hint="Write it more simply.") from None


def _guarded(text: str, catalog: Catalog, max_rows: int) -> GuardedSql:
    tree = _parsed(text, catalog.dialect)
    check_tree(tree, catalog.dialect, types=WRITTEN_TYPES)
    tree = to_forms(tree)
    names = resolve_names(tree, catalog)
    tree = compare_moments(tree)
    notes = [*names.notes, *repair(tree, catalog)]
    name_outputs(tree, catalog.dialect)
    tree = to_dialect(tree, catalog.dialect)
    pretty = _rendered(tree, catalog.dialect, pretty=True)
    bounded = _rendered(_limited(tree, max_rows + 1), catalog.dialect, pretty=False)
    for final in (pretty, bounded):
        check_tokens(final, catalog.dialect, aliases=named_sources(tree))
        check_tree(sqlglot.parse_one(final, read=catalog.dialect), catalog.dialect, types=TYPES)
    return GuardedSql(
        sql=pretty, bounded=bounded, tables=names.tables, columns=names.columns, notes=tuple(dict.fromkeys(notes))
    )


def _cleaned(sql: str) -> str:
    if len(sql) > _LONGEST:
        raise refused(f"the statement is longer than {_LONGEST} characters")
    if "\0" in sql:
        raise refused("the statement holds a NUL character")
    fenced = _FENCE.match(sql)
    text = (fenced.group(1) if fenced else sql).strip().rstrip("; \n\t；")
    text = _QUOTED.sub(lambda m: m[0] if m[1] else m[0].translate(_FULL_WIDTH), text)
    text = _QUOTED.sub(lambda m: m[0] if m[1] else _TO_CHAR.sub(f"{CHAR}(", m[0]), text)
    if _depth(text) > _DEEPEST:
        raise refused("the statement is nested too deeply")
    start = text
    while comment := _LEADING_COMMENT.match(start):
        start = start[comment.end() :]
    if not start.strip():
        raise RetryableToolError("The statement is empty.", hint="Write one SELECT statement.")
    if not _START.match(start):
        raise refused(f"a statement may not begin with {start.split()[0][:30]!r}")
    return text


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        deepest = max(deepest, depth)
    return deepest


def _parsed(text: str, dialect: str) -> exp.Query:
    first: SqlglotError | None = None
    own = ("tsql", dialect) if _CONVERT.search(text) else (dialect,)
    for read in dict.fromkeys((*own, *_FOREIGN)):
        try:
            trees = [t for t in sqlglot.parse(text, read=read) if t is not None]
        except SqlglotError as error:
            first = first or error
            continue
        if len(trees) != 1:
            raise refused(f"there are {len(trees)} statements, one is allowed")
        if isinstance(trees[0], exp.Query):
            return _with_limits(trees[0])
        raise refused(f"{type(trees[0]).__name__.upper()} is not allowed")
    raise RetryableToolError(f"The SQL does not parse: {_syntax(first)}.", hint="Correct the syntax.")


def _with_limits(tree: exp.Query) -> exp.Query:
    """FETCH FIRST n ROWS ONLY as LIMIT n."""
    for fetch in list(tree.find_all(exp.Fetch)):
        options = fetch.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise refused("FETCH with PERCENT or TIES is not supported", hint="Write LIMIT and a number.")
        fetch.replace(exp.Limit(expression=fetch.args.get("count") or exp.Literal.number(1)))
    return tree


def _syntax(error: SqlglotError | None) -> str:
    details = getattr(error, "errors", None)
    if details:
        found = details[0]
        near = f"{found.get('start_context', '')[-30:]}>>>{found.get('highlight', '')}<<<"
        return f"{str(found.get('description', '')).rstrip('.')} near {near!r}"
    return str(error).splitlines()[0][:200].rstrip(".")


def _rendered(tree: exp.Query, dialect: str, *, pretty: bool) -> str:
    try:
        return tree.sql(dialect=dialect, pretty=pretty, comments=False, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise RetryableToolError(
            f"{str(error).splitlines()[0].rstrip('.')}.", hint="Write it with other functions."
        ) from None


def _limited(tree: exp.Query, most: int) -> exp.Query:
    """The query with a row limit of at most ``most``; the limit that it already has stays when it is lower."""
    limit = tree.args.get("limit")
    wanted = limit.expression if isinstance(limit, exp.Limit) else limit.args.get("count") if limit else None
    if isinstance(wanted, exp.Literal) and wanted.is_int and int(wanted.this) <= most:
        return tree
    if limit is not None and not (isinstance(wanted, exp.Literal) and wanted.is_int):
        raise RetryableToolError("LIMIT must be a whole number.", hint="Write for example LIMIT 10.")
    return tree.limit(most, copy=True)
