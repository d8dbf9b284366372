"""The knowledge of one configuration as one object: sources in, passages and evidence out."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType

from clawdbot.access.identity import EVERYONE, Identity
from clawdbot.config import Config, Label, SourceConfig
from clawdbot.errors import EmbeddingError, KnowledgeError
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.knowledge.embedding.opening import open_embedder
from clawdbot.knowledge.evidence.dating import family, in_force
from clawdbot.knowledge.evidence.gathering import Evidence, gather
from clawdbot.knowledge.index import Index
from clawdbot.knowledge.ingest_event import IngestEvent, IngestListener
from clawdbot.knowledge.ingestion import Ingestion, IngestReport
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.records import DocumentRecord, LibraryStatus, SourceRecord
from clawdbot.knowledge.loading import Loading
from clawdbot.knowledge.passage import Passage, Query, Retrieval
from clawdbot.knowledge.place import knowledge_folder
from clawdbot.knowledge.retrieval import Retriever
from clawdbot.knowledge.retrieval.reranking import Reranker, reranking_model
from clawdbot.knowledge.sources.opening import check, open_source
from clawdbot.knowledge.sources.sql import Rows
from clawdbot.knowledge.sources.watch import watch
from clawdbot.knowledge.vectors.opening import drop_dense, open_dense
from clawdbot.models.selection import only
from clawdbot.models.service import ModelService
from clawdbot.text.language import Language, detect

EVIDENCE_PASSAGES = 8
"""Passages whose statements are weighed for one question."""

_SAMPLED = 300
"""Chunks that are looked at for the languages of the library."""

LOADER = "1"
"""Raised when loaders or chunking read documents better: everything is loaded anew."""


def silent(event: IngestEvent) -> None:
    """The listener that says nothing."""


class Knowledge:
    """Opens its parts when they are first used.  A context manager; close it to release files and locks."""

    def __init__(
        self,
        config: Config,
        *,
        rows: Rows | None = None,
        embedder: Embedder | None = None,
        models: ModelService | None = None,
    ) -> None:
        self.config = config
        self._models = models
        self._own = ExitStack()
        self._given_embedder = embedder
        self._rows = rows
        self._lock = threading.RLock()
        self._known_languages: tuple[int, frozenset[Language]] | None = None

    @classmethod
    def open(
        cls,
        config: Config,
        *,
        rows: Rows | None = None,
        embedder: Embedder | None = None,
        models: ModelService | None = None,
    ) -> Knowledge:
        """The knowledge of a configuration; ``rows`` reads databases for sources, ``embedder`` takes the place of the
        configured model, ``models`` orders passages where that is configured.  Nothing is read yet."""
        return cls(config, rows=rows, embedder=embedder, models=models)

    @cached_property
    def library(self) -> Library:
        """The truth in SQL."""
        return Library.open(self.config)

    # --- sources --------------------------------------------------------------------------------------------

    def sources(self) -> tuple[SourceRecord, ...]:
        """Every source, from the configuration file and by command."""
        self._take_configuration()
        return self.library.sources()

    def add(
        self,
        paths: Sequence[str],
        *,
        name: str | None = None,
        owner: str = "",
        label: Label = "internal",
        access: Sequence[str] = (EVERYONE,),
    ) -> str:
        """Keep folders, globs or files as a source and return its name; nothing is taken in yet.

        A source of that name that was added by command gets these paths instead of its own.  ConfigError and
        KnowledgeError say what is wrong with them.
        """
        self._take_configuration()
        named = name or self._free_name(paths)
        source = SourceConfig(kind="files", paths=tuple(paths), owner=owner, label=label, access=tuple(access))
        check(named, source)
        self.library.put_source(named, source, "command")
        return named

    def remove(self, what: str) -> int:
        """Remove a source with its documents, or one document; returns how many documents are gone.

        A source of the configuration file comes back with the next ingest: KnowledgeError says so.
        """
        source = next((s for s in self.sources() if s.name == what), None)
        if what in self.config.knowledge.sources:
            raise KnowledgeError(
                f"The source {what!r} stands in the configuration file.",
                hint=f"Delete [knowledge.sources.{what}] there; its documents go with the next command.",
            )
        if source is not None:
            gone = self.library.drop_source(what)
        else:
            found = [d for d in self.library.documents() if what in (d.name, f"{d.source}/{d.name}")]
            if len(found) != 1:
                names = ", ".join(f"{d.source}/{d.name}" for d in found)
                hint = f"Say which one: {names}" if found else "List them with: clawdbot knowledge status"
                raise KnowledgeError(f"{len(found)} documents or sources are called {what!r}.", hint=hint)
            self._keep_out(found[0])
            self.library.remove(found[0].id)
            gone = 1
        self.library.sweep()
        self._sync()
        return gone

    def ingest(
        self, names: Collection[str] = (), *, listener: IngestListener = silent, retry_failed: bool = False
    ) -> list[IngestReport]:
        """Make the library hold what these sources (all when none is named) hold now, and the indexes follow."""
        with self._lock, Loading.from_config(self.config) as loading:
            work = Ingestion(
                library=self.library,
                load=loading.load,
                embedder=self.embedder,
                chunk_tokens=self.config.knowledge.chunk_tokens,
                listener=listener,
                loader=f"{LOADER}{'' if self.config.knowledge.ocr else ' without ocr'}",
                max_bytes=self.config.knowledge.max_file_bytes,
            )
            if not names:
                self._forget_unconfigured()
            chosen = [s for s in self.sources() if not names or s.name in names]
            reports = []
            for record in chosen:
                source = open_source(
                    record.name, record.config, rows=self._rows, max_bytes=self.config.knowledge.max_file_bytes
                )
                reports.append(work.run(source, retry_failed=retry_failed))
            before = self.library.active()
            work.embed_missing()
            self.library.sweep()
            if before is not None and before.name != self.embedder.collection:
                self._reopen()
                drop_dense(self.config, self.library, collection=before.name, dimension=before.dimension)
            listener(IngestEvent(kind="index"))
            self._sync()
        return reports

    def watch(self, listener: IngestListener, stop: threading.Event) -> None:
        """Take in what changes in the sources until ``stop`` is set."""
        opened = [open_source(s.name, s.config, rows=self._rows) for s in self.sources()]
        for names in watch(opened, stop):
            self.ingest(names, listener=listener)

    def status(self) -> LibraryStatus:
        """Documents, failures with reasons, sizes and ages."""
        self._take_configuration()
        return self.library.status()

    def export(self, path: Path) -> int:
        """Write sources and documents as JSON lines to a new file; returns how many documents.  OSError."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                count = self.library.export(file.write)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return count

    # --- search ---------------------------------------------------------------------------------------------

    def has_documents(self) -> bool:
        """Some document can be searched."""
        return self.library.live_count() > 0

    def search(self, query: Query, who: Identity) -> Retrieval:
        """The passages that fit, of documents that this user may see; StoreError."""
        if not self.library.head():  # nothing was ever taken in: there are no indexes yet
            return Retrieval(passages=(), documents=0)
        return self._retriever.search(query, who)

    def evidence(self, question: str, who: Identity, *, translation: str = "") -> Evidence:
        """The statements that fit a question, of documents that this user may see; StoreError.

        ``translation`` is the question in another language; statements in that language are compared with it.
        """
        asked = [question, translation] if translation else [question]
        found = [(text, self.search(Query(text=text, top=EVIDENCE_PASSAGES), who)) for text in asked]
        try:
            return gather(found, embedder=self._query_embedder, header=self._header)
        except EmbeddingError:
            return gather(found, embedder=None, header=self._header)

    def languages(self) -> frozenset[Language]:
        """The languages that the documents are written in, as a sample of them says; StoreError."""
        head = self.library.head()
        if self._known_languages is None or self._known_languages[0] != head:
            found = frozenset(detect(text) for text in self.library.sample(_SAMPLED))
            self._known_languages = (head, found)
        return self._known_languages[1]

    def rebuild(self, listener: IngestListener = silent) -> None:
        """Build both indexes anew from the library."""
        for index in self._indexes:
            listener(IngestEvent(kind="index"))
            index.rebuild()

    def verify(self) -> tuple[str, ...]:
        """What differs between the library and its indexes, as sentences; empty when they agree."""
        return tuple(line for index in self._indexes for line in index.verify())

    # --- parts ----------------------------------------------------------------------------------------------

    @cached_property
    def embedder(self) -> Embedder:
        """The configured embedding model."""
        return self._given_embedder or open_embedder(self.config)

    @property
    def _query_embedder(self) -> Embedder | None:
        """The model whose vectors searches use; None when the library's are of a model that is not at hand."""
        active = self.library.active()
        if active is None or active.name == self.embedder.collection:
            return self.embedder
        built_in = E5Embedder(self.config.app.home)
        return built_in if built_in.collection == active.name else None

    @cached_property
    def _dense(self) -> Index[Vectors] | None:
        active = self.library.active()
        if active is None:
            return None
        return open_dense(self.config, self.library, collection=active.name, dimension=active.dimension)

    @cached_property
    def _lexical(self) -> LexicalIndex:
        return LexicalIndex(knowledge_folder(self.config) / "lexical", self.library)

    @property
    def _indexes(self) -> tuple[Index[Vectors] | LexicalIndex, ...]:
        return (self._lexical,) if self._dense is None else (self._lexical, self._dense)

    @cached_property
    def _retriever(self) -> Retriever:
        return Retriever(
            library=self.library,
            lexical=self._lexical,
            dense=self._dense,
            embedder=self._query_embedder,
            config=self.config,
            reranker=self._reranker,
        )

    @property
    def _reranker(self) -> Reranker | None:
        name = reranking_model(self.config)
        if not name:
            return None
        models = self._models
        if models is None or name not in models.ladder.settings:
            models = self._own.enter_context(ModelService.opened(self.config, only(self.config, name)))
        return Reranker(
            models,
            name,
            budget_s=self.config.knowledge.reranker_budget_s,
            cloud_max_label=self.config.router.cloud_max_label,
        )

    def _sync(self) -> None:
        """Bring the indexes up to date; a library that was empty has its first collection now."""
        if self._dense is None and self.library.active() is not None:
            self._reopen()
        for index in self._indexes:
            index.sync()

    def _reopen(self) -> None:
        """Forget the parts that belong to a collection; they are opened anew when they are needed."""
        dense = self.__dict__.pop("_dense", None)
        if dense is not None:
            dense.close()
        self.__dict__.pop("_retriever", None)

    def _take_configuration(self) -> None:
        """Let the library know the sources of the configuration file."""
        configured = self.config.knowledge.sources
        known = {s.name: s for s in self.library.sources()}
        for name, source in configured.items():
            if name not in known or known[name].config != source or known[name].origin != "config":
                check(name, source)
                self.library.put_source(name, source, "config")

    def _forget_unconfigured(self) -> None:
        """Drop sources that left the configuration file, with their documents.

        Not when the file names no source at all: then it is another file than the one that they came from.
        """
        configured = self.config.knowledge.sources
        for source in self.library.sources() if configured else ():
            if source.origin == "config" and source.name not in configured:
                self.library.drop_source(source.name)

    def _keep_out(self, document: DocumentRecord) -> None:
        """Let the next ingest not bring a removed document back: its name joins what the source leaves out."""
        source = next(s for s in self.library.sources() if s.name == document.source)
        if source.config.kind != "files" or source.origin == "config":
            raise KnowledgeError(
                f"{document.name!r} would come back from the source {source.name!r}, which still has it.",
                hint=f"Take it away there, or add it to exclude in [knowledge.sources.{source.name}].",
            )
        pattern = re.sub(r"([\[*?])", r"[\1]", document.name)
        kept = source.config.model_copy(update={"exclude": (*source.config.exclude, pattern)})
        self.library.put_source(source.name, kept, source.origin)

    def _free_name(self, paths: Sequence[str]) -> str:
        """A name from the first path that no other source has."""
        stem = re.sub(r"[^\w.\-]+", "-", Path(paths[0].split("*", 1)[0]).name).strip("-.")[:60] or "documents"
        taken = {s.name for s in self.library.sources()}
        return next(n for i in range(1, len(taken) + 2) if (n := stem if i == 1 else f"{stem}-{i}") not in taken)

    def _header(self, passage: Passage) -> tuple[str, str]:
        """From when a passage's document is in force, and of which it is a version, as its first lines say."""
        document = self.library.passages([passage.chunk]).get(passage.chunk)
        text = "" if document is None else self.library.version_text(document.document_id, document.version).text
        return in_force(text, passage.title), family(text, passage.title)

    def close(self) -> None:
        """Release files, locks and connections."""
        self._own.close()
        for name in ("_dense", "_lexical", "library"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()
        self.__dict__.pop("_retriever", None)

    def __enter__(self) -> Knowledge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
