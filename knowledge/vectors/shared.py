"""The vector index as every process uses it: exact while the collection is small, else by whoever owns Chroma."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Feed, Hit, Where
from clawdbot.knowledge.vectors.chroma import ChromaIndex, state_file
from clawdbot.knowledge.vectors.exact import ExactIndex, check_query
from clawdbot.knowledge.vectors.owner import Owner
from clawdbot.knowledge.vectors.remote import RemoteIndex
from clawdbot.knowledge.vectors.state import load_progress
from clawdbot.knowledge.vectors.unavailable import IndexClosing, IndexUnavailable, OwnerGone, OwnerSilent

T = TypeVar("T")

EXACT_UP_TO = 20_000
"""A collection of so many chunks is searched exactly, in this process, without Chroma: 2 ms, 31 MB at 384 numbers,
and under a second to read, where importing and opening Chroma takes 2 to 3 s (docs/adr/0014-vector-index.md)."""
QUIET_S = 30.0
"""For so long an owner that gave no sign of life is not asked again."""
_PAUSE_S = 0.05


class SharedIndex:
    """Implements ``Index[Vectors]`` over a folder that several processes share.

    One of them owns Chroma and serves the others; when it ends, the next that needs Chroma takes over.  When no owner
    answers within ``patience_s``, Chroma fails or lacks half of what there is, a search is exact and :attr:`notes`
    says so.  A search never waits
    for a build and changes nothing; :meth:`sync` brings Chroma up to date, and is cheap when it is.
    """

    def __init__(
        self,
        folder: Path,
        feed: Feed,
        *,
        collection: str,
        dimension: int,
        exact_up_to: int = EXACT_UP_TO,
        patience_s: float = 2.0,
    ) -> None:
        self._folder = folder
        self._feed = feed
        self._collection = collection
        self._dimension = dimension
        self._exact_up_to = exact_up_to
        self._patience_s = patience_s
        self._exact = ExactIndex(feed, collection=collection, dimension=dimension)
        self._remote = RemoteIndex(folder, collection=collection, dimension=dimension, patience_s=patience_s)
        self._owner: Owner | None = None
        self._counted: tuple[int, int] | None = None
        self._quiet_until = 0.0
        self._notes: tuple[str, ...] = ()
        self._repaired = ""
        self._guard = threading.RLock()

    @property
    def applied(self) -> int:
        """The ``seq`` up to which answers are true: all of it while the collection is small, else as far as Chroma."""
        if self._live() <= self._exact_up_to:
            return self._feed.head()
        return self._progress()[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know of the last call."""
        return self._notes

    @property
    def repaired(self) -> str:
        """Why the last :meth:`sync` built Chroma's collection anew; empty when it did not."""
        return self._repaired

    @property
    def owns(self) -> bool:
        """This object holds Chroma open and serves other processes."""
        return self._owner is not None

    def sync(self) -> None:
        """Bring Chroma up to date, here or in the process that owns it; when neither can, :attr:`notes` says why."""
        applied, lacking = self._progress()
        if not lacking and applied == self._feed.head() and state_file(self._folder, self._collection).exists():
            self._notes, self._repaired = (), ""
            return
        try:
            self._notes, self._repaired = self._by_owner(_sync)
        except IndexUnavailable as error:
            self._notes = (f"the vector index was not brought up to date: {error}",)

    def rebuild(self) -> None:
        """Build Chroma's collection anew, here or in the process that owns it; IndexUnavailable when neither can."""
        self._quiet_until = 0.0
        self._notes = self._by_owner(_rebuild)

    def verify(self) -> tuple[str, ...]:
        """What differs between Chroma and the feed; a reason when nobody can look."""
        try:
            return self._by_owner(lambda index: index.verify())
        except IndexUnavailable as error:
            return (str(error),)

    def search(self, query: Vectors, where: Where, limit: int) -> Sequence[Hit]:
        """The best hits by cosine, best first; never one outside ``where``."""
        check_query(query, self._dimension)
        if not where.scopes or limit < 1:
            return ()
        if (live := self._live()) <= self._exact_up_to:
            return self._exactly(query, where, limit)
        if (behind := self._feed.head() - self._progress()[0]) > live // 2:
            return self._exactly(
                query, where, limit, f"every visible chunk was compared: Chroma lacks {behind} changes"
            )
        try:
            found = self._by_owner(lambda index: index.search(query, where, limit))
        except IndexUnavailable as error:
            return self._exactly(query, where, limit, f"every visible chunk was compared: {error}")
        self._exact.close()
        self._notes = ()
        return found

    def drop(self) -> None:
        """Delete the collection from Chroma; the library no longer has it.  IndexUnavailable when nobody can."""
        self._by_owner(lambda index: index.drop())

    def close(self) -> None:
        """Let Chroma go, so that another process may own it, and give the memory back."""
        with self._guard:
            owner, self._owner = self._owner, None
        if owner is not None:
            owner.close()
        self._exact.close()

    def _progress(self) -> tuple[int, int]:
        """How far Chroma got, and how many chunks it has no vector for, as its owner wrote it down."""
        return load_progress(state_file(self._folder, self._collection))

    def _live(self) -> int:
        """How many chunks are live; counted once for each state of the log."""
        head = self._feed.head()
        if self._counted is None or self._counted[0] != head:
            self._counted = (head, self._feed.live_count())
        return self._counted[1]

    def _exactly(self, query: Vectors, where: Where, limit: int, note: str = "") -> Sequence[Hit]:
        found = self._exact.search(query, where, limit)
        self._notes = (*((note,) if note else ()), *self._exact.notes)
        return found

    def _by_owner(self, ask: Callable[[ChromaIndex | RemoteIndex], T]) -> T:
        """Ask the index of this process if it owns Chroma, or may own it now; else the owner's."""
        until = time.monotonic() + self._patience_s
        while True:
            try:
                if (own := self._own()) is not None:
                    return ask(own)
                if time.monotonic() > self._quiet_until:
                    return ask(self._remote)
            except OwnerSilent:
                self._quiet_until = time.monotonic() + QUIET_S
                raise
            except (OwnerGone, IndexClosing):
                if time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_S)
            else:
                raise OwnerSilent("The process that owns the vector index gave no sign of life a moment ago.")

    def _own(self) -> ChromaIndex | None:
        with self._guard:
            if self._owner is None:
                self._owner = Owner.take(self._folder, self._feed)
            return self._owner.index(self._collection, self._dimension) if self._owner else None


def _sync(index: ChromaIndex | RemoteIndex) -> tuple[tuple[str, ...], str]:
    index.sync()
    return index.notes, index.repaired


def _rebuild(index: ChromaIndex | RemoteIndex) -> tuple[str, ...]:
    index.rebuild()
    return index.notes
