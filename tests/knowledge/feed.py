"""A library in memory: what the indexes are fed from in tests that need no SQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Change, Entry


class MemoryFeed:
    """Implements :class:`clawdbot.knowledge.index.Feed`; chunks are numbered from 1 and a number is never used again.

    ``vectors`` of an entry belong to whatever collection is asked for, unless :meth:`add` was told otherwise.
    """

    def __init__(self) -> None:
        self._live: dict[int, Entry] = {}
        self._others: dict[tuple[int, str], Vectors] = {}
        self._log: list[Change] = []
        self._last = 0
        self._lock = threading.RLock()

    def add(
        self,
        chunk: int | None = None,
        *,
        scope: int = 1,
        day: int = 0,
        passage: str = "",
        vector: Vectors | None = None,
        vectors: Mapping[str, Vectors] | None = None,
    ) -> int:
        """Put a chunk in and return its number; ``vectors`` are those of other collections."""
        with self._lock:
            chunk = self._last + 1 if chunk is None else chunk
            if chunk <= self._last:
                raise ValueError(f"chunk {chunk} was there before; numbers rise and are never used again")
            self._last = chunk
            self._live[chunk] = Entry(chunk=chunk, scope=scope, day=day, passage=passage, vector=vector)
            self._others.update({(chunk, name): other for name, other in (vectors or {}).items()})
            self._note(chunk, "add")
            return chunk

    def remove(self, chunk: int) -> None:
        """Take a live chunk out."""
        with self._lock:
            del self._live[chunk]
            self._note(chunk, "remove")

    def move(self, chunk: int, scope: int) -> None:
        """Put a live chunk under another scope: the log says 'add' again, and an index replaces what it holds."""
        with self._lock:
            self._live[chunk] = replace(self._live[chunk], scope=scope)
            self._note(chunk, "add")

    def embed(self, chunk: int, vector: Vectors) -> None:
        """Give a live chunk the vector that it lacked; like filling a collection, that is not in the log."""
        with self._lock:
            self._live[chunk] = replace(self._live[chunk], vector=vector)

    def head(self) -> int:
        """The highest ``seq``; 0 for an empty log."""
        return len(self._log)

    def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The next changes with ``seq > after``, in order."""
        return self._log[after : after + limit]

    def entries(self, chunks: Sequence[int], collection: str) -> Sequence[Entry]:
        """Those of the chunks that are live, with their vectors in that collection."""
        with self._lock:
            return [self._seen(self._live[chunk], collection) for chunk in sorted(set(chunks)) if chunk in self._live]

    def live(self, collection: str, batch: int) -> Iterator[Sequence[Entry]]:
        """All live chunks in batches, by rising id, for a rebuild."""
        with self._lock:
            found = [self._seen(self._live[chunk], collection) for chunk in sorted(self._live)]
        for start in range(0, len(found), batch):
            yield found[start : start + batch]

    def live_count(self) -> int:
        """How many chunks are live."""
        return len(self._live)

    def _note(self, chunk: int, kind: Literal["add", "remove"]) -> None:
        self._log.append(Change(seq=len(self._log) + 1, chunk=chunk, kind=kind))

    def _seen(self, entry: Entry, collection: str) -> Entry:
        other = self._others.get((entry.chunk, collection))
        return entry if other is None else replace(entry, vector=other)
