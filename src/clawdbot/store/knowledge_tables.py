"""Tables of the knowledge library: the truth about sources, documents, chunks and their vectors.

An access scope is one source, label and access list; every document belongs to one.  The indexes know scope ids
only, so that a change of an access list takes effect with the transaction that makes it.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from clawdbot.store.tables import metadata

sources = Table(
    "knowledge_sources",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("settings", JSON, nullable=False),  # SourceConfig as JSON
    Column("origin", String(16), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("checked_at", String(40)),
    Column("error", Text, nullable=False),
    CheckConstraint("origin IN ('config', 'command')", name="knowledge_sources_origin"),
)

scopes = Table(
    "knowledge_scopes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", ForeignKey("knowledge_sources.name", ondelete="CASCADE"), nullable=False),
    Column("pattern", Text, nullable=False),  # the access rule's pattern, '' for the source's own list
    Column("position", Integer, nullable=False),  # the matching scope with the highest one counts
    Column("owner", Text, nullable=False),
    Column("label", String(16), nullable=False),
    Column("access", JSON, nullable=False),  # list of principals
    UniqueConstraint("source", "pattern", name="knowledge_scopes_pattern"),
    sqlite_autoincrement=True,
)

documents = Table(
    "knowledge_documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", ForeignKey("knowledge_sources.name", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("scope_id", ForeignKey("knowledge_scopes.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("media", String(80), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("live", Boolean, nullable=False),  # the current version answers; a failed document's last one may
    Column("reason", Text, nullable=False),  # why it failed, or what was left out
    Column("fingerprint", Text, nullable=False),  # the source's own mark of this state; equal means unchanged
    Column("content_hash", String(64), nullable=False),
    Column("loader", Text, nullable=False),  # what made, or could not make, text and chunks of this content
    Column("version", Integer, nullable=False),  # the newest one; 0 while there is none
    Column("modified_at", String(40), nullable=False),
    Column("added_at", String(40), nullable=False),
    Column("checked_at", String(40), nullable=False),
    UniqueConstraint("source", "name", name="knowledge_documents_name"),
    CheckConstraint("status IN ('ready', 'failed')", name="knowledge_documents_status"),
    Index("knowledge_documents_scope", "scope_id"),
    sqlite_autoincrement=True,
)

removals = Table(
    "knowledge_removals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(80), nullable=False),  # no foreign key: it outlives the source
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("label", String(16), nullable=False),
    Column("access", JSON, nullable=False),  # as it was when the document went
    Column("removed_at", String(40), nullable=False),
    Index("knowledge_removals_at", "removed_at"),
    sqlite_autoincrement=True,
)
"""Documents that answered questions and are gone; kept for a year."""

versions = Table(
    "knowledge_versions",
    metadata,
    Column("document_id", ForeignKey("knowledge_documents.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("content_hash", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("pages", Integer),
    Column("modified_at", String(40), nullable=False),
    Column("loaded_at", String(40), nullable=False),
    Column("retired_at", String(40)),  # when a newer version took its place
    Column("loader", Text, nullable=False),  # what made the text and the chunks: a changed one loads anew
    Column("notes", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("text", Text, nullable=False),  # last: SQLite walks through a long text to reach what stands behind it
)

chunks = Table(
    "knowledge_chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("knowledge_documents.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("headings", JSON, nullable=False),
    Column("locator", Text, nullable=False),
    Column("page_first", Integer),
    Column("page_last", Integer),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("live", Boolean, nullable=False),
    UniqueConstraint("document_id", "version", "ordinal", name="knowledge_chunks_ordinal"),
    sqlite_autoincrement=True,
)
# Few chunks of many versions are live, and all questions are about those.
for _name, _column in (("knowledge_chunks_live", chunks.c.id), ("knowledge_chunks_live_digest", chunks.c.digest)):
    Index(_name, _column, sqlite_where=text("live = 1"), postgresql_where=text("live"))

collections = Table(
    "knowledge_collections",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("dimension", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", String(40), nullable=False),
    CheckConstraint("state IN ('building', 'active')", name="knowledge_collections_state"),
)

vectors = Table(
    "knowledge_vectors",
    metadata,
    Column("digest", String(64), primary_key=True),  # Chunk.digest: equal passages share a vector
    Column("collection", ForeignKey("knowledge_collections.name", ondelete="CASCADE"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # float16, little endian, unit length
)

changes = Table(
    "knowledge_changes",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("chunk_id", Integer, nullable=False, unique=True),  # no foreign key: it outlives the chunk
    Column("kind", String(8), nullable=False),
    CheckConstraint("kind IN ('add', 'remove')", name="knowledge_changes_kind"),
    sqlite_autoincrement=True,
)
"""What happened last to each chunk.  Applying a line twice, or only the last of a chunk, leads to the same index."""
