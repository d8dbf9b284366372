"""What became of a source's documents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class IngestReport:
    """One pass over one source.

    ``failed`` are those that could not be taken in, now or when they were last tried; ``error`` says why the source
    itself could not be used: then nothing was taken for deleted.
    """

    source: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    chunks: int = 0
    seconds: float = 0.0
    error: str = ""
