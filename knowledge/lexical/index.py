"""``LexicalIndex``: chunks found by their words, kept in step with the library by whichever process comes first."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.index import Feed, Hit, Where
from clawdbot.knowledge.lexical.engine import Damaged, Part, Reader, Writer, held
from clawdbot.knowledge.lexical.generations import Generations
from clawdbot.knowledge.lexical.terms import Terms
from clawdbot.knowledge.lexical.tokens import tokens

T = TypeVar("T")

_BATCH = 5_000
"""Changes of one commit."""
_MOST_TERMS = 48
"""Terms of a question that are looked up, the rarest of them; nobody asks more, but people paste whole mails."""
_MOST_OF_A_TERM = 2.2
"""BM25 of a term that fills a short chunk, over its rarity: k1 + 1."""
_PROBED = 50
"""Chunks that ``verify`` looks up by their own words."""
_ALL = ""
"""No collection: words need no vectors."""
_BUSY = "Another process is writing the lexical index; the newest changes are not in it yet."


class LexicalIndex:
    """Implements :class:`clawdbot.knowledge.index.Index` for text, with Tantivy under ``folder``.

    Any number of processes may read; one writes at a time, and another waits ``wait_s`` seconds for it at most.
    What was committed survives a kill; what was not is applied by the next ``sync``.
    """

    def __init__(self, folder: Path, feed: Feed, *, wait_s: float = 2.0) -> None:
        self._folder = folder
        self._feed = feed
        self._wait_s = wait_s
        self._generations = Generations(folder)
        self._mutex = threading.Lock()
        self._reader: Reader | None = None
        self._seen: tuple[str, int, int, int] | None = None
        self._distrusted = ""
        self._notes: tuple[str, ...] = ()

    @property
    def applied(self) -> int:
        """The ``seq`` up to which the index is true; -1 when there is none that can be used, whatever the log holds."""
        try:
            return self._opened().applied
        except Damaged:
            return -1

    @property
    def notes(self) -> tuple[str, ...]:
        """Why the newest changes are missing, if they are."""
        return self._notes

    @property
    def size(self) -> int:
        """How many chunks are in the index."""
        return self._read(lambda reader: reader.count)

    def search(self, query: str, where: Where, limit: int) -> Sequence[Hit]:
        """The best hits by BM25, best first; never one outside ``where``; KnowledgeError when the index is damaged."""
        counts = Counter(tokens(query))
        if not where.scopes or limit < 1:
            return []
        return self._read(lambda reader: reader.search(_plain(reader, counts), where, limit))

    def search_terms(self, terms: Terms, where: Where, limit: int) -> Sequence[Hit]:
        """As :meth:`search`, by how well a chunk fits, about 0 to 1 and comparable between questions.

        The fit is BM25 as a share of the most that the asker's terms could reach, plus half the share of their
        rarity that the chunk holds.  0 when it holds none, as with a question in another language.
        """
        if not where.scopes or limit < 1:
            return []
        return self._read(lambda reader: reader.search(_shares(reader, terms), where, limit))

    def fits(self, terms: Terms, chunks: Collection[int]) -> dict[int, float]:
        """The fit of these chunks, of those that hold one of the terms."""
        if not chunks:
            return {}
        return self._read(lambda reader: reader.score(_shares(reader, terms), sorted(chunks)))

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        """How much each term tells, as BM25 sees it: ln(1 + (N - n + 0.5) / (n + 0.5)) for n of N chunks."""
        asked = tuple(terms)
        return self._read(lambda reader: {term: _rarity(reader, term) for term in asked})

    def sync(self) -> None:
        """Apply what the feed has beyond :attr:`applied`; build anew when the index is damaged or does not fit."""
        with self._writing() as mine:
            if mine and not self._catch_up():
                self._build()

    def rebuild(self) -> None:
        """Build anew from the feed, then take the place of the old one."""
        with self._writing() as mine:
            if not mine:
                raise KnowledgeError(_BUSY, hint="Try again when it is done.")
            self._build()

    def verify(self) -> tuple[str, ...]:
        """What differs from the feed, as sentences; empty when the index is true."""
        try:
            return tuple(self._differences(self._opened()))
        except Damaged as error:
            return (f"The lexical index cannot be read: {error}",)

    def close(self) -> None:
        """Let go of the files."""
        with self._mutex:
            self._reader = self._seen = None

    def _read(self, ask: Callable[[Reader], T]) -> T:
        try:
            reader = self._opened()
            try:
                return ask(reader)
            except Damaged:
                # It could be opened, so nothing else would tell that it must be built anew.
                self._distrusted = self._seen[0] if self._seen else ""
                raise
        except Damaged as error:
            self.close()
            raise KnowledgeError(
                f"The lexical index cannot be read: {error}", hint="Build it anew with: clawdbot knowledge rebuild"
            ) from error

    def _opened(self) -> Reader:
        """The newest commit.  Tried twice: between looking and opening, another process may have switched."""
        with self._mutex:
            try:
                return self._open()
            except Damaged:
                return self._open()

    def _open(self) -> Reader:
        folder = self._generations.current()
        if folder is None:
            raise Damaged("it was never built")
        if folder.name == self._distrusted:
            raise Damaged("it failed to answer")
        try:
            state = (folder / "meta.json").stat()
        except OSError as error:
            raise Damaged(str(error)) from error
        seen = (folder.name, state.st_mtime_ns, state.st_ino, state.st_size)
        if self._reader is None or seen != self._seen:
            self._reader, self._seen = Reader(folder), seen
        return self._reader

    @contextmanager
    def _writing(self) -> Iterator[bool]:
        """True with the lock of the one writer; False when another process, or thread, keeps it for too long."""
        lock = FileLock(self._folder / "writing.lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=self._wait_s)
            self._notes = ()
            yield True
        except Timeout:
            self._notes = (_BUSY,)
            yield False
        except (Damaged, OSError) as error:
            raise KnowledgeError(
                f"The lexical index cannot be written: {error}", hint=f"Check room and rights of {self._folder}."
            ) from error
        finally:
            lock.release()

    def _catch_up(self) -> bool:
        """Apply what is missing; False when the index must be built anew."""
        try:
            reader = self._opened()
            if reader.applied > self._feed.head():
                return False
            self._apply(reader.applied)
            return self._fits(self._opened())
        except Damaged:
            self.close()
            return False

    def _fits(self, reader: Reader) -> bool:
        """As many chunks as the library has; asked again while the library moves on."""
        for _ in range(3):
            live = self._feed.live_count()
            if reader.applied != self._feed.head() or reader.count == live:
                return True
            time.sleep(0.01)
        return False

    def _apply(self, applied: int) -> None:
        folder = self._generations.current()
        changes = self._feed.changes(applied, _BATCH)
        if folder is None or not changes:
            return
        writer = Writer(folder, empty=False)
        while changes:
            chunks = [change.chunk for change in changes]
            writer.replace(chunks, self._feed.entries(chunks, _ALL))
            applied = changes[-1].seq
            writer.commit(applied)
            changes = self._feed.changes(applied, _BATCH)
        writer.close()

    def _build(self) -> None:
        head = self._feed.head()
        folder = self._generations.new()
        writer = Writer(folder, empty=True)
        for entries in self._feed.live(_ALL, _BATCH):
            writer.replace((), entries)
        writer.commit(head)
        writer.close()
        self._generations.switch(folder)
        self._apply(head)

    def _differences(self, reader: Reader) -> Iterator[str]:
        head = self._feed.head()
        if reader.applied != head:
            yield f"The lexical index is true up to change {reader.applied}, the library is at {head}."
        there, probed = reader.held(), max(1, len(reader.held()) // _PROBED)
        for entries in self._feed.live(_ALL, _BATCH):
            for entry in entries:
                kept = there.pop(entry.chunk, None)
                if kept is None:
                    yield f"Chunk {entry.chunk} is missing in the lexical index."
                elif kept != held(entry):
                    yield f"Chunk {entry.chunk} differs in the lexical index."
                elif entry.chunk % probed == 0 and not reader.finds(entry.chunk, tokens(entry.passage)[:_MOST_TERMS]):
                    yield f"Chunk {entry.chunk} is not found by its own words."
        yield from (f"Chunk {chunk} is in the lexical index and not in the library." for chunk in there)


def _rarity(reader: Reader, term: str) -> float:
    n = min(reader.frequency(term), reader.count)
    return math.log(1 + (reader.count - n + 0.5) / (n + 0.5))


def _plain(reader: Reader, counts: Mapping[str, float]) -> list[Part]:
    return [Part(term=term, bm25=counts[term]) for term in _kept(reader, counts)]


def _shares(reader: Reader, terms: Terms) -> list[Part]:
    weights = terms.weights()
    total = sum(weight * _rarity(reader, term) for term, weight in terms.own.items()) or 1.0
    most = total * _MOST_OF_A_TERM
    return [
        Part(term=term, bm25=weights[term] / most, present=0.5 * weights[term] * _rarity(reader, term) / total)
        for term in _kept(reader, weights)
    ]


def _kept(reader: Reader, weights: Mapping[str, float]) -> list[str]:
    """The terms that occur at all; of too many, those that tell most."""
    known = [term for term in weights if reader.frequency(term)]
    if len(known) <= _MOST_TERMS:
        return known
    return sorted(known, key=lambda term: weights[term] * _rarity(reader, term), reverse=True)[:_MOST_TERMS]
