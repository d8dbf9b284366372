"""The tool ``typed_query``: a question that is fully written down already, for fixed calls of workflows.

The planner's ``query`` takes part of its meaning from the goal; this one says all of it.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from clawdbot.errors import RetryableToolError
from clawdbot.tools.argument_errors import describe
from clawdbot.tools.contract import RunView, ToolContext, ToolResult
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.kept_result import kept_result
from clawdbot.tools.database.measures import discover
from clawdbot.tools.database.query import table_name
from clawdbot.tools.database.sql import allowed_databases, chosen_database
from clawdbot.tools.database.typed import TypedQuery
from clawdbot.tools.decorator import tool


@tool(effect="read", provides="table")
def typed_query(context: ToolContext, query: dict[str, Any], database: str = "", title: str = "") -> ToolResult:
    """Ask a database a question that is fully written down: measures by columns in periods, or a list of rows.

    query: measures, by, per, periods, filters, order, limit and so on, as a run's receipt shows them
    database: which database; may be left out when there is one
    title: name of the result; left out: made from the query
    """
    databases = context.service(Databases)
    name = chosen_database(database, allowed_databases(databases, context.envelope.databases))
    try:
        asked = TypedQuery.model_validate(query)
    except ValidationError as error:
        raise RetryableToolError(
            f"The query is wrong: {describe(error, TypedQuery.model_json_schema())}", hint="Correct the argument query."
        ) from error
    catalog = databases.catalog(name)
    configured = context.config.databases[name].measures if name in context.config.databases else {}
    compiled = compile_query(asked, catalog, discover(catalog, configured))
    result = databases.run(name, compiled.sql, timeout_s=max(0.1, context.remaining_s()))
    more = {
        "time": compiled.time,
        "grain": compiled.grain,
        "period": [p.model_dump(mode="json") for p in asked.periods],
        "query": asked.model_dump(mode="json", exclude_defaults=True),
    }
    said = title or table_name(asked, compiled).replace("_", " ")
    return kept_result(context, name, result, title=said, notes=compiled.notes, receipt=more)


@typed_query.when
def _ready(view: RunView) -> bool:
    return bool(allowed_databases(view.service(Databases), view.envelope.databases))
