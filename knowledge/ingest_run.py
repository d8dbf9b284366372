"""One pass over one source: what left is forgotten, what is new or changed is taken in."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.knowledge.ingest_event import IngestEvent, IngestKind, IngestListener
from clawdbot.knowledge.ingest_report import IngestReport
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.records import KnownDocument
from clawdbot.knowledge.library.taking_in import DocumentChanged, Loaded, VectorsMissing
from clawdbot.knowledge.preparation import Failed, Preparation, Prepared, Same, storable_item
from clawdbot.knowledge.read_ahead import ReadAhead
from clawdbot.knowledge.sources.source import Item, Source
from clawdbot.store import plain_json

EMBED_BATCH = 32
"""Passages embedded at once, and most that are waited for before documents are stored."""
SAVE_EVERY = 128
"""Vectors of a long document that are stored before the document is, so that a killed process need not repeat them."""
AHEAD = 16
"""Twice the documents that wait, loaded, for those before them to be embedded."""
ATTEMPTS = 3
"""How often a document is looked at again that another process takes in at the same time."""


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """The thread that reads has come to this document."""

    name: str


class IngestRun:
    """What one pass needs to know; ``report`` and ``done`` grow while it works."""

    def __init__(
        self, *, library: Library, embedder: Embedder, listener: IngestListener, preparation: Preparation,
        source: Source, retry_failed: bool,
    ) -> None:  # fmt: skip
        self._library = library
        self._embedder = embedder
        self._listener = listener
        self._preparation = preparation
        self._source = source
        self._retry_failed = retry_failed
        self._items: dict[str, Item] = {}
        self.done = 0
        self.report = IngestReport(source=source.name)

    def work(self) -> None:
        """Make the library hold what the source holds; KnowledgeError when the source fails as a whole."""
        try:
            self._items = {storable_item(item).name: item for item in self._source.items()}
        except OSError as error:
            raise KnowledgeError(f"The source cannot be listed: {error}.") from error
        self.tell("source")
        known = self._library.known(self._source.name)
        # What was deleted vanishes first, and not when all else is done.
        for name in self._library.forget(one for name, one in known.items() if name not in self._items):
            self._count(removed=1)
            self.tell("removed", name)
        todo = [name for name in self._items if not self._settled(name, known.get(name))]
        with ReadAhead(self._prepared(todo, known), ahead=AHEAD) as ahead:
            for group in _groups(ahead):
                self._take(group)
        if self.report != IngestReport(source=self._source.name, unchanged=self.report.unchanged):
            self._library.sweep()

    def tell(self, kind: IngestKind, document: str = "", *, reason: str = "") -> None:
        """One event: ``done`` of ``total`` documents of the source."""
        self._listener(
            IngestEvent(
                kind=kind, source=self._source.name, document=document, done=self.done, total=len(self._items),
                reason=reason,
            )
        )  # fmt: skip

    def _settled(self, name: str, before: KnownDocument | None) -> bool:
        """The document need not be looked at: its mark says that nothing changed since it was read."""
        item = self._items[name]
        if before is None or item.problem or not item.fingerprint:
            return False
        if (item.fingerprint, self._preparation.loader) != (before.fingerprint, before.loader):
            return False
        if before.status == "ready":
            self._finished("unchanged", name, unchanged=1)
        elif self._retry_failed:
            return False
        else:
            self._finished("failed", name, reason=before.reason, failed=1)
        return True

    def _prepared(self, names: Iterable[str], known: Mapping[str, KnownDocument]) -> Generator[_Begun | Prepared]:
        for name in names:
            yield _Begun(name=name)
            yield self._prepare(name, known.get(name))

    def _prepare(self, name: str, before: KnownDocument | None) -> Prepared:
        item = self._items[name]
        stored = item if item.name == name else replace(item, name=name)
        return self._preparation.prepare(self._source, item, before, stored=stored, again=self._retry_failed)

    def _take(self, group: Sequence[_Begun | Prepared]) -> None:
        """Embed the chunks of all loaded documents of the group together, then settle one after the other."""
        for begun in group:
            if isinstance(begun, _Begun):
                self.tell("loading", begun.name)
        loaded = [one for one in group if isinstance(one, Loaded)]
        vectors = self._embed(loaded) if loaded else {}
        for one in group:
            if not isinstance(one, _Begun):
                self._settle(one, vectors)

    def _embed(self, loaded: Sequence[Loaded]) -> dict[str, Vectors]:
        """Vectors by digest of the chunks that the collection has none of yet."""
        collection = self._library.collection(self._embedder.collection, self._embedder.dimension).name
        passages = {chunk.digest: chunk.passage for document in loaded for chunk in document.chunks}
        known = self._library.vectors_known(collection, passages)
        todo = [digest for digest in passages if digest not in known]
        found: dict[str, Vectors] = {}
        unsaved: dict[str, Vectors] = {}
        for start in range(0, len(todo), EMBED_BATCH):
            batch = todo[start : start + EMBED_BATCH]
            made = zip(batch, self._embedder.passages([passages[digest] for digest in batch]), strict=True)
            unsaved.update(made)
            event = IngestEvent(kind="embedding", source=self._source.name, document=loaded[0].item.name)
            self._listener(replace(event, done=start + len(batch), total=len(todo)))
            if len(unsaved) >= SAVE_EVERY:
                self._library.put_vectors(collection, unsaved)
                found |= unsaved
                unsaved = {}
        return found | unsaved

    def _settle(self, prepared: Prepared, vectors: Mapping[str, Vectors]) -> None:
        """Write down what became of a document; one that another process changed meanwhile is looked at again."""
        for _ in range(ATTEMPTS):
            try:
                self._write(prepared, vectors)
                return
            except VectorsMissing:
                assert isinstance(prepared, Loaded)
                vectors = self._embed([prepared])
            except DocumentChanged:
                name = prepared.item.name
                prepared = self._prepare(name, self._library.known(self._source.name, name).get(name))
                vectors = self._embed([prepared]) if isinstance(prepared, Loaded) else {}
        reason = "Another process takes the same document in again and again; it is looked at with the next check."
        self._finished("failed", prepared.item.name, reason=reason, failed=1)

    def _write(self, prepared: Prepared, vectors: Mapping[str, Vectors]) -> None:
        name, before = prepared.item.name, prepared.before
        if isinstance(prepared, Loaded):
            self._library.commit(prepared, collection=self._embedder.collection, vectors=vectors)
            fresh = before is None or not before.version
            self._finished("ready", name, new=int(fresh), changed=int(not fresh), chunks=len(prepared.chunks))
        elif isinstance(prepared, Same):
            if self._library.touch(self._source.name, prepared.item, prepared.before):
                self._finished("unchanged", name, unchanged=1)
            else:
                self._finished("failed", name, reason=prepared.before.reason, failed=1)
        else:
            if not _told_before(prepared):
                self._library.fail(
                    self._source.name, prepared.item, prepared.reason, before=before, content=prepared.content,
                    transient=prepared.transient,
                )  # fmt: skip
            self._finished("failed", name, reason=prepared.reason, failed=1)

    def _finished(self, kind: IngestKind, name: str, *, reason: str = "", **counts: int) -> None:
        self.done += 1
        self._count(**counts)
        self.tell(kind, name, reason=reason)

    def _count(self, **counts: int) -> None:
        self.report = replace(self.report, **{name: getattr(self.report, name) + n for name, n in counts.items()})


def _groups(ahead: ReadAhead[_Begun | Prepared]) -> Iterator[list[_Begun | Prepared]]:
    """Each value with those that are ready too, up to a full batch of chunks: small documents are embedded together."""
    for first in ahead:
        group = [first]
        chunks = _chunks(first)
        while chunks < EMBED_BATCH and (following := ahead.waiting()) is not None:
            group.append(following)
            chunks += _chunks(following)
        yield group


def _chunks(one: _Begun | Prepared) -> int:
    return len(one.chunks) if isinstance(one, Loaded) else 0


def _told_before(failed: Failed) -> bool:
    """The very same failure is recorded already, of a document that could not even be read."""
    before = failed.before
    return (
        failed.content is None
        and before is not None
        and (before.status, before.reason) == ("failed", plain_json.text(failed.reason))
        and (failed.transient or not (before.live or before.content_hash))
    )
