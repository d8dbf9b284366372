"""A library on disk that holds a set's passages, one document each, with vectors that are kept between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from clawdbot.config import AppConfig, Config, SourceConfig
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.taking_in import Content, Loaded
from clawdbot.knowledge.sources.source import Item

_DATE = "2026-01-01T00:00:00+00:00"


def config_at(home: Path) -> Config:
    """All defaults, in a folder of its own."""
    return Config(app=AppConfig(home=home))


def fill(library: Library, passages: Mapping[str, str], embedder: Embedder, cache: Path) -> None:
    """Put the passages into the source 'set', which everyone may see."""
    library.put_source("set", SourceConfig(paths=("/set",)), "command")
    library.collection(embedder.collection, embedder.dimension)
    vectors = _vectors(passages, embedder, cache)
    for (name, text), vector in zip(passages.items(), vectors, strict=True):
        chunk = Chunk(ordinal=0, text=text, start=0, end=len(text), tokens=len(text) // 2)
        loaded = Loaded(
            source="set",
            item=Item(name=name, uri=f"set:{name}", fingerprint="1", modified_at=_DATE),
            before=None,
            content=Content(hash=chunk.digest, bytes=len(text.encode()), loader="set"),
            extract=Extract(blocks=(Block(kind="paragraph", text=text),)),
            chunks=(chunk,),
        )
        library.commit(loaded, collection=embedder.collection, vectors={chunk.digest: vector})


def _vectors(passages: Mapping[str, str], embedder: Embedder, cache: Path) -> Vectors:
    texts = list(passages.values())
    key = hashlib.sha256("\0".join([embedder.collection, *texts]).encode()).hexdigest()[:16]
    file = cache / f"{key}.npy"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, embedder.passages(texts))
    found: Vectors = np.load(file)
    return found
