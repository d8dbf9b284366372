"""Documents come, change, fail and go: each step is one transaction, on the disk when it returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.library.access import choose_scope, read_scopes, unknown_source
from clawdbot.knowledge.library.collections import missing_digests, store_vectors
from clawdbot.knowledge.library.log import log_added, log_gone, log_removed, retire, sweep
from clawdbot.knowledge.library.part import LibraryPart, batches
from clawdbot.knowledge.library.records import KnownDocument
from clawdbot.knowledge.sources.source import Item
from clawdbot.store import plain_json
from clawdbot.store.database import now
from clawdbot.store.knowledge_tables import chunks, documents, versions


class DocumentChanged(KnowledgeError):
    """Another process took the document in, or removed it, meanwhile: look at it again."""

    code = "document_changed"


class VectorsMissing(KnowledgeError):
    """Passages have no vector and none was given: embed ``digests`` and commit again."""

    code = "vectors_missing"

    def __init__(self, digests: frozenset[str]) -> None:
        super().__init__(f"{len(digests)} passages have no vector.", hint="Embed them and commit again.")
        self.digests = digests


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was found in a file: SHA-256 and size of its bytes, and what (loader, chunk size) looked at it."""

    hash: str
    bytes: int
    loader: str


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A document ready to be stored.  ``before`` is what was known of it when it was read.

    Its texts hold no NUL and no lone surrogates (``plain_json.text``): no database and no tokenizer takes those.
    """

    source: str
    item: Item
    before: KnownDocument | None
    content: Content
    extract: Extract
    chunks: tuple[Chunk, ...]


class TakingIn(LibraryPart):
    """Writing documents.  Each method raises DocumentChanged when the document is not as ``before`` says."""

    def known(self, source: str, name: str | None = None) -> dict[str, KnownDocument]:
        """The documents of a source by name, or only the named one."""
        statement = select(*(documents.c[column] for column in _KNOWN)).where(documents.c.source == source)
        if name is not None:
            statement = statement.where(documents.c.name == name)
        with self._database.read() as connection:
            return {row.name: KnownDocument(**row._mapping) for row in connection.execute(statement)}

    def commit(self, loaded: Loaded, *, collection: str, vectors: Mapping[str, Vectors]) -> int:
        """Store a new version with its chunks, which answer from now on in place of the old one's; returns its number.

        ``vectors`` maps digests to vectors; those that the collection has already may be left out.  Versions beyond
        ``keep_versions`` go.  VectorsMissing; KnowledgeError when the source or the collection is gone.
        """
        with self._write() as connection:
            scope, row = _claim(connection, loaded.source, loaded.item, loaded.before)
            digests = {chunk.digest for chunk in loaded.chunks}
            given = {digest: vector for digest, vector in vectors.items() if digest in digests}
            store_vectors(connection, collection, given)
            if missing := missing_digests(connection, collection, digests - given.keys()):
                raise VectorsMissing(missing)
            n = row.version + 1 if row else 1
            current = _current(loaded, n) | {"scope_id": scope}
            if row:
                id: int = row.id
                _retire(connection, id)
                connection.execute(update(documents).where(documents.c.id == id).values(**current))
            else:
                id = _insert(connection, loaded.source, loaded.item, current)
            connection.execute(insert(versions).values(**_version(loaded, id, n)))
            for some in batches(_chunk(chunk, id, n) for chunk in loaded.chunks):
                connection.execute(insert(chunks), some)
            log_added(connection, chunks.c.document_id == id)
            _prune(connection, id, n - self._keep_versions)
            return n

    def touch(self, source: str, item: Item, before: KnownDocument) -> bool:
        """The content is the same though the source's mark is not: remember the mark, and where it is now.

        A document that could not be read for a while, and answered all the same, is well again.  Returns whether it is
        well: a content that could not be loaded still cannot.
        """
        with self._write() as connection:
            scope, _ = _claim(connection, source, item, before)
            values = {"fingerprint": item.fingerprint, "uri": item.uri, "checked_at": now(), "scope_id": scope}
            newest = select(versions.c.loader, versions.c.notes).where(
                versions.c.document_id == before.id, versions.c.n == before.version
            )
            version = connection.execute(newest).one_or_none()
            well = before.live and version is not None and version.loader == before.loader
            if version is not None and well:
                values |= {"status": "ready", "reason": _remarks(version.notes)}
            connection.execute(update(documents).where(documents.c.id == before.id).values(**_plain(values)))
            return well

    def fail(
        self, source: str, item: Item, reason: str, *, before: KnownDocument | None, content: Content | None = None,
        transient: bool = False,
    ) -> bool:  # fmt: skip
        """Record that a document cannot be taken in; returns whether its last good version still answers.

        ``content`` is None when its bytes could not be read; the document is tried again each time, and ``transient``
        says that the trouble may pass (a server that does not answer): the last version goes on answering.  It also
        goes on when the very same bytes could be read before.  Otherwise it does not say any more what it said, or is
        withheld on purpose: the last version retires.
        """
        same = before is not None and content is not None and content.hash == before.content_hash
        with self._write() as connection:
            scope, row = _claim(connection, source, item, before)
            live = row is not None and bool(row.live) and (same or (content is None and transient))
            values: dict[str, Any] = {
                "status": "failed", "reason": reason, "uri": item.uri, "checked_at": now(), "scope_id": scope,
                "fingerprint": "" if content is None else item.fingerprint, "live": live,
            }  # fmt: skip
            if content is not None:
                values |= {"content_hash": content.hash, "bytes": content.bytes, "loader": content.loader}
            elif not live:
                values["content_hash"] = ""
            if row is None:
                _insert(connection, source, item, _NEVER_READ | {"title": _stem(item)} | values)
                return False
            if not live:
                _retire(connection, row.id)
            connection.execute(update(documents).where(documents.c.id == row.id).values(**_plain(values)))
            return live

    def forget(self, gone: Iterable[KnownDocument]) -> tuple[str, ...]:
        """Delete documents that are not in their source any more, with texts and versions; returns their names.

        One that changed since it was looked at stays: another process has seen it again.  Vectors stay until
        :meth:`sweep`, so that a document that was renamed need not be embedded anew.
        """
        deleted: list[str] = []
        for some in batches(gone):
            looked_at = {one.id: (one.version, one.fingerprint) for one in some}
            columns = (documents.c.id, documents.c.version, documents.c.fingerprint, documents.c.name)
            with self._write() as connection:
                rows = connection.execute(select(*columns).where(documents.c.id.in_(looked_at))).all()
                same = {row.id: row.name for row in rows if looked_at[row.id] == (row.version, row.fingerprint)}
                _delete(connection, list(same))
            deleted.extend(same.values())
        return tuple(deleted)

    def remove(self, document: int) -> None:
        """Delete one document with everything that came from it; KnowledgeError when it is gone already."""
        with self._write() as connection:
            if not _delete(connection, [document]):
                raise KnowledgeError("The document is gone already.", hint="See: clawdbot knowledge status")
            sweep(connection)

    def sweep(self) -> int:
        """Delete the vectors that nothing uses any more; returns how many."""
        with self._write() as connection:
            return sweep(connection)


_KNOWN = ("id", "name", "status", "reason", "live", "version", "fingerprint", "content_hash", "loader")
_NEVER_READ = {"media": "", "bytes": 0, "live": False, "content_hash": "", "loader": "", "version": 0}


def _claim(
    connection: Connection, source: str, item: Item, before: KnownDocument | None
) -> tuple[int, Row[Any, Any, Any, Any] | None]:
    """The scope of the document and its row, None when there is none; DocumentChanged when that is unexpected."""
    found = read_scopes(connection, (source,))
    if not found:
        raise unknown_source(source)
    columns = (documents.c.id, documents.c.version, documents.c.live, documents.c.content_hash)
    own = (documents.c.source == source, documents.c.name == item.name)
    row = connection.execute(select(*columns).where(*own)).one_or_none()
    expected = None if before is None else (before.id, before.version, before.live, before.content_hash)
    if (None if row is None else tuple(row)) != expected:
        raise DocumentChanged(f"{item.name!r} was changed by another process.", hint="Check the source again.")
    return choose_scope(found, item.name).id, row


def _insert(connection: Connection, source: str, item: Item, values: Mapping[str, Any]) -> int:
    new = {"source": source, "name": item.name, "added_at": now(), "modified_at": _moment(item.modified_at) or now()}
    made = connection.execute(insert(documents).values(**_plain(new | dict(values))))
    key = made.inserted_primary_key
    return int(key[0]) if key else 0


def _retire(connection: Connection, document: int) -> None:
    retire(connection, chunks.c.document_id == document)
    own = (versions.c.document_id == document, versions.c.retired_at.is_(None))
    connection.execute(update(versions).where(*own).values(retired_at=now()))


def _prune(connection: Connection, document: int, last: int) -> None:
    connection.execute(delete(chunks).where(chunks.c.document_id == document, chunks.c.version <= last))
    connection.execute(delete(versions).where(versions.c.document_id == document, versions.c.n <= last))


def _delete(connection: Connection, ids: list[int]) -> int:
    log_gone(connection, chunks.c.document_id.in_(ids))
    log_removed(connection, documents.c.id.in_(ids))
    return connection.execute(delete(documents).where(documents.c.id.in_(ids))).rowcount


def _current(loaded: Loaded, n: int) -> dict[str, Any]:
    """What the document's own row says of its newest version."""
    extract, item, content = loaded.extract, loaded.item, loaded.content
    return _plain(
        {
            "uri": item.uri, "title": extract.title or _stem(item), "bytes": content.bytes, "status": "ready",
            "media": str(extract.metadata.get("media", ""))[:80], "live": True, "reason": _remarks(extract.notes),
            "fingerprint": item.fingerprint, "content_hash": content.hash, "loader": content.loader, "version": n,
            "modified_at": _modified_at(loaded), "checked_at": now(),
        }
    )  # fmt: skip


