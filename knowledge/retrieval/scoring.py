"""How candidates are put in order: one scale for words and for meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clawdbot.knowledge.library.records import StoredChunk
from clawdbot.knowledge.retrieval.legs import Found
from clawdbot.knowledge.retrieval.measure import OTHER
from clawdbot.knowledge.retrieval.question import Question
from clawdbot.text.language import Language, detect

_SPREADS = 4.0
"""Spreads that weigh as much as a full fit of words.  The text that answers lies about so far above unrelated ones,
and holds nearly all rare words; so each of the two alone can carry a candidate as far."""
_NEWER = 0.15
"""Most that being new adds when the newest is asked for: less than one rare word of a question."""
_OF_THE_YEAR = 0.1
_TELLING = 300
"""Characters that tell a chunk's language."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A chunk that the asker may see.  ``nearness`` is in spreads above unrelated texts, None when only its words were
    found; ``similarity`` the cosine, as if the chunk were in the question's language."""

    chunk: StoredChunk
    score: float
    nearness: float | None
    similarity: float | None
    fit: float


def promising(found: Found, question: Question) -> list[int]:
    """All chunks that were found, by the most that each can score, best first; their language is not known yet."""
    floor = _floor(found, question)

    def most(chunk: int) -> float:
        near = [n for n in (_nearness(found, question, chunk, lang) for lang in OTHER) if n is not None]
        return max(near, default=floor) / _SPREADS + found.fits.get(chunk, 0.0)

    return sorted(found.chunks(), key=lambda chunk: (-most(chunk), chunk))


def scored(found: Found, question: Question, chunks: Iterable[StoredChunk]) -> list[Candidate]:
    """Candidates, best first; of equal ones the newer first."""
    floor = _floor(found, question)
    known = list(chunks)
    newness = _newness(known) if question.newest else {}
    candidates = []
    for chunk in known:
        language = detect(chunk.text[:_TELLING])
        near = _nearness(found, question, chunk.id, language)
        fit = found.fits.get(chunk.id, 0.0)
        score = (floor if near is None else near) / _SPREADS + fit + _NEWER * newness.get(chunk.id, 0.0)
        score += _OF_THE_YEAR if _is_of(chunk, question.years) else 0.0
        similarity = _similarity(found, question, chunk.id, language)
        candidates.append(Candidate(chunk=chunk, score=score, nearness=near, similarity=similarity, fit=fit))
    candidates.sort(key=lambda one: one.chunk.id)
    candidates.sort(key=lambda one: one.chunk.modified_at, reverse=True)
    return sorted(candidates, key=lambda one: -one.score)


def distinct(candidates: Sequence[Candidate]) -> list[tuple[Candidate, tuple[int, ...]]]:
    """Each text once, its best candidate with the numbers of the others."""
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(" ".join(candidate.chunk.text.split()), []).append(candidate)
    return [(first, tuple(sorted(other.chunk.id for other in rest))) for first, *rest in groups.values()]


def fits_well(nearness: float | None, coverage: float) -> bool:
    """It may well answer: most of the question's words are there, or it is near, or both in part."""
    near = nearness if nearness is not None else 0.0
    return coverage >= 0.6 or near >= 4.0 or (near >= 3.0 and coverage >= 0.3)


def fits_clearly(nearness: float | None, coverage: float) -> bool:
    """It answers as far as can be told without reading: words and meaning both say so, or nearly all words do."""
    if nearness is None:
        return coverage >= 0.8
    return (coverage >= 0.75 and nearness >= 2.0) or (coverage >= 0.4 and nearness >= 4.0) or nearness >= 5.0


def _nearness(found: Found, question: Question, chunk: int, language: Language) -> float | None:
    cosine = _cosine(found, question, chunk, language)
    if cosine is None or found.measure is None:
        return None
    return found.measure.nearness(cosine, question.language, language)


def _similarity(found: Found, question: Question, chunk: int, language: Language) -> float | None:
    cosine = _cosine(found, question, chunk, language)
    if cosine is None or found.measure is None:
        return None
    return min(1.0, found.measure.similarity(cosine, question.language, language))


def _cosine(found: Found, question: Question, chunk: int, language: Language) -> float | None:
    return (found.asked if language == question.language else found.moved).get(chunk)


def _floor(found: Found, question: Question) -> float:
    """What a chunk that only its words found is at most: no nearer than the last that was found by meaning."""
    if found.measure is None or not found.asked:
        return 0.0
    return found.measure.nearness(min(found.asked.values()), question.language, question.language)


def _newness(chunks: Sequence[StoredChunk]) -> dict[int, float]:
    """1 for the newest day, 0 for the oldest, by order."""
    days = sorted({chunk.modified_at[:10] for chunk in chunks})
    last = max(1, len(days) - 1)
    return {chunk.id: days.index(chunk.modified_at[:10]) / last for chunk in chunks}


def _is_of(chunk: StoredChunk, years: frozenset[int]) -> bool:
    where = " ".join((chunk.title, *chunk.headings, chunk.document, chunk.modified_at[:4]))
    return any(str(year) in where for year in years)
