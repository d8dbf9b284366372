"""Reading the library: chunks with what is around them, texts of versions, lists of documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, or_, select

from clawdbot.access.identity import Identity
from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.library.part import LibraryPart, batches
from clawdbot.knowledge.library.records import DocumentRecord, DocumentStatus, StoredChunk, Version
from clawdbot.store.knowledge_tables import chunks, documents, scopes, versions


class Reading(LibraryPart):
    """Questions that change nothing.  With an identity the answer holds only what this user may see at this moment."""

    def passages(self, ids: Iterable[int], identity: Identity | None = None) -> dict[int, StoredChunk]:
        """Chunks by id, in the order asked for; those that are gone are left out.

        With an identity only live ones that this user may see: the last word after every search.  Without one also
        chunks of old versions, which citations may name.
        """
        wanted = list(dict.fromkeys(ids))
        found: dict[int, StoredChunk] = {}
        for some in batches(wanted):
            statement = _chunks().where(chunks.c.id.in_(some))
            with self._database.read() as connection:
                found.update((row.id, _chunk(row)) for row in connection.execute(statement))
        there = {id: found[id] for id in wanted if id in found}
        if identity is None:
            return there
        return {id: chunk for id, chunk in there.items() if chunk.live and identity.may_see(chunk.access)}

    def sample(self, most: int) -> tuple[str, ...]:
        """The texts of at most so many live chunks, spread over the library by their digests."""
        few = select(chunks.c.text).where(chunks.c.live).order_by(chunks.c.digest).limit(most)
        with self._database.read() as connection:
            return tuple(connection.scalars(few))

    def neighbours(self, chunk: int, before: int, after: int) -> tuple[StoredChunk, ...]:
        """The chunk with up to so many of its version before and after it, in order; empty when it is gone."""
        own = list(self.passages((chunk,)).values())
        return self.neighbourhoods(own, before, after).get(chunk, ())

    def neighbourhoods(
        self, found: Sequence[StoredChunk], before: int, after: int
    ) -> dict[int, tuple[StoredChunk, ...]]:
        """For each chunk that is still there what :meth:`neighbours` says of it, in one statement."""
        near = [
            and_(
                chunks.c.document_id == own.document_id,
                chunks.c.version == own.version,
                chunks.c.ordinal.between(own.ordinal - before, own.ordinal + after),
            )
            for own in found
        ]
        if not near:
            return {}
        with self._database.read() as connection:
            rows = connection.execute(_chunks().where(or_(*near)).order_by(chunks.c.ordinal))
            there = {(one.document_id, one.version, one.ordinal): one for one in map(_chunk, rows)}
        return {
            own.id: tuple(
                there[key]
                for n in range(own.ordinal - before, own.ordinal + after + 1)
                if (key := (own.document_id, own.version, n)) in there
            )
            for own in found
            if (own.document_id, own.version, own.ordinal) in there
        }

    def version_text(self, document: int, n: int) -> Version:
        """A version with its whole text; KnowledgeError when it is not kept any more."""
        joined = versions.join(documents, documents.c.id == versions.c.document_id)
        statement = (
            select(versions, documents.c.name, documents.c.source)
            .select_from(joined)
            .where(versions.c.document_id == document, versions.c.n == n)
        )
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise KnowledgeError(
                f"Version {n} of the document is not kept any more.",
                hint="[knowledge] keep_versions says how many are; a removed document keeps none.",
            )
        return Version(
            document=row.name, source=row.source, n=row.n, title=row.title, text=row.text, pages=row.pages,
            content_hash=row.content_hash, modified_at=row.modified_at, loaded_at=row.loaded_at,
            retired_at=row.retired_at, notes=tuple(row.notes), metadata=row.metadata,
        )  # fmt: skip

    def documents(
        self,
        *,
        identity: Identity | None = None,
        source: str | None = None,
        name: str | None = None,
        status: DocumentStatus | None = None,
    ) -> tuple[DocumentRecord, ...]:
        """Documents by source and name; with an identity only those that this user may see."""
        joined = documents.join(scopes, scopes.c.id == documents.c.scope_id)
        statement = (
            select(documents, scopes.c.owner, scopes.c.label, scopes.c.access)
            .select_from(joined)
            .order_by(documents.c.source, documents.c.name)
        )
        for column, wanted in ((documents.c.source, source), (documents.c.name, name), (documents.c.status, status)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        with self._database.read() as connection:
            found = tuple(map(_document, connection.execute(statement)))
        return found if identity is None else tuple(one for one in found if identity.may_see(one.access))


def _chunks() -> Select[Any]:
    joined = (
        chunks.join(documents, documents.c.id == chunks.c.document_id)
        .join(scopes, scopes.c.id == documents.c.scope_id)
        .join(versions, and_(versions.c.document_id == chunks.c.document_id, versions.c.n == chunks.c.version))
    )
    return select(
        chunks, documents.c.name, documents.c.source, documents.c.uri, versions.c.title, versions.c.modified_at,
        documents.c.scope_id, scopes.c.owner, scopes.c.label, scopes.c.access,
    ).select_from(joined)  # fmt: skip


def _chunk(row: Row[Any]) -> StoredChunk:
    return StoredChunk(
        id=row.id, document_id=row.document_id, document=row.name, source=row.source, uri=row.uri, title=row.title,
        version=row.version, modified_at=row.modified_at, ordinal=row.ordinal, text=row.text,
        headings=tuple(row.headings), pages=None if row.page_first is None else (row.page_first, row.page_last),
        locator=row.locator, start=row.start, end=row.end, tokens=row.tokens, digest=row.digest, live=row.live,
        scope=row.scope_id, owner=row.owner, label=row.label, access=tuple(row.access),
    )  # fmt: skip


def _document(row: Row[Any]) -> DocumentRecord:
    return DocumentRecord(
        id=row.id, source=row.source, name=row.name, uri=row.uri, title=row.title, media=row.media, bytes=row.bytes,
        status=row.status, reason=row.reason, live=row.live, version=row.version, content_hash=row.content_hash,
        modified_at=row.modified_at, added_at=row.added_at, checked_at=row.checked_at, scope=row.scope_id,
        owner=row.owner, label=row.label, access=tuple(row.access),
    )  # fmt: skip
