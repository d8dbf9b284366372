"""A library of 100,000 chunks: what each question to it costs."""

from __future__ import annotations

import hashlib
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clawdbot.access.identity import Identity
from clawdbot.config import AccessRule, SourceConfig
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.taking_in import Content, Loaded
from clawdbot.knowledge.sources.source import Item
from clawdbot.store.database import Database, sqlite_url

_DIMENSION = 384
_COLLECTION = "scale-384"
_CHUNKS_OF_A_DOCUMENT = 100
_TIMES = 20
_WHO = Identity(user="anna", groups=frozenset({"g1", "g2"}))


def scale(folder: Path, chunks: int, url: str = "") -> list[tuple[str, float, str]]:
    """Fill a library, then ask; returns (what, figure, unit)."""
    library = Library(Database(url or sqlite_url(folder / "scale.db")))
    library.collection(_COLLECTION, _DIMENSION)
    rules = tuple(AccessRule(match=f"g{n}/**", access=(f"group:g{n}",)) for n in range(50))
    library.put_source("scale", SourceConfig(rules=rules), "command")
    documents = chunks // _CHUNKS_OF_A_DOCUMENT
    begun = time.monotonic()
    for n in range(documents):
        _put(library, n)
    seconds = time.monotonic() - begun
    found = [
        ("chunks stored, without loading and embedding", chunks / seconds, "a second"),
        ("a chunk in the database", library.status().bytes_on_disk / chunks, "bytes"),
        *_questions(library, chunks),
    ]
    known = library.known("scale")
    found.append(("change 1 document of 100 chunks", _once(lambda: _put(library, 0, "changed ")), "ms"))
    found.append(("forget 1 document", _once(lambda: library.forget([known["g1/1.md"]])), "ms"))
    found.append(("sweep vectors", _once(library.sweep), "ms"))
    moved = SourceConfig(rules=(*rules, AccessRule(match="**/7*.md", access=())))
    found.append(("a rule that moves a tenth", _once(lambda: library.put_source("scale", moved, "command")), "ms"))
    found.append(("drop the source", _once(lambda: library.drop_source("scale")), "ms"))
    library.close()
    return found


def _questions(library: Library, chunks: int) -> list[tuple[str, float, str]]:
    chance = random.Random(1)
    some = [chance.randrange(1, chunks + 1) for _ in range(100)]
    cases: list[tuple[str, Callable[[], object]]] = [
        ("visible scopes of a user", lambda: library.visible(_WHO)),
        ("check and read 100 chunks", lambda: library.passages(some, _WHO)),
        ("neighbours of a chunk", lambda: library.neighbours(some[0], 1, 1)),
        ("documents a user sees, counted", lambda: library.visible_documents(_WHO)),
        ("head of the log", library.head),
        ("live chunks, counted", library.live_count),
        ("500 entries with vectors", lambda: library.entries(range(1, 501), _COLLECTION)),
    ]
    found = [(what, _median(ask), "ms") for what, ask in cases]
    found.append(("known documents", _once(lambda: library.known("scale")), "ms"))
    found.append(("status", _once(library.status), "ms"))
    found.append(("all live chunks, read for a rebuild", _once(lambda: list(library.live(_COLLECTION, 1000))), "ms"))
    return found


def _median(ask: Callable[[], object]) -> float:
    return statistics.median(_once(ask) for _ in range(_TIMES))


def _once(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1000


def _put(library: Library, n: int, extra: str = "") -> None:
    chance = random.Random(n)
    lines = [f"{extra}{n} {line} " + "word " * chance.randint(120, 260) for line in range(_CHUNKS_OF_A_DOCUMENT)]
    pieces, at = [], 0
    for ordinal, line in enumerate(lines):
        pieces.append(Chunk(ordinal=ordinal, text=line, start=at, end=at + len(line), headings=("Title", f"Part {n}")))
        at += len(line) + 1
    name = f"g{n % 50}/{n}.md"
    loaded = Loaded(
        source="scale",
        item=Item(name=name, uri=f"file:///{name}", fingerprint=str(n)),
        before=library.known("scale", name).get(name),
        content=Content(hash=hashlib.sha256(f"{extra}{n}".encode()).hexdigest(), bytes=at, loader="scale"),
        extract=Extract(blocks=(Block(kind="paragraph", text="\n".join(lines)),)),
        chunks=tuple(pieces),
    )
    drawn = np.random.default_rng(n).normal(size=(len(pieces), _DIMENSION)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    by_digest = dict(zip((chunk.digest for chunk in pieces), vectors, strict=True))
    library.commit(loaded, collection=_COLLECTION, vectors=by_digest)
