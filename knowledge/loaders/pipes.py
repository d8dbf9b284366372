"""Tables as text: one Markdown pipe row a line, the header first, no rule under it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clawdbot.knowledge.loaders.cleaning import one_line


def pipe_row(cells: Iterable[str]) -> str:
    """One row; a bar in a cell is escaped, a line break becomes a blank."""
    return "| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in cells) + " |"


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal width without empty columns and rows; empty when nothing is in them.

    The first row is taken for the header.
    """
    width = max((len(row) for row in rows), default=0)
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    used = [column for column in range(width) if any(row[column].strip() for row in full)]
    return "\n".join(pipe_row(row[c] for c in used) for row in full if any(cell.strip() for cell in row))
