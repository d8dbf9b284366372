"""What a tool returned, as text for the model and facts for the ledger."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from pydantic_core import to_json

from clawdbot.tools.contract import Tool, ToolResult
from clawdbot.tools.workspace import TableInfo, Workspace

OBSERVATION_LIMIT = 4000
"""Characters of an observation; a small model's context must not fill up with one result."""

PREVIEW_ROWS = 8

_CONTROL = {code: None for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def as_result(tool: Tool[..., Any], value: object, workspace: Workspace) -> ToolResult:
    """A ToolResult from anything a tool may return: text, JSON values, pydantic models, tables, ToolResult.

    A DataFrame is saved as a table named after the tool.  Raises TypeError for a value that is not JSON.
    """
    if isinstance(value, ToolResult):
        return _evident(value, workspace)
    if isinstance(value, pd.DataFrame):
        return _table_result(workspace.save_table(value, name=tool.name, source=f"tool {tool.name}"), value)
    if value is None:
        return ToolResult(observation="done", summary="done")
    text = value if isinstance(value, str) else _json(value)
    return ToolResult(observation=text, summary=first_line(text, limit=120))


def shown(observation: str) -> str:
    """The observation without control characters and lone surrogates, cut at the limit with a note."""
    clean = observation.translate(_CONTROL)
    kept = clean[:OBSERVATION_LIMIT].encode("utf-8", "replace").decode()
    return kept if len(clean) <= OBSERVATION_LIMIT else f"{kept}\n[cut: {OBSERVATION_LIMIT} of {len(clean)} characters]"


def first_line(text: str, *, limit: int) -> str:
    """The first line that says something, at most ``limit`` characters."""
    line = next((line.strip() for line in shown(text).splitlines() if line.strip()), "")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _evident(result: ToolResult, workspace: Workspace) -> ToolResult:
    """The result, when the table and the files that it claims are in the run's folder; ValueError otherwise."""
    if result.table is not None and result.table not in {info.name for info in workspace.tables()}:
        raise ValueError(f"it claims a table {result.table!r} that was never saved")
    if result.artifacts:
        made = {(artifact.name, artifact.sha256) for artifact in workspace.artifacts()}
        for artifact in result.artifacts:
            if (artifact.name, artifact.sha256) not in made:
                raise ValueError(f"it claims a file {artifact.name!r} that is not in the run's folder")
    return result


def _json(value: object) -> str:
    try:
        return json.dumps(json.loads(to_json(value, inf_nan_mode="null")), ensure_ascii=False)
    except ValueError as error:  # pydantic's serialization error is one
        raise TypeError(
            f"it returned {type(value).__name__}; a tool returns text, JSON values, a pydantic model, "
            "a DataFrame or ToolResult"
        ) from error


def _table_result(info: TableInfo, frame: pd.DataFrame) -> ToolResult:
    columns = ", ".join(f"{column.name} ({column.kind})" for column in info.columns)
    preview = frame.head(PREVIEW_ROWS).to_csv(index=False).strip()
    more = f"\n... {info.rows - PREVIEW_ROWS} more rows" if info.rows > PREVIEW_ROWS else ""
    return ToolResult(
        observation=f"Saved as table {info.name!r}: {info.rows} rows; columns: {columns}.\n{preview}{more}",
        summary=f"table {info.name}, {info.rows} rows",
        table=info.name,
        receipt={"rows": info.rows, "sha256": info.sha256},
    )
