"""Indexes that lag behind the library: brought up to date before a question when that is quick, else beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from clawdbot.errors import ClawdbotError
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Feed, Index

_QUICK = 500
"""Changes that a question waits for; they take about a second."""
_BEHIND = "Newly added documents are still being indexed; they are not in this answer yet."


class Freshness:
    """Usually whoever takes documents in also brings the indexes up to date; this is for when that was cut off."""

    def __init__(self, feed: Feed, indexes: Sequence[Index[Vectors] | Index[str]]) -> None:
        self._feed = feed
        self._indexes = indexes
        self._working: threading.Thread | None = None
        self._mutex = threading.Lock()

    def sync(self) -> None:
        """Bring all indexes up to date now, however long it takes; KnowledgeError, StoreError."""
        for index in self._indexes:
            index.sync()

    def check(self, notes: dict[str, None]) -> None:
        """Apply few changes; begin to apply many, and say so."""
        head = self._feed.head()
        behind = [(index, head - applied) for index in self._indexes if (applied := index.applied) != head]
        if any(not 0 < changes <= _QUICK for _, changes in behind):
            self._begin()
            notes[_BEHIND] = None
            return
        for index, _ in behind:
            _try(index.sync, notes)

    def _begin(self) -> None:
        with self._mutex:
            if self._working is None or not self._working.is_alive():
                self._working = threading.Thread(target=_try, args=(self.sync, {}), name="index sync", daemon=True)
                self._working.start()


def _try(sync: Callable[[], None], notes: dict[str, None]) -> None:
    """An index that cannot be written still answers; what is wrong with it comes with its answer."""
    try:
        sync()
    except ClawdbotError as error:
        notes[str(error)] = None
