"""From passages that were found to the few statements in them that speak of the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.evidence.background import levels
from clawdbot.knowledge.evidence.instructions import find_instructions, is_instruction
from clawdbot.knowledge.evidence.ranges import beginning, placed
from clawdbot.knowledge.evidence.statement import Statement, statements
from clawdbot.knowledge.evidence.support import terms
from clawdbot.knowledge.passage import Passage, Retrieval
from clawdbot.text.language import detect

MOST = 16
"""Statements shown to a model; more only distract a small one."""

CHARACTERS = 2_600
_COMPARED = 80
_OF_EACH_VERSION = 2
_OF_EACH_LANGUAGE = 5
_ENOUGH = 8
"""Statements from which on their middle says something."""
_MIDDLE = 0.045
"""Nearness of statements that have to do with the question's subject and do not answer it, as seen on other texts."""
_WORDS, _RANK, _IN_RANGE = 0.06, 0.02, 0.03
"""What shared words, the passage's place in the search and a fitting range add to nearness (a cosine)."""
_IMPRINT = re.compile(r"·.*·|·.*\d{4}-\d\d-\d\d")
"""The line with a document's number, date and owner, which is near to every question about its subject."""
_ABOUT_DOCUMENT = re.compile(
    r"\b(?:in force|effective|valid|owner|owns|department|document number|version|supersed|replac|since when|issued)|"
    r"生效|施行|编号|版本|取代|废止|负责|哪个部门|发布|修订",
    re.IGNORECASE,
)
_WORDS_ALONE = 3.0
"""Without an embedder words take the place of meaning."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What documents offer for a question, best document first.  ``documents`` counts those that the asker may see;
    ``hidden``: something that fits exists and may not be seen; ``instructions`` is (document, text) that addresses a
    program and was left out."""

    question: str
    statements: tuple[Statement, ...]
    documents: int
    hidden: bool = False
    instructions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def gather(
    found: Sequence[tuple[str, Retrieval]], *, embedder: Embedder | None, header: Callable[[Passage], tuple[str, str]]
) -> Evidence:
    """The statements of the passages that fit a question.

    ``found`` is the question with its passages, and perhaps its translation with the passages of that; what counts is
    the wording for which a statement stands out most.  ``header`` gives (day in force, family) of a passage's document.
    Without an embedder only words count.  Raises EmbeddingError.
    """
    question, retrieval = found[0]
    pool: dict[tuple[str, str, int, int], tuple[float, Statement]] = {}
    planted: dict[tuple[str, str], None] = {}
    headers: dict[tuple[str, str, int], tuple[str, str]] = {}  # passages of one document share it
    about_document = bool(_ABOUT_DOCUMENT.search(question))
    for rank, passage in sorted((one for _, r in found for one in enumerate(r.passages)), key=lambda one: one[0]):
        planted |= dict.fromkeys((passage.document, text) for text in find_instructions(passage.text))
        document = (passage.source, passage.document, passage.version)
        if document not in headers:
            headers[document] = header(passage)
        dated, kin = headers[document]
        for statement in statements(passage, dated=dated, family=kin):
            if not is_instruction(statement.quote) and (about_document or not _IMPRINT.search(statement.text)):
                pool.setdefault(statement.place, (1.0 / (1 + rank), statement))
    return Evidence(
        question=question,
        statements=_arranged(_best([text for text, _ in found], list(pool.values()), embedder)),
        documents=retrieval.documents,
        hidden=any(r.hidden for _, r in found),
        instructions=tuple(planted),
        notes=retrieval.notes,
    )


def _best(wordings: Sequence[str], pool: list[tuple[float, Statement]], embedder: Embedder | None) -> list[Statement]:
    """The best statements with their figures, within the room that a prompt has."""
    scored = _among_alternatives(_scored(wordings, pool, embedder))
    kept: list[Statement] = []
    used = 0
    for statement in _each_language(sorted(scored, key=lambda s: -s.fit))[:MOST]:
        used += len(statement.text)
        if kept and used > CHARACTERS:
            break
        kept.append(statement)
    return kept + _other_versions(kept, scored)


def _each_language(ordered: list[Statement]) -> list[Statement]:
    """Best first, and of each language at least some among the first ones: nearness in two languages is not quite
    the same measure."""
    first = ordered[:MOST]
    for language in {detect(s.text) for s in ordered}:
        have = sum(detect(s.text) == language for s in first)
        late = [s for s in ordered[MOST:] if detect(s.text) == language][: max(0, _OF_EACH_LANGUAGE - have)]
        first = first[: MOST - len(late)] + late
    return first


