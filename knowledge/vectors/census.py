"""Which chunks an index holds, in which scope and of which day: what a search needs to know before it asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clawdbot.knowledge.index import Entry, Where

Ids = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_TRIED = 20


@dataclass(frozen=True, kw_only=True)
class Census:
    """Three arrays of one length, by rising chunk; 16 bytes a chunk.  Never changed: a change makes a new one."""

    chunks: Ids
    scopes: Small
    days: Small

    @classmethod
    def empty(cls) -> Census:
        """Of an index that holds nothing."""
        return cls(chunks=np.empty(0, np.int64), scopes=np.empty(0, np.int32), days=np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.chunks)

    def changed(self, drop: Iterable[int], put: Sequence[Entry]) -> Census:
        """Without ``drop``, then with ``put``, which replaces what was there."""
        gone = np.fromiter({*drop, *(entry.chunk for entry in put)}, np.int64)
        keep = ~np.isin(self.chunks, gone)
        chunks = np.concatenate([self.chunks[keep], np.array([entry.chunk for entry in put], np.int64)])
        scopes = np.concatenate([self.scopes[keep], np.array([entry.scope for entry in put], np.int32)])
        days = np.concatenate([self.days[keep], np.array([entry.day for entry in put], np.int32)])
        order = np.argsort(chunks, kind="stable")
        return Census(chunks=chunks[order], scopes=scopes[order], days=days[order])

    def sample(self) -> list[int]:
        """Some chunks, the newest among them, to try a collection with."""
        chunks = [int(chunk) for chunk in self.chunks[-_TRIED:]]
        chance = np.random.default_rng()
        return sorted({*chunks, *(int(chunk) for chunk in chance.choice(self.chunks, min(len(self), _TRIED)))})

    def places(self) -> dict[int, tuple[int, int]]:
        """Scope and day of each chunk."""
        pairs = zip(self.scopes.tolist(), self.days.tolist(), strict=True)
        return dict(zip(self.chunks.tolist(), pairs, strict=True))

    def visible(self, where: Where) -> Mask:
        """Which of the chunks may be found, as a mask over :attr:`chunks`."""
        mask: Mask = np.isin(self.scopes, np.fromiter(where.scopes, np.int64))
        return mask if where.since_day is None else mask & (self.days >= where.since_day)

    def among(self, chunks: Sequence[int], mask: Mask) -> Mask:
        """Which of ``chunks`` are here and in ``mask``, as a mask over ``chunks``."""
        asked = np.array(chunks, np.int64)
        rows = np.minimum(np.searchsorted(self.chunks, asked), max(len(self) - 1, 0))
        if not len(self):
            return np.zeros(len(asked), np.bool_)
        here: Mask = (self.chunks[rows] == asked) & mask[rows]
        return here
