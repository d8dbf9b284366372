"""The result of a fixed question to a database: kept as a table, told in a few lines, with its receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clawdbot.tools.contract import ToolContext, ToolResult
from clawdbot.tools.database.absent import found_nothing
from clawdbot.tools.database.databases import QueryResult
from clawdbot.tools.database.preview import preview


def kept_result(
    context: ToolContext,
    database: str,
    result: QueryResult,
    *,
    title: str,
    notes: Sequence[str] = (),
    receipt: Mapping[str, Any] | None = None,
) -> ToolResult:
    """Save the rows under ``title``; ``empty`` in the receipt says that nothing was found."""
    info = context.workspace.save_table(
        result.frame, name=title, source=database, sql=result.sql, title=title, truncated=result.truncated
    )
    empty = found_nothing(result.frame)
    lines = [preview(result.frame, name=info.name, truncated=result.truncated)]
    lines += [f"note: {note}" for note in (*notes, *result.notes)]
    lines += ["Nothing was found."] if empty else []
    return ToolResult(
        observation="\n".join(lines),
        summary=f"{info.rows} rows from {database} as {info.name}",
        table=info.name,
        receipt={
            "database": database,
            "sql": result.sql,
            "rows": info.rows,
            "empty": empty,
            "columns": [c.name for c in info.columns],
            "sha256": info.sha256,
            "truncated": info.truncated,
            "table": info.name,
            **(receipt or {}),
        },
    )
