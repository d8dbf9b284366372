"""A library with indexes and a retriever over it, and documents put into it as ingestion does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from clawdbot.access.identity import Identity
from clawdbot.config import AppConfig, Config, KnowledgeConfig, SourceConfig
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.index import Feed
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.taking_in import Content, Loaded
from clawdbot.knowledge.passage import Query, Retrieval
from clawdbot.knowledge.retrieval import Retriever
from clawdbot.knowledge.sources.source import Item
from clawdbot.knowledge.vectors.exact import ExactIndex

ANNA = Identity(user="anna", groups=frozenset({"hr"}))
BEN = Identity(user="ben")

DIMENSION = 64


def config_at(home: Path, **knowledge: Any) -> Config:
    """Defaults, with these settings of ``[knowledge]``."""
    return Config(app=AppConfig(home=home), knowledge=KnowledgeConfig(index="exact", **knowledge))


class Desk:
    """Everything that a search needs; the fake embedder finds texts with the same letters."""

    def __init__(self, home: Path, *, feed: Feed | None = None, **knowledge: Any) -> None:
        self.config = config_at(home, **knowledge)
        self.library = Library.open(self.config)
        self.embedder = HashEmbedder(DIMENSION)
        self.library.collection(self.embedder.collection, DIMENSION)
        self.over(feed or self.library)

    def over(self, feed: Feed, **parts: Any) -> Retriever:
        """Build indexes and retriever anew; ``parts`` replaces some of them."""
        self.lexical = LexicalIndex(self.config.app.home / "knowledge" / "lexical", feed, wait_s=0.2)
        self.dense = ExactIndex(feed, collection=self.embedder.collection, dimension=DIMENSION)
        given: dict[str, Any] = {"lexical": self.lexical, "dense": self.dense, "embedder": self.embedder, **parts}
        self.retriever = Retriever(library=self.library, config=self.config, **given)
        return self.retriever

    def source(self, name: str = "docs", **settings: Any) -> None:
        """A source; everyone may see it unless ``access`` says otherwise."""
        self.library.put_source(name, SourceConfig(**{"paths": ("/docs",), **settings}), "command")

    def put(
        self, name: str, *pieces: str, source: str = "docs", title: str = "", date: str = "2026-01-01",
        headings: tuple[tuple[str, ...], ...] = (), page: int | None = None,
    ) -> None:  # fmt: skip
        """A document each of whose pieces is a chunk; ``headings`` has a path for each, the title unless given."""
        text = "\n\n".join(pieces)
        chunks, at = [], 0
        for n, piece in enumerate(pieces):
            path = headings[n] if headings else (title or name,)
            chunks.append(
                Chunk(ordinal=n, text=piece, start=at, end=at + len(piece), headings=path, tokens=len(piece) // 3,
                      locator=f"part {n + 1}", pages=None if page is None else (page, page))
            )  # fmt: skip
            at += len(piece) + 2
        before = self.library.known(source, name).get(name)
        modified = f"{date}T00:00:00+00:00"
        loaded = Loaded(
            source=source,
            item=Item(name=name, uri=f"file:///{source}/{name}", fingerprint=text, modified_at=modified),
            before=before,
            content=Content(hash=hashlib.sha256(text.encode()).hexdigest(), bytes=len(text.encode()), loader="test"),
            extract=Extract(blocks=(Block(kind="paragraph", text=text),), title=title or name, modified_at=modified),
            chunks=tuple(chunks),
        )
        vectors = dict(
            zip([c.digest for c in chunks], self.embedder.passages([c.passage for c in chunks]), strict=True)
        )
        self.library.commit(loaded, collection=self.embedder.collection, vectors=vectors)

    def remove(self, name: str, source: str = "docs") -> None:
        """The document is gone."""
        self.library.remove(self.library.known(source, name)[name].id)

    def ask(self, text: str, who: Identity = BEN, **query: Any) -> Retrieval:
        """Search."""
        return self.retriever.search(Query(text=text, **query), who)

    def close(self) -> None:
        """Give everything back."""
        self.lexical.close()
        self.dense.close()
        self.library.close()


def documents(found: Retrieval) -> list[str]:
    """Names, in the order of the answer."""
    return [passage.document for passage in found.passages]
