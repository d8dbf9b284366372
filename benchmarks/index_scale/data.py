"""A large library to measure in: real sentences, vectors in clouds, fifty access scopes of which the asker sees ten.

``prepare`` makes it once and finds it again; the retriever's end-to-end measurement stands on the same library.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from clawdbot.access.identity import Identity
from clawdbot.config import AppConfig, Config, SourceConfig
from clawdbot.errors import UsageError
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.taking_in import Content, Loaded
from clawdbot.knowledge.sources.source import Item

COLLECTION = "index-scale-384"
DIMENSION = 384
SCOPES = 50
VISIBLE = 10
CHUNKS_A_DOCUMENT = 100
SUBJECTS = 1000
RETRIEVAL_SETS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "retrieval"

ASKER = Identity(user="asker", groups=frozenset(f"g{number:02d}" for number in range(1, VISIBLE + 1)))
"""Sees ten of the fifty scopes."""
AUDITOR = Identity(user="auditor", groups=frozenset(f"g{number:02d}" for number in range(1, SCOPES + 1)))
"""Sees all of them."""

_FIRST_DAY = datetime(2022, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Clouds:
    """Where texts on a subject lie: as with e5, all vectors share a direction, and those of a subject another."""

    common: Vectors
    centres: Vectors

    @classmethod
    def made(cls) -> Clouds:
        """The same clouds every time."""
        chance = np.random.default_rng(0)
        directions = chance.standard_normal((SUBJECTS + 1, DIMENSION)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return cls(common=directions[0], centres=directions[1:])

    def vectors(self, subjects: Sequence[int], *, seed: int) -> Vectors:
        """Unit vectors of texts on these subjects: cosines about .85 within a subject, .64 between two."""
        noise = np.random.default_rng(seed).standard_normal((len(subjects), DIMENSION)).astype(np.float32)
        noise *= 0.45 / np.sqrt(DIMENSION)
        found = self.common + 0.6 * self.centres[list(subjects)] + noise
        units: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
        return units


def prepare(folder: Path, chunks: int) -> Config:
    """The configuration of a library with so many chunks in ``folder``, made when it is not there yet."""
    config = Config(app=AppConfig(home=folder / f"chunks-{chunks}"))
    mark = config.app.home / "complete"
    if not mark.exists():
        library = Library.open(config)
        try:
            _fill(library, chunks)
        finally:
            library.close()
        mark.touch()
    return config


def questions(count: int) -> list[str]:
    """Questions in Chinese and English in turn, on what the sentences are about."""
    named = [("cmrc2018-zh", "xquad-zh"), ("xquad-en",)]
    pools = [[query for name in names for query in _texts(name, "queries.jsonl")] for names in named]
    chance = random.Random(7)
    return [chance.choice(pools[number % 2]) for number in range(count)]


def question_vectors(count: int) -> Vectors:
    """Vectors of questions on the subjects of the library."""
    chance = random.Random(8)
    return Clouds.made().vectors([chance.randrange(SUBJECTS) for _ in range(count)], seed=9_999_999)


def _fill(library: Library, chunks: int) -> None:
    for number in range(1, SCOPES + 1):
        source = SourceConfig(paths=(f"/department-{number:02d}",), access=(f"group:g{number:02d}",))
        library.put_source(f"department-{number:02d}", source, "command")
    library.collection(COLLECTION, DIMENSION)
    clouds, sentences = Clouds.made(), _sentences()
    for number in range(chunks // CHUNKS_A_DOCUMENT):
        chance = random.Random(number)
        document = _document(number, sentences[number % len(sentences)], chance)
        # A document keeps to a few subjects, as real ones do.
        subjects = [chance.randrange(SUBJECTS) for _ in range(5)]
        vectors = clouds.vectors([chance.choice(subjects) for _ in document.chunks], seed=number)
        given = {chunk.digest: vector for chunk, vector in zip(document.chunks, vectors, strict=True)}
        library.commit(document, collection=COLLECTION, vectors=given)


def _document(number: int, pool: Sequence[str], chance: random.Random) -> Loaded:
    pieces, at, found = [], 0, list[Chunk]()
    for ordinal in range(CHUNKS_A_DOCUMENT):
        text = f"{number:05d}-{ordinal:03d} "
        while len(text.encode()) < 1200:
            text += chance.choice(pool) + " "
        title = f"Document {number:05d}"
        found.append(
            Chunk(ordinal=ordinal, text=text, start=at, end=at + len(text), headings=(title,), tokens=len(text) // 3)
        )
        pieces.append(text)
        at += len(text) + 2
    text = "\n\n".join(pieces)
    modified = (_FIRST_DAY + timedelta(days=number % 1200)).isoformat()
    return Loaded(
        source=f"department-{number % SCOPES + 1:02d}",
        item=Item(name=f"{number:05d}.md", uri=f"file:///{number:05d}.md", fingerprint="1", modified_at=modified),
        before=None,
        content=Content(hash=hashlib.sha256(text.encode()).hexdigest(), bytes=len(text.encode()), loader="made"),
        extract=Extract(blocks=tuple(Block(kind="paragraph", text=piece) for piece in pieces), modified_at=modified),
        chunks=tuple(found),
    )  # fmt: skip


def _sentences() -> list[list[str]]:
    """The sentences of the Chinese and of the English sets; a document is in one language."""
    chinese = [*_texts("cmrc2018-zh", "corpus.jsonl"), *_texts("xquad-zh", "corpus.jsonl")]
    english = _texts("xquad-en", "corpus.jsonl")
    return [
        [found for text in texts for found in re.split(r"(?<=[。！？])|(?<=[.!?])\s+", text) if len(found) > 8]
        for texts in (chinese, english)
    ]


def _texts(name: str, file: str) -> list[str]:
    return list(_lines(RETRIEVAL_SETS / name / file))


def _lines(path: Path) -> Iterator[str]:
    if not path.exists():
        raise UsageError(
            f"There is no {str(path)!r}.", hint="The retrieval sets stand beside the checkout, in shared/data."
        )
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]
