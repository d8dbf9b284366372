"""Taking documents in: what is new or changed in a source is loaded, embedded and stored, one document at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.chunking import chunk
from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.ingest_event import IngestEvent, IngestListener
from clawdbot.knowledge.ingest_report import IngestReport
from clawdbot.knowledge.ingest_run import EMBED_BATCH, IngestRun
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.preparation import Preparation
from clawdbot.knowledge.sources.source import Source

__all__ = ["IngestReport", "Ingestion"]


class Ingestion:
    """Takes sources into a library that knows them (``Library.put_source``).

    A document is stored in one transaction, and its 'ready' event comes after it is on the disk: killing the process
    at any moment loses nothing that was told.  The next document is loaded in a thread while one is embedded.
    ``loader`` names how ``load`` reads; another name loads every document anew.
    """

    def __init__(
        self,
        *,
        library: Library,
        load: Callable[[Path], Extract],
        embedder: Embedder,
        chunk_tokens: int,
        listener: IngestListener,
        loader: str = "",
        max_bytes: int | None = None,
    ) -> None:
        self._library = library
        self._embedder = embedder
        self._listener = listener
        self._preparation = Preparation(
            load=load,
            cut=lambda extract: chunk(extract, tokens=embedder.tokens, size=chunk_tokens),
            loader=f"{loader}/{chunk_tokens}",
            max_bytes=max_bytes,
        )

    def run(self, source: Source, *, retry_failed: bool = False) -> IngestReport:
        """Make the library hold what the source holds now; ``retry_failed`` loads unchanged broken documents again.

        A broken document is a failed row and never a stop.  StoreError and EmbeddingError stop; what was ready stays.
        """
        started = time.monotonic()
        run = IngestRun(
            library=self._library, embedder=self._embedder, listener=self._listener, preparation=self._preparation,
            source=source, retry_failed=retry_failed,
        )  # fmt: skip
        error = ""
        try:
            run.work()
        except KnowledgeError as caught:
            error = str(caught)
        try:
            self._library.source_checked(source.name, error)
        except KnowledgeError as caught:  # another process dropped the source meanwhile
            error = str(caught)
        report = replace(run.report, seconds=time.monotonic() - started, error=error)
        run.tell("done", reason=error)
        return report

    def embed_missing(self) -> int:
        """Embed what the model's collection lacks and let searches use it; returns how many passages.

        Searches use the old model's vectors until then.  Stopped at any moment, it goes on from there the next time.
        """
        collection = self._library.collection(self._embedder.collection, self._embedder.dimension)
        done, total = 0, self._library.pending(collection.name)
        if total:
            for batch in self._library.missing(collection.name, EMBED_BATCH):
                vectors = self._embedder.passages([one.passage for one in batch])
                digests = [one.digest for one in batch]
                self._library.put_vectors(collection.name, dict(zip(digests, vectors, strict=True)))
                done += len(batch)
                self._listener(IngestEvent(kind="embedding", done=done, total=max(done, total)))
        if self._library.active() != collection:
            self._library.activate(collection.name)
        return done
