"""Exact search: every visible vector is compared, in memory.  The answer that the other indexes are held against."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Entry, Feed, Hit, Where
from clawdbot.knowledge.vectors.block import Block, best

BATCH = 1000
"""Entries and changes read from the feed at once."""


def check_query(query: Vectors, dimension: int) -> None:
    """Raise KnowledgeError when the question's vector is of another model than the index."""
    if query.shape != (dimension,):
        raise KnowledgeError(
            f"The question's vector has shape {query.shape}, the index holds vectors of {dimension} numbers.",
            hint="Another embedding model made the index: run `clawdbot knowledge rebuild`.",
        )


class ExactIndex:
    """Implements ``Index[Vectors]``: float32 in memory (1.6 kB a chunk at 384 numbers), nothing on disk.

    A search brings itself up to date with the feed first.  One thread at a time.
    """

    def __init__(self, feed: Feed, *, collection: str, dimension: int) -> None:
        self._feed = feed
        self._collection = collection
        self._dimension = dimension
        self._blocks: dict[int, Block] = {}
        self._scopes: dict[int, int] = {}
        self._lacking: set[int] = set()
        self._applied: int | None = None
        self._lock = threading.RLock()

    @property
    def applied(self) -> int:
        """The library's head: a search brings itself up to date first."""
        return self._feed.head()

    @property
    def notes(self) -> tuple[str, ...]:
        """Chunks that cannot be found by meaning."""
        lacking = len(self._lacking)
        return (f"{lacking} chunks have no vector yet and are found by their words only",) if lacking else ()

    def sync(self) -> None:
        """Apply what the feed has beyond :attr:`applied`; read everything when that does not fit."""
        with self._lock:
            head = self._feed.head()
            if self._applied is None or self._applied > head:
                self.rebuild()
                return
            if self._applied == head and not self._lacking:
                return
            while changes := self._feed.changes(self._applied, BATCH):
                self._apply(sorted({change.chunk for change in changes}))
                self._applied = changes[-1].seq
            self._retry_lacking()
            if self._applied == self._feed.head() and len(self) + len(self._lacking) != self._feed.live_count():
                self.rebuild()

    def rebuild(self) -> None:
        """Read all live chunks anew."""
        with self._lock:
            applied = self._feed.head()
            self._blocks, self._scopes, self._lacking = {}, {}, set()
            for entries in self._feed.live(self._collection, BATCH):
                self._put(entries)
            for block in self._blocks.values():
                block.trim()
            self._applied = applied

    def verify(self) -> tuple[str, ...]:
        """What differs from the feed, as sentences."""
        with self._lock:
            self.sync()
            told, seen = [], set()
            for entry in self._entries():
                seen.add(entry.chunk)
                scope = self._scopes.get(entry.chunk)
                if (scope is None) != (entry.vector is None):
                    told.append(f"chunk {entry.chunk} is missing or has a vector too many")
                elif entry.vector is not None and scope is not None:
                    held = self._blocks[scope].vector(entry.chunk)
                    if scope != entry.scope or not np.allclose(held, entry.vector, atol=1e-3):
                        told.append(f"chunk {entry.chunk} has another scope or vector")
            told.extend(f"chunk {chunk} is no longer live" for chunk in sorted(self._scopes.keys() - seen))
            return tuple(told)

    def search(self, query: Vectors, where: Where, limit: int) -> Sequence[Hit]:
        """The best hits by cosine, best first; never one outside ``where``."""
        check_query(query, self._dimension)
        with self._lock:
            self.sync()
            blocks = [self._blocks[scope] for scope in sorted(where.scopes) if scope in self._blocks]
            return best(blocks, query.astype(np.float32), since_day=where.since_day, limit=limit)

    def close(self) -> None:
        """Give the memory back; the next use reads everything again."""
        with self._lock:
            self._blocks, self._scopes, self._lacking, self._applied = {}, {}, set(), None

    def __len__(self) -> int:
        return len(self._scopes)

    def _entries(self) -> Iterator[Entry]:
        for entries in self._feed.live(self._collection, BATCH):
            yield from entries

    def _apply(self, chunks: Sequence[int]) -> None:
        for chunk in chunks:
            self._lacking.discard(chunk)
            if (scope := self._scopes.pop(chunk, None)) is not None:
                self._blocks[scope].drop(chunk)
        self._put(self._feed.entries(chunks, self._collection))

    def _put(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.vector is None:
                self._lacking.add(entry.chunk)
                continue
            block = self._blocks.setdefault(entry.scope, Block(self._dimension))
            block.put(entry.chunk, entry.day, entry.vector)
            self._scopes[entry.chunk] = entry.scope

    def _retry_lacking(self) -> None:
        lacking = sorted(self._lacking)
        for start in range(0, len(lacking), BATCH):
            self._apply(lacking[start : start + BATCH])
