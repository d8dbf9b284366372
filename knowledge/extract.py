"""What a loader makes of a file: text in blocks, with the page or part that each came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

BlockKind = Literal["heading", "paragraph", "list", "table", "code"]

BLOCK_SEPARATOR = "\n\n"
"""Stands between two blocks in :attr:`Extract.text`."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of a document that belongs together.

    A table is Markdown pipe rows, its header first.  ``level`` is a heading's depth from 1; ``page`` counts from 1
    (a slide's number in a presentation); ``part`` names what has no page: a sheet, an attachment, a mail's header.
    ``row`` is the number, from 1 as the program that made the file shows it, of a table's first data row.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None
    part: str = ""
    row: int | None = None


@dataclass(frozen=True, kw_only=True)
class Extract:
    """A loaded document.  ``notes`` are warnings that an operator should see ('page 3 has no text: OCR is off')."""

    blocks: tuple[Block, ...]
    title: str = ""
    modified_at: str = ""
    """ISO 8601 in UTC when the document itself says it; empty otherwise."""
    pages: int | None = None
    notes: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    """Author, subject, sender, ...; JSON values."""

    @property
    def text(self) -> str:
        """All blocks' text; the character spans of chunks and citations refer to this."""
        return BLOCK_SEPARATOR.join(block.text for block in self.blocks)

    def starts(self) -> tuple[int, ...]:
        """Where each block begins in :attr:`text`, in characters."""
        at, found = 0, []
        for block in self.blocks:
            found.append(at)
            at += len(block.text) + len(BLOCK_SEPARATOR)
        return tuple(found)
