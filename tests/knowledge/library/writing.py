"""Documents for the tests of the library: a text whose lines are its chunks, with vectors made from the words."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.records import KnownDocument
from clawdbot.knowledge.library.taking_in import Content, Loaded
from clawdbot.knowledge.sources.source import Item

COLLECTION = "words-8"
DIMENSION = 8
LOADER = "lines 1"


def vector_of(passage: str, dimension: int = DIMENSION) -> Vectors:
    """A unit vector that only this passage has."""
    seed = int.from_bytes(hashlib.sha256(passage.encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).normal(size=dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def item(name: str, mark: str = "1", **more: Any) -> Item:
    """What a source says of a document."""
    return Item(name=name, uri=f"file:///docs/{name}", fingerprint=mark, **more)


def content(text: str, loader: str = LOADER) -> Content:
    """What was found in a file with this text."""
    return Content(hash=hashlib.sha256(text.encode()).hexdigest(), bytes=len(text.encode()), loader=loader)


def loaded(text: str, given: Item, before: KnownDocument | None, *, source: str = "docs", **more: Any) -> Loaded:
    """A document each of whose lines is a chunk; ``more`` is of the Extract."""
    extract = Extract(blocks=(Block(kind="paragraph", text=text),), **more)
    pieces, at = [], 0
    for ordinal, line in enumerate(text.split("\n")):
        pieces.append(
            Chunk(ordinal=ordinal, text=line, start=at, end=at + len(line), headings=(extract.title or "T",),
                  pages=(1, 2) if ordinal else None, locator=f"line {ordinal + 1}", tokens=len(line.split()))
        )  # fmt: skip
        at += len(line) + 1
    return Loaded(
        source=source, item=given, before=before, content=content(text), extract=extract, chunks=tuple(pieces)
    )


def put(
    library: Library, name: str, text: str, *, source: str = "docs", mark: str = "1", collection: str = COLLECTION,
    item_more: dict[str, Any] | None = None, **more: Any,
) -> KnownDocument:  # fmt: skip
    """Take a document in as ingestion does; returns what the library knows of it then."""
    before = library.known(source, name).get(name)
    new = loaded(text, item(name, mark, **(item_more or {})), before, source=source, **more)
    vectors = {chunk.digest: vector_of(chunk.passage) for chunk in new.chunks}
    library.commit(new, collection=collection, vectors=vectors)
    return library.known(source, name)[name]


def live_texts(library: Library) -> list[str]:
    """The texts of all chunks that answer now, in the order of their ids."""
    ids = [entry.chunk for batch in library.live(COLLECTION, 100) for entry in batch]
    return [chunk.text for chunk in library.passages(ids).values()]
