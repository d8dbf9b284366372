"""Questions asked of a search, and how well it finds the documents that they expect."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clawdbot.errors import ClawdbotError
from clawdbot.knowledge.evaluation.metrics import first, mean, ndcg, percentile, recall
from clawdbot.knowledge.evaluation.problem import Problem
from clawdbot.knowledge.evaluation.question import EvalQuestion, is_document
from clawdbot.knowledge.passage import Query, Retrieval

NDCG_AT = 10

Search = Callable[[Query], Retrieval]
"""A search on behalf of the person who evaluates."""

Document = tuple[str, str]
"""Source and name."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Means over the questions that expect documents; None when none does.

    ``recall`` is the share of expected documents among the first ``top`` passages, ``ndcg`` nDCG@10 and ``mrr`` the
    mean reciprocal rank over the documents in the order of their best passage.  Milliseconds are of all questions.
    """

    questions: int
    recall: float | None
    ndcg: float | None
    mrr: float | None
    ms_p50: float | None
    ms_p95: float | None


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """What a search found for one question: documents in the order of their best passage.

    ``place``: of the first expected one, from 1; 0 when none was found, or none is expected.
    """

    question: EvalQuestion
    found: tuple[Document, ...]
    place: int
    recall: float
    ndcg: float
    ms: float
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        judged = bool(self.question.expected)
        return {
            "id": self.question.id,
            "question": self.question.text,
            "expected": list(self.question.expected),
            "found": [f"{source}/{name}" for source, name in self.found],
            "place": self.place or None,
            "recall": round(self.recall, 4) if judged else None,
            "ndcg": round(self.ndcg, 4) if judged else None,
            "ms": round(self.ms, 1),
            "problems": [asdict(problem) for problem in self.problems],
        }


def rank(questions: Sequence[EvalQuestion], search: Search, *, top: int, known: Collection[Document]) -> list[Ranked]:
    """Ask every question; ``known`` are the documents that the asker may see."""
    if questions:
        _asked(questions[0], search, top)  # opens indexes and models, which no later question pays for
    return [_ranked(question, search, top, known) for question in questions]


def figures(rows: Sequence[Ranked]) -> Figures:
    """The means."""
    judged = [row for row in rows if row.question.expected]
    times = [row.ms for row in rows]
    return Figures(
        questions=len(judged),
        recall=mean(row.recall for row in judged),
        ndcg=mean(row.ndcg for row in judged),
        mrr=mean(1 / row.place if row.place else 0.0 for row in judged),
        ms_p50=percentile(times, 0.5),
        ms_p95=percentile(times, 0.95),
    )


def _asked(question: EvalQuestion, search: Search, top: int) -> Retrieval | ClawdbotError:
    try:
        return search(Query(text=question.text, top=max(top, NDCG_AT)))
    except ClawdbotError as error:
        return error


def _ranked(question: EvalQuestion, search: Search, top: int, known: Collection[Document]) -> Ranked:
    began = time.perf_counter()
    given = _asked(question, search, top)
    ms = (time.perf_counter() - began) * 1000
    failed = isinstance(given, ClawdbotError)
    passages = () if isinstance(given, ClawdbotError) else given.passages
    found = tuple(dict.fromkeys((passage.source, passage.document) for passage in passages))
    seen = tuple(dict.fromkeys((passage.source, passage.document) for passage in passages[:top]))
    meant = {name: frozenset(each for each in known if is_document(name, *each)) for name in question.expected}
    # Two names of one document are one expectation; a name that several sources have is met by any of theirs.
    wanted = [*{each for each in meant.values() if each}, *(each for each in meant.values() if not each)]
    hits = _hits(found, wanted)
    problems = [Problem(kind="failed", detail=str(given))] if failed else []
    for name, documents in meant.items():
        if not documents:
            problems.append(Problem(kind="not_in_library", detail=name))
        elif not failed and documents.isdisjoint(seen):
            problems.append(Problem(kind="not_found", detail=name))
    return Ranked(
        question=question,
        found=found,
        place=first(hits),
        recall=recall(_hits(seen, wanted), len(wanted)) if wanted else 0.0,
        ndcg=ndcg(hits, len(wanted), at=NDCG_AT) if wanted else 0.0,
        ms=ms,
        notes=() if isinstance(given, ClawdbotError) else given.notes,
        problems=tuple(problems),
    )


def _hits(ranking: Sequence[Document], wanted: Sequence[frozenset[Document]]) -> list[bool]:
    """Which places meet an expectation that no better place met."""
    open_ones = list(wanted)
    hits = []
    for document in ranking:
        met = next((each for each in open_ones if document in each), None)
        hits.append(met is not None)
        if met is not None:
            open_ones.remove(met)
    return hits
