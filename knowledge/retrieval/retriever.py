"""``Retriever``: a question and who asks it, to the passages that fit and that this person may see."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from clawdbot.access.identity import Identity
from clawdbot.config import Config
from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.knowledge.index import Index, Where
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.lexical.tokens import tokens
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.records import StoredChunk
from clawdbot.knowledge.passage import Passage, Query, Retrieval
from clawdbot.knowledge.place import knowledge_folder
from clawdbot.knowledge.retrieval.freshness import Freshness
from clawdbot.knowledge.retrieval.glossary import Glossary
from clawdbot.knowledge.retrieval.legs import Found, Legs, Vector
from clawdbot.knowledge.retrieval.question import Question, read
from clawdbot.knowledge.retrieval.reranking import Reranker
from clawdbot.knowledge.retrieval.scoring import (
    Candidate,
    distinct,
    fits_clearly,
    fits_well,
    promising,
    scored,
)
from clawdbot.knowledge.retrieval.surroundings import around

_EPOCH = date(1970, 1, 1)
_CHECKED = 32
"""Candidates read from the library at once; more only when too few of them may be seen."""
_ENOUGH = 16
_HIDDEN = 10
"""The best hidden hits that are looked at."""


class Retriever:
    """Built from parts that its owner closes; safe to share between threads.

    Without ``dense`` or ``embedder`` only words are searched.
    """

    def __init__(
        self,
        *,
        library: Library,
        lexical: LexicalIndex,
        dense: Index[Vectors] | None,
        embedder: Embedder | None,
        config: Config,
        reranker: Reranker | None = None,
    ) -> None:
        self._library = library
        self._legs = Legs(lexical, dense, embedder, knowledge_folder(config) / "measures")
        self._freshness = Freshness(library, [lexical] if dense is None else [lexical, dense])
        self._glossary = Glossary(config.knowledge.glossary)
        self._tell_hidden = config.knowledge.tell_hidden
        self._reranker = reranker

    def sync(self) -> None:
        """Bring the indexes up to date before questions come; KnowledgeError, StoreError."""
        self._freshness.sync()

    def search(self, query: Query, who: Identity) -> Retrieval:
        """The best passages, best first; nothing in the answer comes from a document that ``who`` may not see, but
        ``hidden``.  Raises KnowledgeError when no index can answer, StoreError."""
        ms: dict[str, float] = {}
        notes: dict[str, None] = {}
        question = read(query.text, self._glossary)
        with _timed(ms, "access"):
            scopes = self._library.visible(who, query.sources)
            documents = self._library.visible_documents(who, query.sources)
            self._freshness.check(notes)
        with _timed(ms, "embed"):
            vector = self._legs.embed(question, notes)
        with _timed(ms, "find"):
            found = self._legs.find(question, vector, _where(scopes, query), notes)
        with _timed(ms, "check"):
            candidates = scored(found, question, self._seen(found, question, query, who).values())
        best = distinct(candidates)
        if self._reranker is not None and best:
            with _timed(ms, "rerank"):
                same = {first.chunk.id: others for first, others in best}
                ordered = self._reranker.order(question.text, [first for first, _ in best], notes, user=who.user)
                best = [(one, same[one.chunk.id]) for one in ordered]
        with _timed(ms, "around"):
            covers = _Coverage(question, self._legs.rarities(question.terms.own))
            shown = best[: max(1, query.top)]
            near = self._library.neighbourhoods([one.chunk for one, _ in shown], 1, 1)
            passages = tuple(
                _passage(one, same, covers.of(one.chunk), near.get(one.chunk.id, ())) for one, same in shown
            )
        hidden = False
        if self._tell_hidden and not any(
            fits_well(one.nearness, passage.coverage) for (one, _), passage in zip(best, passages, strict=False)
        ):
            with _timed(ms, "hidden"):
                hidden = self._is_hidden(question, vector, query, who, covers)
        return Retrieval(passages=passages, documents=documents, hidden=hidden, notes=tuple(notes), ms=ms)

    def _seen(self, found: Found, question: Question, query: Query, who: Identity) -> dict[int, StoredChunk]:
        """The most promising chunks as the library has them at this moment: live, and this person may see them.

        The indexes may lag behind; what they filtered is looked at again.
        """
        ids = promising(found, question)
        seen: dict[int, StoredChunk] = {}
        for start in range(0, len(ids), _CHECKED):
            seen |= self._library.passages(ids[start : start + _CHECKED], who)
            seen = {id: chunk for id, chunk in seen.items() if _is_asked_for(chunk, query)}
            if len(seen) >= max(_ENOUGH, query.top):
                break
        return seen

    def _is_hidden(
        self, question: Question, vector: Vector | None, query: Query, who: Identity, covers: _Coverage
    ) -> bool:
        """Something that this person may not see fits clearly; looked for only when nothing else fits."""
        scopes = self._library.scopes_hidden(who, query.sources)
        if not scopes:
            return False
        found = self._legs.find(question, vector, _where(scopes, query), {}, deep=_HIDDEN)
        stored = self._library.passages(promising(found, question)[:_HIDDEN])
        chunks = [
            chunk
            for chunk in stored.values()
            if chunk.live and not who.may_see(chunk.access) and _is_asked_for(chunk, query)
        ]
        return any(fits_clearly(one.nearness, covers.of(one.chunk)) for one in scored(found, question, chunks))


class _Coverage:
    """The share of a question's terms, by weight and rarity, that a chunk holds; a word counts as held when the chunk
    has another word of the glossary for it."""

    def __init__(self, question: Question, rarities: Mapping[str, float]) -> None:
        self._parts = {term: weight * rarities[term] for term, weight in question.terms.own.items()}
        self._synonyms = [(s.terms, [frozenset(tokens(word)) for word in s.others]) for s in question.synonyms]

    def of(self, chunk: StoredChunk) -> float:
        held = set(tokens(f"{' '.join(chunk.headings)}\n{chunk.text}"))
        meant = set().union(*(terms for terms, others in self._synonyms if any(other <= held for other in others)))
        total = sum(self._parts.values())
        reached = sum(part for term, part in self._parts.items() if term in held or term in meant)
        return reached / total if total else 0.0


def _passage(candidate: Candidate, same: tuple[int, ...], coverage: float, near: Sequence[StoredChunk]) -> Passage:
    chunk = candidate.chunk
    return Passage(
        chunk=chunk.id, document=chunk.document, source=chunk.source, title=chunk.title, version=chunk.version,
        locator=chunk.locator, text=chunk.text, around=around(chunk, near), headings=chunk.headings, pages=chunk.pages,
        start=chunk.start, end=chunk.end, score=candidate.score, similarity=candidate.similarity, coverage=coverage,
        label=chunk.label, modified_at=chunk.modified_at, uri=chunk.uri, same=same,
    )  # fmt: skip


def _where(scopes: frozenset[int], query: Query) -> Where:
    return Where(scopes=scopes, since_day=None if query.since is None else (query.since - _EPOCH).days)


def _is_asked_for(chunk: StoredChunk, query: Query) -> bool:
    if query.sources and chunk.source not in query.sources:
        return False
    return query.since is None or date.fromisoformat(chunk.modified_at[:10]) >= query.since


@contextmanager
def _timed(ms: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        ms[stage] = round((time.perf_counter() - start) * 1000, 2)
