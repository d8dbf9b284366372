"""The tool ``sql``: a question to a database in free SQL, guarded, kept as a named table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawdbot.errors import PolicyRefused, RetryableToolError
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.database.absent import found_nothing, why_nothing
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.preview import preview
from clawdbot.tools.database.shown_sql import shown_sql
from clawdbot.tools.decorator import tool

_TITLE = 60
_LONGEST_SQL = 1500


@tool(effect="read", provides="table")
def sql(context: ToolContext, sql: str, title: str, database: str = "") -> ToolResult:
    """Query a database with one SELECT statement; the rows are kept as a table.

    sql: one SELECT statement over the listed tables
    title: short name of the result, in the language of the goal
    database: which database
    """
    databases = context.service(Databases)
    name = chosen_database(database, allowed_databases(databases, context.envelope.databases))
    result = databases.run(name, sql, timeout_s=max(0.1, context.remaining_s()))
    info = context.workspace.save_table(
        result.frame, name=title, source=name, sql=result.sql, title=title, truncated=result.truncated
    )
    lines = [preview(result.frame, name=info.name, truncated=result.truncated)]
    lines += [f"note: {note}" for note in result.notes]
    if found_nothing(result.frame):
        lines += ["Nothing was found.", *why_nothing(result.sql, databases.catalog(name), databases.values(name))]
    receipt = {
        "database": name,
        "sql": result.sql,
        "rows": info.rows,
        "columns": [c.name for c in info.columns],
        "sha256": info.sha256,
        "truncated": info.truncated,
        "table": info.name,
        "ms": round(result.ms, 1),
    }
    return ToolResult(
        observation="\n".join(lines),
        summary=f"{info.rows} rows from {name} as {info.name}",
        table=info.name,
        receipt=receipt,
    )


@sql.shown_by
def _shown(context: ToolContext, arguments: Mapping[str, Any]) -> str:
    allowed = allowed_databases(context.service(Databases), context.envelope.databases)
    return shown_sql(context, chosen_database(str(arguments.get("database") or ""), allowed), str(arguments["sql"]))


@sql.when
def _ready(view: RunView) -> bool:
    return bool(allowed_databases(view.service(Databases), view.envelope.databases))


@sql.narrows
def _narrow(view: RunView, schema: Schema) -> Schema:
    names = allowed_databases(view.service(Databases), view.envelope.databases)
    properties: dict[str, Any] = {key: dict(value) for key, value in schema["properties"].items()}
    required = [key for key in schema.get("required", ()) if key != "database"]
    properties["sql"]["maxLength"] = _LONGEST_SQL
    properties["title"] |= {"minLength": 1, "maxLength": _TITLE}
    if len(names) == 1:
        del properties["database"]
    else:
        properties["database"] = {
            "type": "string",
            "enum": list(names),
            "description": properties["database"].get("description", ""),
        }
        required.append("database")
    return {**schema, "properties": properties, "required": required}


def allowed_databases(databases: Databases, allowed: frozenset[str]) -> tuple[str, ...]:
    """Configured databases that the run's envelope allows, in the order of the configuration."""
    return tuple(n for n in databases.names() if n in allowed)


def chosen_database(database: str, allowed: tuple[str, ...]) -> str:
    """The named database, or the only one; PolicyRefused or RetryableToolError."""
    if not allowed:
        raise PolicyRefused("This run may read no database.", hint="Name one in the goal or the configuration.")
    if database in allowed:
        return database
    if not database and len(allowed) == 1:
        return allowed[0]
    raise RetryableToolError(f"There is no database {database!r}.", hint=f"Choose one of: {', '.join(allowed)}.")
