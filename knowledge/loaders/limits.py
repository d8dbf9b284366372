"""What a loader may take of one file."""

from __future__ import annotations

from dataclasses import dataclass

MAX_NESTING = 3
"""Levels of files inside of files."""


@dataclass(frozen=True, kw_only=True)
class LoadLimits:
    """Bounds that loaders check themselves; time and memory are bounded from outside.

    A larger file, or one that unpacks to more, is refused.  Of a document with more pages (slides, sheets) or
    characters, the first ones are loaded and a note says so.
    """

    max_file_bytes: int = 100_000_000
    max_pages: int = 2000
    max_unpacked_bytes: int = 400_000_000
    max_text_chars: int = 10_000_000

    def cut(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text within the limit, and the note that it was longer."""
        if len(text) <= self.max_text_chars:
            return text, ()
        return text[: self.max_text_chars], (self.text_note,)

    @property
    def text_note(self) -> str:
        """What is said of a document that has more text."""
        return f"Only the first {self.max_text_chars:,} characters are loaded."
