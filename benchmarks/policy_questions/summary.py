"""The lines and tables of the policy questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import percentile, table
from clawdbot.knowledge.evaluation.answering import Judged, Totals, totals
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.text.language import Language, detect

_HEAD = ("questions", "right", "citations resolve", "sentences supported", "median s", "p95 s")
_ANSWER = 300


def languages(folder: Path) -> dict[str, Language]:
    """The language of each document in a folder, by name."""
    return {path.name: detect(path.read_text("utf-8")) for path in folder.glob("*.md")}


def line(row: Judged) -> str:
    """An answer as it comes; one that is wrong with its words."""
    head = f"{row.question.id:26} {_word(row)}, {row.given.ms / 1000:.0f} s"
    if not row.problems:
        return head
    told = "; ".join(" ".join(str(problem).split())[:_ANSWER] for problem in row.problems)
    return f"{head}\n    {told}\n    {' '.join(row.given.text.split())[:_ANSWER]!r}"


def by_group(rows: Sequence[Judged], documents: Mapping[str, Language]) -> str:
    """All, by the language of the question, by whether the documents are in the other one, and by kind."""
    groups = {
        "all": list(rows),
        "Chinese": [row for row in rows if row.question.language == "zh"],
        "English": [row for row in rows if row.question.language == "en"],
        "across languages": [row for row in rows if is_across(row.question, documents)],
    }
    for row in rows:
        groups.setdefault(row.question.kind, []).append(row)
    return table(_HEAD, [_cells(name, own) for name, own in groups.items() if own])


def is_across(question: EvalQuestion, documents: Mapping[str, Language]) -> bool:
    """It can be answered, and each document that answers it is in the other language."""
    return bool(question.documents) and all(documents[name] != question.language for name in question.documents)


def verdict(found: Totals) -> str:
    """The figures that the project promises, in one line each."""
    return "\n".join(
        (
            f"right {found.right} of {found.asked}",
            f"refused rightly {found.refused_rightly} of {found.unanswerable}",
            f"citations that resolve {found.resolved} of {found.citations}",
            f"sentences that their citations support {found.supported} of {found.sentences}",
        )
    )


def _cells(name: str, rows: Sequence[Judged]) -> tuple[str, ...]:
    found = totals(rows)
    seconds = [row.given.ms / 1000 for row in rows]
    return (
        name,
        f"{found.right} of {found.asked}",
        f"{found.resolved} of {found.citations}",
        f"{found.supported} of {found.sentences}",
        f"{percentile(seconds, 0.5):.1f}",
        f"{percentile(seconds, 0.95):.1f}",
    )


def _word(row: Judged) -> str:
    if not row.right:
        return "WRONG"
    return "right" if row.sound else "right, BADLY CITED"
