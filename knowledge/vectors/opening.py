"""Which vector index the configuration asks for."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from clawdbot.config import Config
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Feed, Index
from clawdbot.knowledge.place import knowledge_folder
from clawdbot.knowledge.vectors.exact import ExactIndex
from clawdbot.knowledge.vectors.shared import SharedIndex
from clawdbot.knowledge.vectors.unavailable import IndexUnavailable


def open_dense(config: Config, feed: Feed, *, collection: str, dimension: int) -> Index[Vectors]:
    """The vector index of a collection as ``[knowledge] index`` says; it has opened nothing yet."""
    if config.knowledge.index == "exact":
        return ExactIndex(feed, collection=collection, dimension=dimension)
    return SharedIndex(chroma_folder(config), feed, collection=collection, dimension=dimension)


def drop_dense(config: Config, feed: Feed, *, collection: str, dimension: int) -> None:
    """Delete what Chroma holds of a collection that the library no longer has.

    When the process that owns Chroma does not answer it stays: it takes room on the disk and is never asked.
    """
    if not (chroma_folder(config) / collection).exists():
        return
    index = SharedIndex(chroma_folder(config), feed, collection=collection, dimension=dimension)
    with closing(index), suppress(IndexUnavailable):
        index.drop()


def chroma_folder(config: Config) -> Path:
    """Where Chroma's collections lie; they can be deleted at any time, and are built again from the library."""
    return knowledge_folder(config) / "chroma"
