"""Rows for documents: all that a query gives, or an error, for a row that is left out would be taken for deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clawdbot.errors import KnowledgeError, ToolError
from clawdbot.knowledge.sources.sql import Rows
from clawdbot.tools.database.databases import Databases

CELL_CHARS = 5_000_000
"""A longer text cell is refused: no document is that long."""


def document_rows(databases: Databases) -> Rows:
    """A reader for sources of kind 'sql', guarded and read-only as every query is."""

    def read(database: str, query: str) -> Iterator[Mapping[str, Any]]:
        section = f"[databases.{database}]"
        try:
            found = databases.whole_rows(database, query, cell_chars=CELL_CHARS)
        except ToolError as error:
            raise KnowledgeError(error.message, hint=error.hint) from error
        if found.truncated:
            raise KnowledgeError(
                f"The query gives more than {section} lets through.",
                hint=f"Raise max_rows or max_bytes there, or narrow the query; {len(found.rows)} rows fitted.",
            )
        if found.notes:
            raise KnowledgeError(f"The rows are not whole: {'; '.join(found.notes)}.", hint="Narrow the query.")
        for row in found.rows:
            yield dict(zip(found.columns, row, strict=True))

    return read
