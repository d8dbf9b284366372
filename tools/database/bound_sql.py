"""The tool ``bound_sql``: a fixed SELECT whose parameters are bound as values, for fixed calls of workflows.

A parameter becomes a literal of the syntax tree, never text of the statement; the guard checks the whole afterwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from clawdbot.errors import RetryableToolError
from clawdbot.tools.contract import RunView, ToolContext, ToolResult
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.kept_result import kept_result
from clawdbot.tools.database.sql import allowed_databases, chosen_database
from clawdbot.tools.decorator import tool

_NAME = re.compile(r"^\w+$")


@tool(effect="read", provides="table")
def bound_sql(
    context: ToolContext, sql: str, title: str, parameters: dict[str, Any] | None = None, database: str = ""
) -> ToolResult:
    """Query a database with a fixed SELECT statement; the rows are kept as a table.

    sql: one SELECT statement; :name stands for a parameter
    title: short name of the result
    parameters: value of each parameter: text, number, true or false, nothing, or a list for IN
    database: which database; may be left out when there is one
    """
    databases = context.service(Databases)
    name = chosen_database(database, allowed_databases(databases, context.envelope.databases))
    statement = bind(sql, parameters or {}, databases.catalog(name).dialect)
    result = databases.run(name, statement, timeout_s=max(0.1, context.remaining_s()))
    return kept_result(context, name, result, title=title, receipt={"parameters": dict(parameters or {})})


@bound_sql.when
def _ready(view: RunView) -> bool:
    return bool(allowed_databases(view.service(Databases), view.envelope.databases))


def bind(sql: str, parameters: Mapping[str, Any], dialect: str) -> str:
    """The statement with its parameters as literals; RetryableToolError for one that is missing, unused or no value."""
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError as error:
        raise RetryableToolError(
            f"The SQL does not parse: {str(error).splitlines()[0]}", hint="Correct the argument sql."
        ) from error
    used: set[str] = set()
    for place in list(tree.find_all(exp.Placeholder)):
        name = str(place.this or "")
        if not _NAME.match(name) or name not in parameters:
            known = ", ".join(parameters) or "none"
            raise RetryableToolError(f"The parameter :{name} has no value.", hint=f"Given are: {known}.")
        used.add(name)
        value = parameters[name]
        if isinstance(value, list | tuple):
            _in_list(place, name, value)
        else:
            place.replace(_literal(name, value))
    unused = sorted(set(parameters) - used)
    if unused:
        raise RetryableToolError(
            f"The statement has no parameter :{unused[0]}.", hint="Use it in sql, or take it out of parameters."
        )
    return tree.sql(dialect=dialect, comments=False)


def _in_list(place: exp.Placeholder, name: str, values: list[Any] | tuple[Any, ...]) -> None:
    inside = place.find_ancestor(exp.In)
    if inside is None or place not in inside.expressions:
        raise RetryableToolError(f"The parameter :{name} is a list.", hint=f"Write it as: column IN (:{name}).")
    # IN () is no SQL; a comparison with NULL is never true.
    found: list[exp.Expr] = [_literal(name, value) for value in values] or [exp.Null()]
    inside.set("expressions", [e for e in inside.expressions if e is not place] + found)


def _literal(name: str, value: Any) -> exp.Expr:
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float) and math.isfinite(value):
        number = exp.Literal.number(repr(abs(value)))
        return exp.Neg(this=number) if value < 0 else number
    if isinstance(value, str):
        return exp.Literal.string(value)
    if hasattr(value, "isoformat"):
        return exp.Literal.string(value.isoformat())
    raise RetryableToolError(f"The parameter :{name} is {value!r}.", hint="Give text, a number, a date or a list.")