def _version(loaded: Loaded, document: int, n: int) -> dict[str, Any]:
    extract, content = loaded.extract, loaded.content
    return {
        "document_id": document, "n": n, "content_hash": content.hash, "loader": content.loader, "text": extract.text,
        "title": plain_json.text(extract.title or _stem(loaded.item)), "pages": extract.pages,
        "modified_at": _modified_at(loaded), "loaded_at": now(), "retired_at": None, "notes": list(extract.notes),
        "metadata": extract.metadata,
    }  # fmt: skip


def _chunk(chunk: Chunk, document: int, n: int) -> dict[str, Any]:
    first, last = chunk.pages or (None, None)
    return {
        "document_id": document, "version": n, "ordinal": chunk.ordinal, "text": chunk.text, "locator": chunk.locator,
        "headings": list(chunk.headings), "page_first": first, "page_last": last, "start": chunk.start,
        "end": chunk.end, "tokens": chunk.tokens, "digest": chunk.digest, "live": True,
    }  # fmt: skip


def _modified_at(loaded: Loaded) -> str:
    """The date in the document itself, else that of the file, else of today."""
    return _moment(loaded.extract.modified_at) or _moment(loaded.item.modified_at) or now()


def _moment(said: str) -> str:
    """An ISO 8601 time in UTC; empty when what was said is none."""
    try:
        return datetime.fromisoformat(said).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


def _remarks(notes: Iterable[str]) -> str:
    return "; ".join(notes)


def _stem(item: Item) -> str:
    return PurePosixPath(item.name).stem or item.name


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain_json.text(value) if isinstance(value, str) else value for key, value in values.items()}
