"""The two searches behind every question: by words, and by meaning in the question's and in the other language."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from clawdbot.errors import EmbeddingError, KnowledgeError
from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.knowledge.index import Index, Where
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.retrieval.measure import Measure, measure
from clawdbot.knowledge.retrieval.question import Question

_DEEP = 100
"""Hits taken from each search."""


@dataclass(frozen=True, kw_only=True)
class Vector:
    """A question as it was asked, and moved into the other language."""

    asked: Vectors
    moved: Vectors
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the searches say of chunks: the fit of their words (see ``LexicalIndex.search_terms``), and the cosine to
    the question as asked and as moved.  ``vector`` is None when meaning could not be searched."""

    fits: dict[int, float] = field(default_factory=dict)
    asked: dict[int, float] = field(default_factory=dict)
    moved: dict[int, float] = field(default_factory=dict)
    measure: Measure | None = None

    def chunks(self) -> set[int]:
        """All that were found."""
        return self.fits.keys() | self.asked.keys() | self.moved.keys()


class Legs:
    """Asks both indexes; when one cannot answer, the other does, and a note says so."""

    def __init__(
        self, lexical: LexicalIndex, dense: Index[Vectors] | None, embedder: Embedder | None, folder: Path
    ) -> None:
        self._lexical = lexical
        self._dense = dense
        self._embedder = embedder
        self._folder = folder
        self._measure: Measure | None = None
        self._mutex = threading.Lock()

    def embed(self, question: Question, notes: dict[str, None]) -> Vector | None:
        """The question's vectors; None, with a note, when there is no model that can make them."""
        if self._embedder is None or self._dense is None:
            notes["Only words were searched: there is no embedding model."] = None
            return None
        try:
            known = self._measured(self._embedder)
            asked = self._embedder.query(question.embedded)
        except EmbeddingError as error:
            notes[f"Only words were searched: {error}"] = None
            return None
        return Vector(asked=asked, moved=known.moved(asked, question.language), measure=known)

    def find(
        self, question: Question, vector: Vector | None, where: Where, notes: dict[str, None], *, deep: int = _DEEP
    ) -> Found:
        """The ``deep`` best chunks of each search within ``where``; KnowledgeError when none of them can answer."""
        asked, moved = self._meaning(vector, where, deep, notes) if vector else ({}, {})
        try:
            hits = self._lexical.search_terms(question.terms, where, deep)
            fits = {hit.chunk: hit.score for hit in hits}
            fits |= self._lexical.fits(question.terms, (asked.keys() | moved.keys()) - fits.keys())
        except KnowledgeError as error:
            if not asked:
                raise
            notes[f"Only meaning was searched: {error}"] = None
            fits = {}
        notes |= dict.fromkeys(self._lexical.notes)
        return Found(fits=fits, asked=asked, moved=moved, measure=vector.measure if vector and asked else None)

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        """How much each term tells; all the same when the index cannot say."""
        asked = tuple(terms)
        try:
            return self._lexical.rarities(asked)
        except KnowledgeError:
            return dict.fromkeys(asked, 1.0)

    def _meaning(
        self, vector: Vector, where: Where, deep: int, notes: dict[str, None]
    ) -> tuple[dict[int, float], dict[int, float]]:
        assert self._dense is not None  # there is a vector
        try:
            asked = {hit.chunk: hit.score for hit in self._dense.search(vector.asked, where, deep)}
            moved = {hit.chunk: hit.score for hit in self._dense.search(vector.moved, where, deep)}
        except (KnowledgeError, EmbeddingError) as error:
            notes[f"Only words were searched: {error}"] = None
            return {}, {}
        notes |= dict.fromkeys(self._dense.notes)
        return asked, moved

    def _measured(self, embedder: Embedder) -> Measure:
        with self._mutex:
            if self._measure is None:
                self._measure = measure(embedder, self._folder)
            return self._measure
