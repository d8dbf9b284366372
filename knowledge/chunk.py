"""A chunk: the piece of a document that is embedded, found and cited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A piece of one version's text, before it is stored.

    ``start`` and ``end`` are characters of ``Extract.text``; ``text`` is that slice, with a table's header row put
    back above when the chunk begins inside a table.  ``headings`` is the path from the document's title down;
    ``pages`` the first and last page; ``locator`` says in words where to look ('p. 3', '§ 信用额度',
    'sheet Orders, rows 2-40', 'slide 4').
    """

    ordinal: int
    text: str
    start: int
    end: int
    headings: tuple[str, ...] = ()
    pages: tuple[int, int] | None = None
    locator: str = ""
    tokens: int = 0

    @property
    def passage(self) -> str:
        """What is embedded and indexed: the heading path, then the text."""
        return f"{' > '.join(self.headings)}\n{self.text}" if self.headings else self.text

    @property
    def digest(self) -> str:
        """SHA-256 of :attr:`passage`; equal digests have equal embeddings."""
        return hashlib.sha256(self.passage.encode()).hexdigest()
