"""What differs between a Chroma index and the library that it was built from."""

from __future__ import annotations

import random

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Entry, Feed
from clawdbot.knowledge.vectors.exact import BATCH
from clawdbot.knowledge.vectors.generation import Generation

_SAMPLE = 200
"""Vectors compared; a wrong model or a damaged segment shows in any handful."""


def agrees(current: Generation, feed: Feed, collection: str) -> bool:
    """A few chunks are in the library as they are in the index: it is of this library.  ChromaFailed."""
    some, known = current.state.census.sample(), current.state.census.places()
    vectors = current.collection.vectors(some)
    entries = feed.entries(some, collection)
    return len(entries) == len(some) and all(
        entry.chunk in vectors
        and _alike(vectors[entry.chunk], entry.vector)
        and known[entry.chunk] == (entry.scope, entry.day)
        for entry in entries
    )


def differences(current: Generation, feed: Feed, collection: str) -> tuple[str, ...]:
    """Sentences on progress, chunks, scopes, days and a sample of vectors; empty when all agree.  ChromaFailed."""
    if (head := feed.head()) != current.state.applied:
        return (f"the vector index stands at change {current.state.applied}, the library at {head}",)
    held, known = set(current.collection.chunks()), current.state.census.places()
    live, sample = _live(feed, collection)
    moved = {chunk for chunk in live.keys() & held if known.get(chunk) != live[chunk]}
    told = [
        f"{len(chunks)} chunks {what}, for example {min(chunks)}"
        for what, chunks in (
            ("are missing in Chroma", live.keys() - held),
            ("are in Chroma and no longer live", held - live.keys()),
            ("have another scope or date in the index", moved),
        )
        if chunks
    ]
    vectors = current.collection.vectors([entry.chunk for entry in sample if entry.chunk in held])
    other = [e.chunk for e in sample if e.chunk in vectors and not _alike(vectors[e.chunk], e.vector)]
    if other:
        told.append(f"{len(other)} of {len(sample)} vectors differ, for example of chunk {min(other)}")
    return tuple(told)


def _live(feed: Feed, collection: str) -> tuple[dict[int, tuple[int, int]], list[Entry]]:
    """Scope and day of every live chunk with a vector, and an even sample of them (reservoir sampling)."""
    live: dict[int, tuple[int, int]] = {}
    sample: list[Entry] = []
    for entries in feed.live(collection, BATCH):
        for entry in entries:
            if entry.vector is None:
                continue
            live[entry.chunk] = (entry.scope, entry.day)
            if len(sample) < _SAMPLE:
                sample.append(entry)
            elif (place := random.randrange(len(live))) < _SAMPLE:
                sample[place] = entry
    return live, sample


def _alike(held: Vectors, vector: Vectors | None) -> bool:
    return vector is not None and bool(np.allclose(held, vector, atol=1e-3))
