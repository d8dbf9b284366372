"""What the library tells of sources, documents, chunks and vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from clawdbot.config import Label, SourceConfig

Origin = Literal["config", "command"]
"""Who named a source: the configuration file, or a person with ``knowledge add``."""

DocumentStatus = Literal["ready", "failed"]


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """A source.  ``error`` says why it could not be listed when it was last tried; times are ISO 8601 in UTC."""

    name: str
    config: SourceConfig
    origin: Origin
    created_at: str
    checked_at: str | None
    error: str


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A source's access list, or that of one of its rules: every document belongs to exactly one scope."""

    id: int
    source: str
    pattern: str
    """The rule's; empty for the source's own list."""
    position: int
    """0 for the source's own list; of all scopes that match a name, the one with the highest position counts."""
    owner: str
    label: Label
    access: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class KnownDocument:
    """What ingestion compares with: the state of a document when it was last taken in, or tried.

    ``live`` means that the newest version answers questions; a failed document may have none that does.
    """

    id: int
    name: str
    status: DocumentStatus
    reason: str
    live: bool
    version: int
    fingerprint: str
    content_hash: str
    loader: str


@dataclass(frozen=True, kw_only=True)
class DocumentRecord:
    """A document as a person sees it.  ``bytes`` and ``content_hash`` are of the file that was read last."""

    id: int
    source: str
    name: str
    uri: str
    title: str
    media: str
    bytes: int
    status: DocumentStatus
    reason: str
    live: bool
    version: int
    content_hash: str
    modified_at: str
    added_at: str
    checked_at: str
    scope: int
    owner: str
    label: Label
    access: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StoredChunk:
    """A chunk of some version of a document; ``live`` when it is part of what answers questions now.

    ``title`` and ``modified_at`` are the version's; ``scope``, ``owner``, ``label`` and ``access`` are what counts now.
    """

    id: int
    document_id: int
    document: str
    source: str
    uri: str
    title: str
    version: int
    modified_at: str
    ordinal: int
    text: str
    headings: tuple[str, ...]
    pages: tuple[int, int] | None
    locator: str
    start: int
    end: int
    tokens: int
    digest: str
    live: bool
    scope: int
    owner: str
    label: Label
    access: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Version:
    """The text of one version, which its chunks' spans refer to.  ``retired_at`` is None while it answers."""

    document: str
    source: str
    n: int
    title: str
    text: str
    pages: int | None
    content_hash: str
    modified_at: str
    loaded_at: str
    retired_at: str | None
    notes: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Vectors of one embedding model.  Searches use the active one; one that is building is not complete yet."""

    name: str
    dimension: int
    state: Literal["building", "active"]
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Unembedded:
    """A passage that has no vector in a collection."""

    digest: str
    passage: str


@dataclass(frozen=True, kw_only=True)
class SourceStatus:
    """A source with its counts; ``failed`` documents may still answer with their last good version."""

    name: str
    kind: str
    origin: Origin
    checked_at: str | None
    error: str
    documents: int
    failed: int
    chunks: int


@dataclass(frozen=True, kw_only=True)
class FailedDocument:
    """A document that could not be taken in.  ``live``: its last good version still answers."""

    source: str
    name: str
    reason: str
    live: bool
    checked_at: str


@dataclass(frozen=True, kw_only=True)
class LibraryStatus:
    """The state of the whole library.

    ``oldest_check`` is when the source that was looked at longest ago was looked at, None when one never was;
    ``pending`` counts passages without a vector for each collection; ``bytes_on_disk`` is the database's.
    """

    sources: tuple[SourceStatus, ...]
    failures: tuple[FailedDocument, ...]
    documents: int
    chunks: int
    versions: int
    bytes_on_disk: int
    oldest_check: str | None
    collections: tuple[Collection, ...]
    pending: dict[str, int]
