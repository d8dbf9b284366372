"""The process that is killed: it takes a folder in, keeps both indexes in step, and tells what is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from clawdbot.config import AppConfig, Config, SourceConfig, StoreConfig
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.index import Index
from clawdbot.knowledge.ingest_event import IngestEvent
from clawdbot.knowledge.ingestion import Ingestion
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.registry import load
from clawdbot.knowledge.loading import Loading
from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.vectors.opening import chroma_folder
from clawdbot.knowledge.vectors.shared import SharedIndex

SOURCE = "docs"
_SYNC_EVERY = 4
"""Documents after which the indexes are brought up to date, so that many kills hit them while they write."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one office keeps its documents and its library.

    ``chroma``: with the vector index; ``confined``: files are loaded in a process of their own, as the product does.
    """

    home: Path
    documents: Path
    url: str = ""
    chroma: bool = True
    confined: bool = False

    def library(self) -> Library:
        """The library of this place."""
        app = AppConfig.model_validate({"home": self.home})
        return Library.open(Config(app=app, store=StoreConfig(url=self.url)))

    def indexes(self, library: Library) -> tuple[LexicalIndex, Index[Vectors] | None]:
        """The index of words and, with ``chroma``, that of vectors, which is asked however few chunks there are."""
        lexical = LexicalIndex(self.home / "knowledge" / "lexical", library)
        if not self.chroma:
            return lexical, None
        folder = chroma_folder(Config(app=AppConfig.model_validate({"home": self.home})))
        model = HashEmbedder()
        return lexical, SharedIndex(
            folder, library, collection=model.collection, dimension=model.dimension, exact_up_to=0
        )


def take_in(place: Place, told: Connection) -> None:
    """One pass; each event goes through the pipe before the next thing is done."""
    with ExitStack() as stack:
        library = place.library()
        stack.callback(library.close)
        indexes = [index for index in place.indexes(library) if index is not None]
        for index in indexes:
            stack.callback(index.close)
        loading: Callable[[Path], Extract] = partial(load, limits=LoadLimits())
        if place.confined:
            loading = stack.enter_context(Loading(ocr=False)).load
        teller = _Teller(told, indexes)
        config = SourceConfig(paths=(str(place.documents),))
        library.put_source(SOURCE, config, "command")
        Ingestion(
            library=library, load=loading, embedder=HashEmbedder(), chunk_tokens=120, listener=teller, loader="1"
        ).run(FilesSource(SOURCE, config))
        teller.sync()
        told.send(("end", ""))


class _Teller:
    """Sends events on, and brings the indexes up to date every few documents."""

    def __init__(self, told: Connection, indexes: list[LexicalIndex | Index[Vectors]]) -> None:
        self._told = told
        self._indexes = indexes
        self._ready = 0

    def __call__(self, event: IngestEvent) -> None:
        self._told.send((event.kind, event.document))
        self._ready += event.kind == "ready"
        if event.kind == "ready" and self._ready % _SYNC_EVERY == 0:
            self.sync()

    def sync(self) -> None:
        for index in self._indexes:
            self._told.send(("index", ""))
            index.sync()
