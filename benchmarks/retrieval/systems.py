"""What is compared: each system takes a question and gives the names of the ten best passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import chromadb

from benchmarks.retrieval.judged import Judged
from benchmarks.retrieval.shelf import config_at, fill
from clawdbot.access.identity import Identity
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.index import Hit, Where
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.passage import Query
from clawdbot.knowledge.retrieval import Retriever
from clawdbot.knowledge.vectors.opening import open_dense

Ask = Callable[[str], list[str]]

_TOP = 10
_WHO = Identity(user="benchmark")


@contextmanager
def ours_and_its_parts(judged: Judged, home: Path, cache: Path) -> Iterator[dict[str, Ask]]:
    """'bm25', 'e5' and 'ours' over one library; embedding the question is part of the latter two."""
    config = config_at(home)
    embedder = E5Embedder(cache)
    library = Library.open(config)
    fill(library, judged.passages, embedder, cache)
    lexical = LexicalIndex(home / "knowledge" / "lexical", library)
    dense = open_dense(config, library, collection=embedder.collection, dimension=embedder.dimension)
    retriever = Retriever(library=library, lexical=lexical, dense=dense, embedder=embedder, config=config)
    retriever.sync()
    everything = Where(scopes=library.visible(_WHO))
    ids = [entry.chunk for batch in library.live(embedder.collection, 1000) for entry in batch]
    names = {id: chunk.document for id, chunk in library.passages(ids).items()}

    def named(hits: list[Hit]) -> list[str]:
        return [names[hit.chunk] for hit in hits]

    def ours(question: str) -> list[str]:
        return [passage.document for passage in retriever.search(Query(text=question, top=_TOP), _WHO).passages]

    yield {
        "BM25": lambda question: named(list(lexical.search(question, everything, _TOP))),
        "e5": lambda question: named(list(dense.search(embedder.query(question), everything, _TOP))),
        "ours": ours,
    }
    dense.close()
    lexical.close()
    library.close()


@contextmanager
def chroma(judged: Judged, home: Path, cache: Path) -> Iterator[dict[str, Ask]]:
    """Chroma as its documentation starts: a persistent client, and the embedding function it chooses itself."""
    client = chromadb.PersistentClient(str(home / "chroma"))
    collection = client.create_collection("set")
    ids, texts = list(judged.passages), list(judged.passages.values())
    for start in range(0, len(ids), 100):
        collection.add(ids=ids[start : start + 100], documents=texts[start : start + 100])
    yield {"Chroma, its defaults": lambda question: collection.query(query_texts=[question], n_results=_TOP)["ids"][0]}
