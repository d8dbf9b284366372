"""The vector index in Chroma: kept in step with the library's log, and built anew whenever it is in doubt.

``FOLDER/COLLECTION/state.npz`` says which generation is current and how far it got; ``FOLDER/COLLECTION/g000001/`` is
one building of it.  A rebuild makes the next generation beside the old one, which answers meanwhile.  ``writing``
stands in a generation while a batch is written to it: a process that is killed then can leave segments on which Chroma
does not raise an error but crashes the process that opens them (chroma-core/chroma issue 7238, seen here too), so a
generation where it is found is never opened again.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Feed, Hit, Where
from clawdbot.knowledge.vectors.census import Census
from clawdbot.knowledge.vectors.collection import Collection, chroma_version
from clawdbot.knowledge.vectors.comparison import agrees, differences
from clawdbot.knowledge.vectors.exact import BATCH, check_query
from clawdbot.knowledge.vectors.generation import Generation
from clawdbot.knowledge.vectors.state import State, flush_folder, load_progress, load_state, replace_durably
from clawdbot.knowledge.vectors.unavailable import ChromaFailed, IndexClosing

log = logging.getLogger(__name__)

_MARK = "writing"
_BUSY_S = 1.0
"""How long a search that fell between two states of a batch waits for the batch to end."""


class ChromaIndex:
    """Implements ``Index[Vectors]`` for the one process that owns ``folder``.

    ``dimension`` is the length of its vectors.  Searches may run in several threads, also while one syncs or
    rebuilds.  They raise ChromaFailed when there is nothing that answers; the next :meth:`sync` builds it.
    """

    def __init__(self, folder: Path, feed: Feed, *, collection: str, dimension: int) -> None:
        self._folder = folder / collection
        self._state = state_file(folder, collection)
        self._feed = feed
        self._collection = collection
        self.dimension = dimension
        self._current: Generation | None = None
        self._doubt = ""
        self._failed = ""
        self._repaired = ""
        self._writing = threading.RLock()
        self._building = threading.Event()
        self._closing = threading.Event()

    @property
    def applied(self) -> int:
        """The ``seq`` up to which the index is true; 0 when nothing usable is there."""
        return self._current.state.applied if self._current else load_progress(self._state)[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """How many chunks cannot be found by meaning, if any."""
        lacking = len(self._current.state.lacking) if self._current else 0
        return (f"{lacking} chunks have no vector yet and are found by their words only",) if lacking else ()

    @property
    def repaired(self) -> str:
        """Why the last :meth:`sync` built the index anew; empty when it did not, or built the first one."""
        return self._repaired

    def sync(self) -> None:
        """Apply what the feed has beyond :attr:`applied`; rebuild when the index is damaged or does not fit."""
        with self._writing:
            self._repaired = ""
            try:
                current = None if self._failed else self._opened()
                if current is None:
                    reason = self._failed or self._doubt
                elif current.state.applied > self._feed.head():
                    reason = "it was ahead of the library"
                else:
                    current = self._catch_up(current)
                    if self._fits(current):
                        return
                    reason = "it did not hold what the library holds"
            except ChromaFailed as error:
                reason = self._failed = error.message
            if reason:
                log.info("The vector index is built anew: %s", reason)
            self._build()
            self._repaired = reason

    def rebuild(self) -> None:
        """Build the next generation from the feed, then take the place of the old one."""
        with self._writing:
            with suppress(ChromaFailed):  # the old one goes on answering where it can
                self._opened()
            self._build()

    def verify(self) -> tuple[str, ...]:
        """What differs from the feed: progress, chunks, scopes, days, and a sample of vectors."""
        with self._writing:
            try:
                current = self._opened()
                if current is None:
                    reason = self._failed or self._doubt
                    return (f"the vector index is not built{reason and f': {reason}'}",)
                return differences(current, self._feed, self._collection)
            except ChromaFailed as error:
                return (error.message,)

    def search(self, query: Vectors, where: Where, limit: int) -> Sequence[Hit]:
        """The best hits by cosine, best first; never one outside ``where``.  ChromaFailed."""
        check_query(query, self.dimension)
        query = query.astype(np.float32)
        until = time.monotonic() + _BUSY_S
        while True:
            current = self._ready()
            try:
                return current.find(query, where, limit)
            except ChromaFailed as error:
                if self._current is not current:
                    continue
                if self._writing.acquire(blocking=False):
                    try:
                        if self._current is current:
                            self._distrust(error)
                            raise
                    finally:
                        self._writing.release()
                elif time.monotonic() > until:
                    raise
                else:
                    time.sleep(0.02)

    def close(self) -> None:
        """End what is being written after its batch, and release the files."""
        self._closing.set()
        with self._writing:
            self._let_go()

    def drop(self) -> None:
        """Delete the collection with all that belongs to it."""
        with self._writing:
            self._let_go()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ready(self) -> Generation:
        """What is there to be searched, at once; ChromaFailed."""
        if (current := self._current) is not None:
            return current
        if not self._building.is_set():
            with self._writing:
                if (opened := self._opened()) is not None:
                    return opened
        raise ChromaFailed("The vector index is not built yet.", hint="The next ingestion builds it.")

    def _opened(self) -> Generation | None:
        """The current generation, opened when it can be trusted; None when it must be built (see ``_doubt``)."""
        self._go_on()
        if self._current is None and (state := self._trusted()) is not None:
            collection = Collection(self._folder / state.generation, self._collection)
            self._sweep(state.generation)
            self._current = Generation(collection=collection, state=state)
            try:
                self._try_out(self._current)
            except ChromaFailed as error:
                self._distrust(error)
                raise
        return self._current

    def _trusted(self) -> State | None:
        state = load_state(self._state)
        folder = self._folder / state.generation if state else None
        self._doubt = ""
        if state is None or folder is None:
            return None
        if state.dimension != self.dimension or state.chroma != chroma_version():
            self._doubt = "another version of Chroma or of the model made it"
        elif not folder.is_dir():
            self._doubt = "its folder is gone"
        elif (folder / _MARK).exists():
            self._doubt = "a process was killed while it wrote"
        return None if self._doubt else state

    def _try_out(self, current: Generation) -> None:
        """Load the graph and read some vectors now, so that damage shows before a question does."""
        current.collection.nearest(np.ones(self.dimension, np.float32), 1)
        some = current.state.census.sample()
        if len(current.collection.vectors(some)) != len(some):
            raise ChromaFailed("Chroma lost vectors that it had taken.")

    def _catch_up(self, current: Generation) -> Generation:
        if self._feed.head() == current.state.applied and not current.state.lacking:
            return current
        with self._marked(current):
            while changes := self._feed.changes(current.state.applied, BATCH):
                current = self._apply(current, {change.chunk for change in changes}, changes[-1].seq)
            lacking = current.state.lacking
            for start in range(0, len(lacking), BATCH):
                some = lacking[start : start + BATCH]
                entries = self._feed.entries(some, self._collection)
                if len(entries) < len(some) or any(entry.vector is not None for entry in entries):
                    current = self._apply(current, set(some), current.state.applied)
        return current

    def _apply(self, current: Generation, chunks: set[int], applied: int) -> Generation:
        """Bring these chunks to what the feed says of them: first in Chroma, then in the state."""
        self._go_on()
        entries = self._feed.entries(sorted(chunks), self._collection)
        put = [entry for entry in entries if entry.vector is not None]
        drop = sorted(chunks - {entry.chunk for entry in put})
        current.collection.drop(drop)
        current.collection.put(put)
        lacking = {*current.state.lacking} - chunks | {entry.chunk for entry in entries if entry.vector is None}
        self._current = current.changed(drop, put, applied=applied, lacking=tuple(sorted(lacking)))
        with _disk():
            self._current.state.save(self._state)
        return self._current

    def _fits(self, current: Generation) -> bool:
        held = len(current.state.census)
        if current.collection.count() != held:
            return False
        fits = held + len(current.state.lacking) == self._feed.live_count() and agrees(
            current, self._feed, self._collection
        )
        return fits or self._feed.head() != current.state.applied  # while others write, what was read may not agree

    def _build(self) -> None:
        applied, name = self._feed.head(), f"g{self._last_number() + 1:06d}"
        collection: Collection | None = None
        self._building.set()
        try:
            with _disk():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            collection = Collection(self._folder / name, self._collection)
            census, lacking = self._fill(collection)
            state = State(
                generation=name, applied=applied, chroma=chroma_version(), dimension=self.dimension,
                lacking=lacking, census=census,
            )  # fmt: skip
            with _disk():
                flush_folder(self._folder / name)
                state.save(self._state)
        except BaseException:
            if collection is not None:
                with suppress(ChromaFailed):  # what is being told is the first failure
                    collection.close()
            shutil.rmtree(self._folder / name, ignore_errors=True)
            raise
        finally:
            self._building.clear()
        old, self._current = self._current, Generation(collection=collection, state=state)
        if old is not None:
            with suppress(ChromaFailed):  # it may be the damaged one
                old.collection.close()
        self._failed = ""
        self._sweep(name)
        self._catch_up(self._current)

    def _fill(self, collection: Collection) -> tuple[Census, tuple[int, ...]]:
        census, lacking = Census.empty(), list[int]()
        for entries in self._feed.live(self._collection, BATCH):
            self._go_on()
            put = [entry for entry in entries if entry.vector is not None]
            collection.put(put)
            census = census.changed((), put)
            lacking.extend(entry.chunk for entry in entries if entry.vector is None)
        return census, tuple(lacking)

    @contextmanager
    def _marked(self, current: Generation) -> Iterator[None]:
        """Let the mark stand while batches are written, and after Chroma failed in one; files are on the disk after."""
        folder = self._folder / current.state.generation
        with _disk():
            replace_durably(folder / _MARK, b"")
        try:
            yield
        except ChromaFailed:
            raise
        except BaseException:
            self._settle(folder)  # between two batches: the library failed, or the index is being closed
            raise
        self._settle(folder)

    def _settle(self, folder: Path) -> None:
        with _disk():
            flush_folder(folder)
            (folder / _MARK).unlink()

    def _distrust(self, error: ChromaFailed) -> None:
        """Nothing answers from the current generation any more, and no later process opens it."""
        self._failed = error.message
        current, self._current = self._current, None
        self._state.unlink(missing_ok=True)
        if current is not None:
            with suppress(ChromaFailed):  # it is given up
                current.collection.close()

    def _let_go(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            with suppress(ChromaFailed):  # closing writes nothing
                current.collection.close()

    def _last_number(self) -> int:
        return max((int(path.name[1:]) for path in self._folder.glob("g" + "[0-9]" * 6)), default=0)

    def _sweep(self, kept: str) -> None:
        for folder in self._folder.glob("g" + "[0-9]" * 6):
            if folder.name != kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _go_on(self) -> None:
        if self._closing.is_set():
            raise IndexClosing("The vector index is being closed.", hint="The next start goes on from here.")


def state_file(folder: Path, collection: str) -> Path:
    """Where the progress of a collection stands; any process may read it."""
    return folder / collection / "state.npz"


@contextmanager
def _disk() -> Iterator[None]:
    """A disk that is full or gone is one more reason why the index fails."""
    try:
        yield
    except OSError as error:
        told = f"The vector index cannot be written: {error}"
        raise ChromaFailed(told, hint="Free some space, or check [app] home.") from error
