"""A passage: a chunk that was found, as it is shown, quoted and cited."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from clawdbot.config import Label


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question to the index.  ``sources`` empty means all; ``since`` leaves older documents out."""

    text: str
    top: int = 8
    sources: tuple[str, ...] = ()
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A found chunk.

    ``text`` is the chunk's own, ``start`` and ``end`` its characters in that version of the document; ``around`` is
    the text with what belongs to it (the sentence that was cut, the table's other rows, the parent section) for a
    model to read.  ``score`` orders one list and means nothing beyond it; ``similarity`` is the cosine of question and
    chunk (None when only the words found it) and ``coverage`` the share, 0 to 1, of the question's words (weighted by
    how rare they are) that the chunk holds: both say how well it fits.
    """

    chunk: int
    document: str
    """Name within its source, for example 'policies/credit.md'."""
    source: str
    title: str
    version: int
    locator: str
    text: str
    around: str
    headings: tuple[str, ...]
    pages: tuple[int, int] | None
    start: int
    end: int
    score: float
    similarity: float | None
    coverage: float
    label: Label
    modified_at: str
    uri: str = ""
    same: tuple[int, ...] = ()
    """Other chunks (of documents that the asker may see) with the same text; collapsed into this one."""

    def as_json(self) -> dict[str, Any]:
        """The contract of ``knowledge search --json``: document, locator, chunk, score, text, and more."""
        return {
            "document": self.document,
            "locator": self.locator,
            "chunk": self.chunk,
            "score": round(self.score, 6),
            "text": self.text,
            "source": self.source,
            "title": self.title,
            "version": self.version,
            "headings": list(self.headings),
            "pages": list(self.pages) if self.pages else None,
            "start": self.start,
            "end": self.end,
            "label": self.label,
            "modified_at": self.modified_at,
            "uri": self.uri,
        }


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """What a search gave.  ``hidden``: something that fits well exists, and the asker may not see it (nothing more
    is told).  ``documents`` counts what the asker may see; ``ms`` is per stage, milliseconds."""

    passages: tuple[Passage, ...]
    documents: int
    hidden: bool = False
    notes: tuple[str, ...] = ()
    """What an operator should know, for example that the dense index was not available."""
    ms: dict[str, float] = field(default_factory=dict)
