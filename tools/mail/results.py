"""The run's results as lines of a mail that carries no report or export: a reader must find the figures in it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clawdbot.tools.mail.cleaning import clean_line
from clawdbot.tools.workspace import Artifact, Workspace

MOST_TABLES = 3
MOST_ROWS = 30
_CELL = 80
_CARRIERS = frozenset({"report", "export"})
_MORE = {"zh": "……共 {rows} 行", "en": "... {rows} rows in all"}


def result_lines(
    workspace: Workspace,
    attachments: tuple[Artifact, ...],
    *,
    language: str,
    tables: Sequence[str] | None = None,
) -> str:
    """The rows of the saved tables, a line each; empty when an attachment carries them.

    ``tables`` are the ones to show, whatever is attached; RetryableToolError names those that exist.
    """
    if tables is not None:
        shown = tuple(workspace.table(name) for name in dict.fromkeys(tables))
    elif any(a.kind in _CARRIERS for a in attachments):
        return ""
    else:
        shown = workspace.tables()[-MOST_TABLES:]
    blocks = [_block(workspace.load_table(t.name), language) for t in shown if t.rows]
    return "\n\n".join(blocks)


def _block(frame: pd.DataFrame, language: str) -> str:
    columns = [str(c) for c in frame.columns]
    lines = [_line(columns, row) for row in frame.head(MOST_ROWS).itertuples(index=False)]
    if len(frame) > MOST_ROWS:
        lines.append(_MORE[language].format(rows=len(frame)))
    return "\n".join(lines)


def _line(columns: list[str], row: tuple[object, ...]) -> str:
    """'- Chai: 18' for a name and a figure; every column named when there are more."""
    cells = [_cell(value) for value in row]
    if len(cells) == 2 and isinstance(row[0], str):
        return f"- {cells[0]}: {cells[1]}"
    return "- " + ", ".join(f"{name}: {cell}" for name, cell in zip(columns, cells, strict=True))


def _cell(value: object) -> str:
    if value is None or value is pd.NaT or value != value:
        return "-"
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value)
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean_line(str(value), limit=_CELL)
