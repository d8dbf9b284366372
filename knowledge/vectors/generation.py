"""One building of a Chroma index, as it is at a moment: what a search works on while the next batch is written.

How it searches follows from how much the asker may see, because Chroma's own metadata filter costs time with the size
of the whole collection (docs/adr/0014-vector-index.md): exactly while the vectors of the visible scopes fit into some
memory; beyond that by the graph, asking it for more than is needed and leaving out what is not visible.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Entry, Hit, Where
from clawdbot.knowledge.vectors.block import Block, best, ranked
from clawdbot.knowledge.vectors.census import Mask
from clawdbot.knowledge.vectors.collection import Collection
from clawdbot.knowledge.vectors.state import State
from clawdbot.knowledge.vectors.unavailable import ChromaFailed

NARROW = 160_000_000
"""Visible scopes whose vectors take up to so many bytes together (104,000 chunks at 384 numbers) are searched exactly:
10 ms of processor time at most, and nothing is missed."""
SHELF = 240_000_000
"""Bytes of vectors that stay in memory for that; the scopes used longest ago go first."""
FEW = 1_000
"""So few visible chunks (of recent days, in large scopes) are read one by one: 30 ms at most."""
MARGIN = 4
"""How many times more the graph is asked for than is needed: its recall falls towards the end of what it gives."""
MOST = 5_000
"""Most that the graph is asked for at once; it takes a millisecond for each hundred."""


class Shelf:
    """Vectors of some scopes, read from the collection when first needed."""

    def __init__(self, blocks: Iterable[tuple[int, Block]] = ()) -> None:
        self._blocks = OrderedDict(blocks)
        self._lock = threading.Lock()

    def changed(self, drop: set[int], put: Sequence[Entry]) -> Shelf:
        """The shelf after a batch; what it touches is copied, for this shelf may be in use."""
        with self._lock:
            blocks = list(self._blocks.items())
        return Shelf((scope, _changed(scope, block, drop, put)) for scope, block in blocks)

    def block(self, scope: int, state: State, collection: Collection) -> Block:
        """All chunks of a scope; ChromaFailed when the collection lost some."""
        with self._lock:
            if (known := self._blocks.get(scope)) is not None:
                self._blocks.move_to_end(scope)
                return known
        block = read_block(state.census.scopes == scope, state, collection)
        with self._lock:
            self._blocks[scope] = block
            while len(self._blocks) > 1 and sum(block.size for block in self._blocks.values()) > SHELF:
                self._blocks.popitem(last=False)
        return block


def _changed(scope: int, block: Block, drop: set[int], put: Sequence[Entry]) -> Block:
    gone = [chunk for chunk in drop if chunk in block]
    new = [entry for entry in put if entry.scope == scope]
    if not gone and not new:
        return block
    block = block.copy()
    for chunk in gone:
        block.drop(chunk)
    for entry in new:
        if entry.vector is not None:
            block.put(entry.chunk, entry.day, entry.vector)
    return block


def read_block(mask: Mask, state: State, collection: Collection) -> Block:
    """The chunks of the census that ``mask`` picks, with their vectors; ChromaFailed when some are lost."""
    chunks = [int(chunk) for chunk in state.census.chunks[mask]]
    vectors: dict[int, Vectors] = {}
    for start in range(0, len(chunks), MOST):
        vectors |= collection.vectors(chunks[start : start + MOST])
    if len(vectors) != len(chunks):
        raise ChromaFailed(f"Chroma lost {len(chunks) - len(vectors)} of {len(chunks)} vectors.")
    matrix = np.stack([vectors[chunk] for chunk in chunks])
    return Block.of(chunks, [int(day) for day in state.census.days[mask]], matrix)


@dataclass(frozen=True, kw_only=True)
class Generation:
    """An open collection with the state that belongs to it."""

    collection: Collection
    state: State
    shelf: Shelf = field(default_factory=Shelf)

    def find(self, query: Vectors, where: Where, limit: int) -> tuple[Hit, ...]:
        """The best hits within ``where``; ChromaFailed."""
        census = self.state.census
        visible = census.visible(where)
        count = int(np.count_nonzero(visible))
        if not count or limit < 1:
            return ()
        scopes, sizes = np.unique(census.scopes[census.visible(Where(scopes=where.scopes))], return_counts=True)
        if int(sizes.sum()) * query.nbytes <= NARROW:
            blocks = [self.shelf.block(int(scope), self.state, self.collection) for scope in scopes]
            return best(blocks, query, since_day=where.since_day, limit=limit)
        if count <= FEW:
            block = read_block(visible, self.state, self.collection)
            return best([block], query, since_day=None, limit=limit)
        return self._by_graph(query, where, limit, visible, count)

    def _by_graph(self, query: Vectors, where: Where, limit: int, visible: Mask, count: int) -> tuple[Hit, ...]:
        census = self.state.census
        everything = len(census)
        asked = math.ceil(MARGIN * limit * everything / count)
        while True:
            asked = min(asked, everything, MOST)
            chunks, scores = self.collection.nearest(query, asked)
            kept = census.among(chunks, visible)
            if np.count_nonzero(kept) >= min(limit, count):
                break
            if asked in (everything, MOST):
                # What may be seen lies far from the question: only now Chroma's own filter pays.
                scopes = sorted(where.scopes)
                chunks, scores = self.collection.nearest(
                    query, min(MARGIN * limit, count), scopes=scopes, since_day=where.since_day
                )
                kept = census.among(chunks, visible)
                break
            asked *= 4
        return ranked(np.array(chunks, np.int64)[kept], scores[kept], limit)

    def changed(self, drop: Iterable[int], put: list[Entry], *, applied: int, lacking: tuple[int, ...]) -> Generation:
        """After a batch: the same collection with the new census and the vectors in memory brought up to date."""
        state = replace(self.state, applied=applied, lacking=lacking, census=self.state.census.changed(drop, put))
        shelf = self.shelf.changed({*drop, *(entry.chunk for entry in put)}, put)
        return replace(self, state=state, shelf=shelf)