def _scored(wordings: Sequence[str], pool: list[tuple[float, Statement]], embedder: Embedder | None) -> list[Statement]:
    """The statements with the figures of the wording that each stands out for most."""
    said = [_seen(s) for _, s in pool]
    shared = [_shared_words(text, said) for text in wordings]
    words = [max(each) for each in zip(*shared, strict=True)]
    first = sorted(range(len(pool)), key=lambda i: -(words[i] + pool[i][0]))[:_COMPARED]
    compared = [pool[i][1] for i in first]
    near, apart = _nearness(wordings, compared, embedder)
    weight = _WORDS if embedder is not None else _WORDS * _WORDS_ALONE
    scored: list[Statement] = []
    for n, i in enumerate(first):
        rank, statement = pool[i]
        inside = placed(wordings[0], statement.text)
        fit = apart[n] + weight * words[i] + _RANK * rank + (_IN_RANGE if inside else 0.0)
        figures = (round(near[n], 4), round(apart[n], 4), round(fit, 4))
        scored.append(replace(statement, near=figures[0], apart=figures[1], fit=figures[2], inside=inside))
    return scored


def _among_alternatives(scored: Sequence[Statement]) -> list[Statement]:
    """A range says something only beside others of its kind (rows of a table, sentences that begin alike), of which
    one holds the question's amount and another does not; what stands alone may be the rule that is broken."""
    told: dict[tuple[str, str, str], set[bool]] = {}
    for s in scored:
        if s.inside is not None:
            told.setdefault(_kind(s), set()).add(s.inside)
    lone = {kind for kind, found in told.items() if len(found) == 1}
    return [
        replace(s, inside=None, fit=round(s.fit - (_IN_RANGE if s.inside else 0.0), 4))
        if s.inside is not None and _kind(s) in lone
        else s
        for s in scored
    ]


def _kind(statement: Statement) -> tuple[str, str, str]:
    """Equal for rows of one table and for sentences of a section that begin alike."""
    return (statement.source, f"{statement.document} {statement.headings}", beginning(statement.text))


def _other_versions(kept: Sequence[Statement], scored: Sequence[Statement]) -> list[Statement]:
    """The best statements of documents that are versions of a kept one and have hardly a word among the kept."""
    counts = Counter((s.source, s.document) for s in kept)
    families = {s.family for s in kept}
    added: list[Statement] = []
    for statement in sorted(scored, key=lambda s: -s.fit):
        key = (statement.source, statement.document)
        if statement.family in families and statement not in kept and counts[key] < _OF_EACH_VERSION:
            counts[key] += 1
            added.append(statement)
    return added


def _nearness(
    wordings: Sequence[str], compared: Sequence[Statement], embedder: Embedder | None
) -> tuple[list[float], list[float]]:
    """For each statement its cosine above the level of unrelated text, and that above the middle of the statements in
    its language, of the wording for which the second is larger."""
    if embedder is None or not compared:
        return [0.0] * len(compared), [0.0] * len(compared)
    told = [detect(s.text) for s in compared]
    vectors = embedder.passages([_seen(s) for s in compared])
    best: list[tuple[float, float]] = [(-1.0, 0.0)] * len(compared)
    for text in wordings:
        query = embedder.query(text)
        level = levels(embedder, query)
        near = [float(c) - level[language] for c, language in zip(vectors @ query, told, strict=True)]
        middle = {
            language: _middle([x for x, own in zip(near, told, strict=True) if own == language]) for language in told
        }
        best = [max(b, (x - middle[language], x)) for b, x, language in zip(best, near, told, strict=True)]
    return [near for _, near in best], [apart for apart, _ in best]


def _middle(near: Sequence[float]) -> float:
    return median(near) if len(near) >= _ENOUGH else _MIDDLE


def _seen(statement: Statement) -> str:
    return f"{' > '.join(statement.headings)}\n{statement.text}"


def _shared_words(question: str, texts: Sequence[str]) -> list[float]:
    """The share of the question's words in each text, rare words weighing more."""
    asked = terms(question)
    held = [terms(text) & asked for text in texts]
    counts = Counter(term for found in held for term in found)
    weights = {term: math.log(1 + len(texts) / (1 + counts[term])) for term in asked}
    total = sum(weights.values()) or 1.0
    return [sum(weights[term] for term in found) / total for found in held]


def _arranged(chosen: Sequence[Statement]) -> tuple[Statement, ...]:
    """Grouped by document, the best document first, in the document's own order."""
    best: dict[tuple[str, str], float] = {}
    for s in chosen:
        key = (s.source, s.document)
        best[key] = max(best.get(key, s.fit), s.fit)
    return tuple(sorted(chosen, key=lambda s: (-best[(s.source, s.document)], s.source, s.document, s.start)))
