"""Indexes over chunks: derived from the library, rebuilt when they differ, never the truth.

An index is fed from the library's log of changes and remembers how far it got, so that a killed process loses
nothing: at the next start it applies what is missing, or is rebuilt.  What it finds is checked against the library
once more before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from clawdbot.knowledge.embedding.embedder import Vectors

Q = TypeVar("Q", contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A chunk that an index found; a higher score is better, and scores of two indexes cannot be compared."""

    chunk: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Where:
    """What may be found at all.  The filter is applied before ranking.

    ``scopes``: ids of the access scopes that the asker may see (and that the question's sources allow); a chunk
    belongs to exactly one.  ``since_day``: days since 1970-01-01 from which a document's date counts.
    """

    scopes: frozenset[int]
    since_day: int | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A live chunk as an index needs it.  ``vector`` is None when the collection has none for it yet."""

    chunk: int
    scope: int
    day: int
    passage: str
    vector: Vectors | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the library's log: a chunk came or went.  ``seq`` rises; an id is never used again."""

    seq: int
    chunk: int
    kind: Literal["add", "remove"]


class Feed(Protocol):
    """What the library offers to the indexes."""

    def head(self) -> int:
        """The highest ``seq``; 0 for an empty log."""

    def changes(self, after: int, limit: int) -> Sequence[Change]:
        """The next changes with ``seq > after``, in order."""

    def entries(self, chunks: Sequence[int], collection: str) -> Sequence[Entry]:
        """Those of the chunks that are live, with their vectors in that collection."""

    def live(self, collection: str, batch: int) -> Iterator[Sequence[Entry]]:
        """All live chunks in batches, by rising id, for a rebuild."""

    def live_count(self) -> int:
        """How many chunks are live."""


class Index(Protocol, Generic[Q]):
    """A way to find chunks: ``Q`` is a vector for the dense index, text for the lexical one."""

    @property
    def applied(self) -> int:
        """The ``seq`` up to which the index is true."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know of the last answers, for example that another index stands in; else empty."""

    def sync(self) -> None:
        """Apply what the feed has beyond :attr:`applied`; rebuild when the index is damaged or does not fit."""

    def rebuild(self) -> None:
        """Build anew from the feed, then take the place of the old one."""

    def verify(self) -> tuple[str, ...]:
        """What differs from the feed, as sentences; empty when the index is true."""

    def search(self, query: Q, where: Where, limit: int) -> Sequence[Hit]:
        """The best hits, best first; never one outside ``where``."""

    def close(self) -> None:
        """Give back files, locks and sockets."""
