"""The library as the indexes see it: the log of changes, and live chunks with their vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, and_, func, select

from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Change, Entry
from clawdbot.knowledge.library.part import LibraryPart, batches
from clawdbot.store.knowledge_tables import changes, chunks, documents, vectors

EPOCH = date(1970, 1, 1)


class LibraryFeed(LibraryPart):
    """Implements :class:`clawdbot.knowledge.index.Feed`."""

    def head(self) -> int:
        """The highest ``seq``; 0 for an empty log."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(changes.c.seq))) or 0

    def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The next changes with ``seq > after``, in order; of a chunk only its last one is kept."""
        following = select(changes).where(changes.c.seq > after).order_by(changes.c.seq).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(following).all()
        return [Change(seq=row.seq, chunk=row.chunk_id, kind=row.kind) for row in rows]

    def entries(self, chunks: Sequence[int], collection: str) -> Sequence[Entry]:
        """Those of the chunks that are live, by rising id, with their vectors in that collection."""
        found: list[Entry] = []
        for some in batches(sorted(set(chunks))):
            statement = _live(collection).where(_id.in_(some)).order_by(_id)
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
            found.extend(map(_entry, rows))
        return found

    def live(self, collection: str, batch: int) -> Iterator[Sequence[Entry]]:
        """All live chunks in batches, by rising id, each batch of its own moment.

        An index that reads :meth:`head` first and applies the log from there misses nothing.
        """
        after = 0
        while True:
            with self._database.read() as connection:
                rows = connection.execute(_live(collection).where(_id > after).order_by(_id).limit(batch)).all()
            if not rows:
                return
            after = rows[-1].id
            yield [_entry(row) for row in rows]

    def live_count(self) -> int:
        """How many chunks are live."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(chunks).where(chunks.c.live)) or 0


_id = chunks.c.id


def as_bytes(vector: Vectors) -> bytes:
    """A unit vector as it is stored: float16, little endian.  Half precision changes a cosine by less than 0.0005."""
    return np.asarray(vector, dtype="<f2").tobytes()


def as_vector(stored: bytes) -> Vectors:
    """The stored vector in float32, of length one again."""
    vector = np.frombuffer(stored, dtype="<f2").astype(np.float32)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def day_of(moment: str) -> int:
    """Days since 1970-01-01 of an ISO 8601 time in UTC."""
    return (datetime.fromisoformat(moment).astimezone(UTC).date() - EPOCH).days


def _live(collection: str) -> Select[Any]:
    own = and_(vectors.c.digest == chunks.c.digest, vectors.c.collection == collection)
    columns = (
        chunks.c.id, chunks.c.headings, chunks.c.text, documents.c.scope_id, documents.c.modified_at, vectors.c.vector
    )  # fmt: skip
    joined = chunks.join(documents, documents.c.id == chunks.c.document_id).outerjoin(vectors, own)
    return select(*columns).select_from(joined).where(chunks.c.live)


def _entry(row: Row[Any]) -> Entry:
    passage = Chunk(ordinal=0, text=row.text, start=0, end=0, headings=tuple(row.headings)).passage
    return Entry(
        chunk=row.id, scope=row.scope_id, day=day_of(row.modified_at), passage=passage,
        vector=None if row.vector is None else as_vector(row.vector),
    )  # fmt: skip
