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
