"""Collections: the vectors of one embedding model, and the change from one model to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, distinct, func, insert, select, update

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.library.feed import as_bytes
from clawdbot.knowledge.library.log import log_added
from clawdbot.knowledge.library.part import LibraryPart, batches
from clawdbot.knowledge.library.records import Collection, Unembedded
from clawdbot.store.database import now
from clawdbot.store.knowledge_tables import chunks, collections, vectors


class Collections(LibraryPart):
    """A new model's collection is built behind the active one and takes its place when nothing is missing."""

    def collection(self, name: str, dimension: int) -> Collection:
        """The collection of this name; made when there is none.  The first of an empty library is active at once.

        KnowledgeError when it was made with another dimension.
        """
        with self._write() as connection:
            row = connection.execute(select(collections).where(collections.c.name == name)).one_or_none()
            if row is None:
                used = connection.scalar(select(chunks.c.id).where(chunks.c.live).limit(1)) is not None
                others = connection.scalar(select(collections.c.name).limit(1)) is not None
                state = "building" if used or others else "active"
                made = {"name": name, "dimension": dimension, "state": state, "created_at": now()}
                connection.execute(insert(collections).values(**made))
                row = connection.execute(select(collections).where(collections.c.name == name)).one()
        if row.dimension != dimension:
            raise KnowledgeError(
                f"The vectors {name!r} have {row.dimension} numbers, the embedding model makes {dimension}.",
                hint="A model that changed needs another name, so that its vectors are made anew.",
            )
        return Collection(**row._mapping)

    def collections(self) -> tuple[Collection, ...]:
        """All collections, the oldest first."""
        with self._database.read() as connection:
            return read_collections(connection)

    def active(self) -> Collection | None:
        """The collection that searches use; None in a library that has none yet."""
        return next((one for one in self.collections() if one.state == "active"), None)

    def vectors_known(self, collection: str, digests: Iterable[str]) -> frozenset[str]:
        """Those of the digests that have a vector in the collection."""
        wanted = frozenset(digests)
        with self._database.read() as connection:
            return wanted - missing_digests(connection, collection, wanted)

    def missing(self, collection: str, limit: int) -> Iterator[Sequence[Unembedded]]:
        """The live passages without a vector in the collection, at most ``limit`` at a time; each digest once a batch.

        Each batch is of its own moment, so that vectors may be stored between them.
        """
        after = 0
        while True:
            statement = _missing(collection).where(chunks.c.id > after).order_by(chunks.c.id).limit(limit)
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
            if not rows:
                return
            after = rows[-1].id
            found = {row.digest: _passage(row.headings, row.text) for row in rows}
            yield [Unembedded(digest=digest, passage=passage) for digest, passage in found.items()]

    def pending(self, collection: str) -> int:
        """How many different live passages have no vector in the collection."""
        with self._database.read() as connection:
            return count_pending(connection, collection)

    def put_vectors(self, collection: str, vectors: Mapping[str, Vectors]) -> None:
        """Store vectors by digest; KnowledgeError when the collection is gone or its dimension differs."""
        with self._write() as connection:
            made = store_vectors(connection, collection, vectors)
            if made.state == "active":  # an index has passed these chunks by, for want of a vector
                for some in batches(vectors):
                    log_added(connection, chunks.c.digest.in_(some))

    def activate(self, collection: str) -> None:
        """Let searches use this collection, and delete the others; KnowledgeError while a vector is missing in it."""
        with self._write() as connection:
            _existing(connection, collection)
            if pending := count_pending(connection, collection):
                raise KnowledgeError(
                    f"{pending} passages are not in {collection!r} yet.", hint="Run: clawdbot knowledge ingest"
                )
            connection.execute(delete(vectors).where(vectors.c.collection != collection))
            connection.execute(delete(collections).where(collections.c.name != collection))
            connection.execute(update(collections).values(state="active"))


def read_collections(connection: Connection) -> tuple[Collection, ...]:
    """All collections, the oldest first."""
    rows = connection.execute(select(collections).order_by(collections.c.created_at, collections.c.name))
    return tuple(Collection(**row._mapping) for row in rows)


def count_pending(connection: Connection, collection: str) -> int:
    """How many different live passages have no vector in the collection."""
    missing = _missing(collection).with_only_columns(func.count(distinct(chunks.c.digest)))
    return connection.scalar(missing) or 0


def missing_digests(connection: Connection, collection: str, digests: Iterable[str]) -> frozenset[str]:
    """Those of the digests that have no vector in the collection."""
    missing = set(digests)
    for some in batches(sorted(missing)):
        there = select(vectors.c.digest).where(vectors.c.collection == collection, vectors.c.digest.in_(some))
        missing.difference_update(connection.scalars(there))
    return frozenset(missing)


def store_vectors(connection: Connection, collection: str, given: Mapping[str, Vectors]) -> Collection:
    """Store those vectors that the collection has not; KnowledgeError when it is gone or the dimension differs."""
    into = _existing(connection, collection)
    rows: list[dict[str, Any]] = []
    for digest in missing_digests(connection, collection, given):
        if given[digest].shape != (into.dimension,):
            raise KnowledgeError(f"A vector of shape {given[digest].shape} is none of {collection!r}.")
        rows.append({"digest": digest, "collection": collection, "vector": as_bytes(given[digest])})
    for some in batches(rows):
        connection.execute(insert(vectors), some)
    return into


def _existing(connection: Connection, name: str) -> Collection:
    row = connection.execute(select(collections).where(collections.c.name == name)).one_or_none()
    if row is None:
        raise KnowledgeError(
            f"The vectors {name!r} are gone: another process changed to another embedding model.",
            hint="Let both use the same [knowledge] embedding, and start this one again.",
        )
    return Collection(**row._mapping)


def _missing(collection: str) -> Select[Any]:
    own = and_(vectors.c.digest == chunks.c.digest, vectors.c.collection == collection)
    joined = chunks.outerjoin(vectors, own)
    columns = (chunks.c.id, chunks.c.digest, chunks.c.headings, chunks.c.text)
    return select(*columns).select_from(joined).where(chunks.c.live, vectors.c.digest.is_(None))


def _passage(headings: Sequence[str], text: str) -> str:
    return Chunk(ordinal=0, text=text, start=0, end=0, headings=tuple(headings)).passage
