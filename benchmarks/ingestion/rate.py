"""How fast documents are taken in, and what a chunk takes on the disk."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ingestion.texts import write_document
from clawdbot.config import AppConfig, Config, SourceConfig
from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.ingestion import Ingestion, IngestReport
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.loading import Loading
from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.vectors.opening import open_dense

_SECTIONS = 6


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Of one pass; ``seconds`` are of taking in and of both indexes, bytes of the database and of each index."""

    report: IngestReport
    index_seconds: float
    again_seconds: float
    bytes: dict[str, int]


def rate(folder: Path, documents: int, embedder: Embedder, *, models: Path) -> Rate:
    """Write documents, half of them Chinese, and take them in as the product does: confined loading, both indexes.

    ``models`` is a folder that the loading process may read.
    """
    for n in range(documents):
        write_document(folder / "documents" / f"{n}.md", n, chinese=bool(n % 2), sections=_SECTIONS)
    config = Config(app=AppConfig.model_validate({"home": folder / "home"}))
    source = FilesSource("rate", SourceConfig(paths=(str(folder / "documents"),)))
    embedder.passages(["a first passage, so that the model is loaded"])
    with closing(Library.open(config)) as library, Loading(ocr=False, models=models) as loading:
        library.put_source("rate", source.config, "command")
        ingestion = Ingestion(
            library=library, load=loading.load, embedder=embedder, chunk_tokens=config.knowledge.chunk_tokens,
            listener=lambda event: None,
        )  # fmt: skip
        report = ingestion.run(source)
        lexical = LexicalIndex(config.app.home / "knowledge" / "lexical", library)
        dense = open_dense(config, library, collection=embedder.collection, dimension=embedder.dimension)
        with closing(lexical), closing(dense):
            begun = time.monotonic()
            lexical.sync()
            dense.sync()
            index_seconds = time.monotonic() - begun
        again = ingestion.run(source)
    sizes = {"database": sum(file.stat().st_size for file in config.app.home.glob("clawdbot.db*"))}
    for part in ("lexical", "chroma"):
        sizes[part] = sum(f.stat().st_size for f in (config.app.home / "knowledge" / part).rglob("*") if f.is_file())
    return Rate(report=report, index_seconds=index_seconds, again_seconds=again.seconds, bytes=sizes)
