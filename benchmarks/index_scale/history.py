"""A library whose whole history follows from a number: every process that knows the number sees the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Change, Entry


class History:
    """Implements :class:`clawdbot.knowledge.index.Feed`; :meth:`grow` lets more of the history happen.

    Most steps add a chunk; one in ten removes one, and one in twenty moves one to another scope.
    """

    def __init__(self, *, seed: int, dimension: int, scopes: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._centres = self._chance.standard_normal((40, dimension))
        self._scopes = scopes
        self._live: dict[int, Entry] = {}
        self._log: list[Change] = []
        self._last = 0
        self._lock = threading.Lock()

    def grow(self, steps: int) -> None:
        """The next steps of the history."""
        with self._lock:
            for _ in range(steps):
                self._step(float(self._chance.random()))

    def _step(self, dice: float) -> None:
        scope = int(self._chance.integers(1, self._scopes + 1))
        if dice < 0.85 or not self._live:
            self._last = chunk = self._last + 1
            self._live[chunk] = Entry(
                chunk=chunk, scope=scope, day=chunk % 365, passage=f"chunk {chunk}", vector=self._vector()
            )
            self._log.append(Change(seq=len(self._log) + 1, chunk=chunk, kind="add"))
            return
        chunk = list(self._live)[int(self._chance.integers(len(self._live)))]
        if dice < 0.95:
            del self._live[chunk]
            self._log.append(Change(seq=len(self._log) + 1, chunk=chunk, kind="remove"))
            return
        old = self._live[chunk]
        self._live[chunk] = Entry(chunk=chunk, scope=scope, day=old.day, passage=old.passage, vector=old.vector)
        self._log.append(Change(seq=len(self._log) + 1, chunk=chunk, kind="add"))

    def _vector(self) -> Vectors:
        centre = self._centres[int(self._chance.integers(len(self._centres)))]
        vector = centre + 0.6 * self._chance.standard_normal(len(centre))
        unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
        return unit

    def head(self) -> int:
        """The highest ``seq``; 0 for an empty log."""
        return len(self._log)

    def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The next changes with ``seq > after``, in order."""
        return self._log[after : after + limit]

    def entries(self, chunks: Sequence[int], collection: str) -> Sequence[Entry]:
        """Those of the chunks that are live; the vectors are the same in every collection."""
        with self._lock:
            return [self._live[chunk] for chunk in sorted(set(chunks)) if chunk in self._live]

    def live(self, collection: str, batch: int) -> Iterator[Sequence[Entry]]:
        """All live chunks in batches, by rising id."""
        with self._lock:
            found = sorted(self._live.values(), key=lambda entry: entry.chunk)
        for start in range(0, len(found), batch):
            yield found[start : start + batch]

    def live_count(self) -> int:
        """How many chunks are live."""
        return len(self._live)
