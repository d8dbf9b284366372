"""Questions answered, and each answer judged: what it says, what it cites, and whether it refused rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clawdbot.knowledge.evaluation.citations import Citation, Cited, TextOf, read_citations
from clawdbot.knowledge.evaluation.metrics import percentile
from clawdbot.knowledge.evaluation.problem import CITING, Problem
from clawdbot.knowledge.evaluation.question import EvalQuestion, is_document
from clawdbot.knowledge.evaluation.wording import Wording


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """What was answered.  ``error``: why there is no answer, empty when there is one; ``run``: where to look."""

    text: str
    verdict: str
    citations: tuple[Citation, ...]
    ms: float
    error: str = ""
    run: str = ""

    @property
    def refused(self) -> bool:
        """It says that no document answers: it cites nothing, and does not claim to be done."""
        return not self.error and not self.citations and self.verdict != "verified"


Ask = Callable[[str], GivenAnswer]
"""Answers a question from documents."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An answer with what is wrong about it."""

    question: EvalQuestion
    given: GivenAnswer
    cited: Cited
    problems: tuple[Problem, ...]

    @property
    def right(self) -> bool:
        """It says what was expected and cites what was expected, or refuses rightly."""
        return all(problem.kind in CITING for problem in self.problems)

    @property
    def sound(self) -> bool:
        """All that it cites leads to words that support it."""
        return all(problem.kind not in CITING for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "id": self.question.id,
            "question": self.question.text,
            "kind": self.question.kind,
            "language": self.question.language,
            "right": self.right,
            "sound": self.sound,
            "refused": self.given.refused,
            "answer": self.given.text,
            "verdict": self.given.verdict,
            "citations": [dict(citation) for citation in self.given.citations],
            "run": self.given.run,
            "ms": round(self.given.ms),
            "problems": [asdict(problem) for problem in self.problems],
        }


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Counts over judged answers; milliseconds are None when there are none."""

    asked: int
    right: int
    answerable: int
    answered_right: int
    unanswerable: int
    refused_rightly: int
    citations: int
    resolved: int
    sentences: int
    supported: int
    ms_p50: float | None
    ms_p95: float | None


def judge(question: EvalQuestion, given: GivenAnswer, text_of: TextOf) -> Judged:
    """Hold an answer against what was expected and against what it cites."""
    # A refusal names what was searched; it states nothing of documents.
    said = "" if given.refused else given.text
    cited = read_citations(said, question.text, given.citations, text_of)
    problems = dict.fromkeys([*_expected(question, given), *_citing(cited, given)])
    return Judged(question=question, given=given, cited=cited, problems=tuple(problems))


def totals(rows: Sequence[Judged]) -> Totals:
    """The counts."""
    answerable = [row for row in rows if not row.question.unanswerable]
    unanswerable = [row for row in rows if row.question.unanswerable]
    sentences = [sentence for row in rows for sentence in row.cited.sentences]
    citations = sum(row.cited.citations for row in rows)
    times = [row.given.ms for row in rows]
    return Totals(
        asked=len(rows),
        right=sum(row.right for row in rows),
        answerable=len(answerable),
        answered_right=sum(row.right for row in answerable),
        unanswerable=len(unanswerable),
        refused_rightly=sum(row.right for row in unanswerable),
        citations=citations,
        resolved=citations - sum(len(row.cited.unresolved) for row in rows),
        sentences=len(sentences),
        supported=sum(sentence.supported for sentence in sentences),
        ms_p50=percentile(times, 0.5),
        ms_p95=percentile(times, 0.95),
    )


def _expected(question: EvalQuestion, given: GivenAnswer) -> list[Problem]:
    if given.error:
        return [Problem(kind="failed", detail=given.error)]
    if question.unanswerable:
        return [] if given.refused else [Problem(kind="answered", detail=given.text)]
    if given.refused:
        return [Problem(kind="refused")]
    wording = Wording(given.text)
    problems = [Problem(kind="not_said", detail=text) for text in question.answers if not wording.says(text)]
    problems += [Problem(kind="not_said", detail=text) for text in question.patterns if not wording.matches(text)]
    problems += [Problem(kind="said", detail=text) for text in question.absent if wording.matches(text)]
    if question.documents and not any(_cites(given, name) for name in question.documents):
        problems.append(Problem(kind="not_cited", detail=", ".join(question.documents)))
    problems += [Problem(kind="not_cited", detail=name) for name in question.contradicting if not _cites(given, name)]
    if given.verdict != "verified":
        problems.append(Problem(kind="verdict", detail=given.verdict))
    return problems


def _cites(given: GivenAnswer, name: str) -> bool:
    return any(is_document(name, str(each["source"]), str(each["document"])) for each in given.citations)


def _citing(cited: Cited, given: GivenAnswer) -> list[Problem]:
    names = {int(each["n"]): str(each["document"]) for each in given.citations}
    problems = [Problem(kind="unresolved", detail=f"[{n}] {names.get(n, '')}".strip()) for n in cited.unresolved]
    for sentence in cited.sentences:
        if not sentence.marks:
            problems.append(Problem(kind="uncited", detail=sentence.text))
        elif sentence.missing:
            problems.append(Problem(kind="unsupported", detail=", ".join(sentence.missing)))
    return problems
