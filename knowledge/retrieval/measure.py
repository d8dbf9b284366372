"""What nearness means to an embedding model: how near unrelated texts are, and how far apart languages lie."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.knowledge.retrieval.sample_questions import SAMPLES, SAMPLES_VERSION
from clawdbot.text.language import Language

_MOVE = 0.75
"""Share of the difference between two languages that a question is moved by: the mean over few samples holds some of
their topics besides the language, so less than all of it."""

OTHER: Mapping[Language, Language] = {"zh": "en", "en": "zh"}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Made once for a model from questions that have nothing to do with each other.

    Multilingual models place texts by language first and by topic second, so that a Chinese question is nearer to any
    Chinese text than to the English text that answers it.  ``shift`` is the vector from English to Chinese questions
    of the same meaning; ``usual`` the mean cosine of unrelated texts for (question's, text's) language, after the
    question was moved when they differ; ``spread`` the standard deviation of those cosines in one language.
    """

    shift: Vectors
    usual: Mapping[tuple[Language, Language], float]
    spread: float

    def moved(self, question: Vectors, language: Language) -> Vectors:
        """The question's vector as if it had been asked in the other language, of length one."""
        return _unit(question + np.float32(_MOVE if language == "en" else -_MOVE) * self.shift)

    def nearness(self, cosine: float, question: Language, text: Language) -> float:
        """By how many spreads a text is nearer than an unrelated one of its language."""
        return (cosine - self.usual[question, text]) / self.spread

    def similarity(self, cosine: float, question: Language, text: Language) -> float:
        """The cosine as it would be were the text in the question's language."""
        return cosine - self.usual[question, text] + self.usual[question, question]


def measure(embedder: Embedder, folder: Path) -> Measure:
    """The measure of a model, kept in ``folder`` for the next process; EmbeddingError when the model fails."""
    file = folder / f"{embedder.collection}-{SAMPLES_VERSION}.npy"
    vectors = _kept(file, embedder.dimension)
    if vectors is None:
        vectors = np.stack([embedder.query(text) for pair in SAMPLES for text in pair])
        _keep(file, vectors)
    return _of(vectors[0::2], vectors[1::2])


def _of(english: Vectors, chinese: Vectors) -> Measure:
    shift = (chinese - english).mean(axis=0)
    measured = Measure(shift=shift, usual={}, spread=1.0)
    asked: dict[Language, Vectors] = {"en": english, "zh": chinese}
    usual: dict[tuple[Language, Language], float] = {}
    spreads = []
    for language, vectors in asked.items():
        alike = _unrelated(vectors, vectors)
        usual[language, language] = float(alike.mean())
        spreads.append(float(alike.std()))
        other = OTHER[language]
        moved = np.stack([measured.moved(vector, language) for vector in vectors])
        usual[language, other] = float(_unrelated(moved, asked[other]).mean())
    return Measure(shift=shift, usual=usual, spread=max(sum(spreads) / len(spreads), 1e-3))


def _unrelated(one: Vectors, other: Vectors) -> Vectors:
    """Cosines of all pairs but those that mean the same."""
    return (one @ other.T)[~np.eye(len(one), dtype=bool)]


def _unit(vector: Vectors) -> Vectors:
    length = np.linalg.norm(vector)
    unit: Vectors = vector / length if length else vector
    return unit


def _kept(file: Path, dimension: int) -> Vectors | None:
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = found.shape == (2 * len(SAMPLES), dimension) and found.dtype == np.float32
    return found if fits else None


def _keep(file: Path, vectors: Vectors) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npy", delete=False) as pending:
        np.save(pending, vectors)
    os.replace(pending.name, file)
