"""What a person sees while documents are taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

IngestKind = Literal["source", "unchanged", "loading", "embedding", "ready", "failed", "removed", "index", "done"]


@dataclass(frozen=True, kw_only=True)
class IngestEvent:
    """One moment of ingestion.  ``done`` of ``total``: documents of a source, or chunks while embedding; ``total`` is 0
    when unknown.  ``reason`` says why a document or a source failed."""

    kind: IngestKind
    source: str = ""
    document: str = ""
    done: int = 0
    total: int = 0
    reason: str = ""


IngestListener = Callable[[IngestEvent], None]
