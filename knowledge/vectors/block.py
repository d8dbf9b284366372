"""The vectors of one access scope, in one piece of memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Hit

_GROWTH = 1.125
"""Slack when a block must grow: at most an eighth of the memory is idle."""


class Block:
    """Chunks with their days and vectors.

    A search walks the blocks that the asker may see and no others: what is forbidden is never compared, and the cost
    follows from what is visible.  Not for several threads that write.
    """

    def __init__(self, dimension: int) -> None:
        self._chunks: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._days: npt.NDArray[np.int32] = np.empty(0, np.int32)
        self._matrix: Vectors = np.empty((0, dimension), np.float32)
        self._rows: dict[int, int] = {}

    @classmethod
    def of(cls, chunks: Sequence[int], days: Sequence[int], matrix: Vectors) -> Block:
        """A block with exactly these rows; ``matrix`` is kept, not copied, when it is float32."""
        block = cls(matrix.shape[1])
        block._chunks = np.array(chunks, np.int64)
        block._days = np.array(days, np.int32)
        block._matrix = np.ascontiguousarray(matrix, np.float32)
        block._rows = {chunk: row for row, chunk in enumerate(chunks)}
        return block

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, chunk: int) -> bool:
        return chunk in self._rows

    @property
    def size(self) -> int:
        """Bytes of its vectors."""
        return int(self._matrix.nbytes)

    def copy(self) -> Block:
        """Another block with the same rows, to be changed while this one is searched."""
        other = Block(self._matrix.shape[1])
        other._chunks, other._days, other._matrix = self._chunks.copy(), self._days.copy(), self._matrix.copy()
        other._rows = dict(self._rows)
        return other

    def vector(self, chunk: int) -> Vectors:
        """The vector of a chunk that is here."""
        vector: Vectors = self._matrix[self._rows[chunk]]
        return vector

    def put(self, chunk: int, day: int, vector: Vectors) -> None:
        """Add a chunk, or replace it."""
        row = self._rows.setdefault(chunk, len(self._rows))
        if row == len(self._chunks):
            self._resize(max(int(row * _GROWTH), row + 8))
        self._chunks[row], self._days[row], self._matrix[row] = chunk, day, vector

    def drop(self, chunk: int) -> None:
        """Take a chunk out; the last one moves to its place."""
        row, last = self._rows.pop(chunk), len(self._rows)
        if row != last:
            moved = int(self._chunks[last])
            self._chunks[row], self._days[row], self._matrix[row] = moved, self._days[last], self._matrix[last]
            self._rows[moved] = row

    def trim(self) -> None:
        """Give back the slack."""
        self._resize(len(self._rows))

    def scores(self, query: Vectors, since_day: int | None) -> tuple[npt.NDArray[np.int64], Vectors]:
        """Chunks and their cosines, in no order; only those from ``since_day`` on."""
        size = len(self._rows)
        # Not ``matrix @ query``: BLAS shares a block of 3 MB among its threads, and where other processes compute, each
        # block waits for a thread that is not scheduled (50 blocks on two busy cores: 410 ms, 117 ms of processor
        # time; this way 25 ms and 9 ms).
        chunks, scores = self._chunks[:size], np.einsum("ij,j->i", self._matrix[:size], query)
        if since_day is None:
            return chunks, scores
        recent = self._days[:size] >= since_day
        return chunks[recent], scores[recent]

    def _resize(self, rows: int) -> None:
        kept = min(rows, len(self._chunks))
        chunks, days = np.empty(rows, np.int64), np.empty(rows, np.int32)
        matrix = np.empty((rows, self._matrix.shape[1]), np.float32)
        chunks[:kept], days[:kept], matrix[:kept] = self._chunks[:kept], self._days[:kept], self._matrix[:kept]
        self._chunks, self._days, self._matrix = chunks, days, matrix


def best(blocks: Iterable[Block], query: Vectors, *, since_day: int | None, limit: int) -> tuple[Hit, ...]:
    """The nearest chunks of these blocks, best first; of equal ones the older first.  Scores are cosines."""
    found = [block.scores(query, since_day) for block in blocks]
    if not found:
        return ()
    chunks = np.concatenate([chunks for chunks, _ in found])
    scores = np.concatenate([scores for _, scores in found])
    return ranked(chunks, scores, limit)


def ranked(chunks: npt.NDArray[np.int64], scores: Vectors, limit: int) -> tuple[Hit, ...]:
    """The ``limit`` best of these, best first; of equal ones the lower chunk first."""
    if 0 < limit < len(scores):
        # Everything that ties with the last place stays in, so that the order does not depend on the partition.
        edge = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        kept = np.flatnonzero(scores >= edge)
        chunks, scores = chunks[kept], scores[kept]
    order = np.lexsort((chunks, -scores))[: max(limit, 0)]
    return tuple(Hit(chunk=int(chunks[i]), score=float(scores[i])) for i in order)
