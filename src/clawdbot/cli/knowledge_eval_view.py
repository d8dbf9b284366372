"""An evaluation for people: figures side by side, and what went wrong with each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Words
from clawdbot.knowledge.evaluation.answering import Judged, Totals, totals
from clawdbot.knowledge.evaluation.problem import Problem
from clawdbot.knowledge.evaluation.retrieval import Ranked, figures

_KEYS = {"answered": "answered_though"}
"""Where a problem's sentence is not called as the problem is: 'eval_answered' is a total."""
_TABLE_WIDTH = 60
_DETAIL = 160
"""Characters of a problem that are shown; --json has all of it."""


def print_evaluation(
    console: Console, ranked: Mapping[str, Sequence[Ranked]], judged: Sequence[Judged], words: Words, *, top: int
) -> None:
    """A row for each question, then the totals: the last lines are what a person sees first."""
    answers = {row.question.id: row for row in judged}
    for row in ranked.get("", ()):
        _question(console, row, answers.get(row.question.id), words)
    if ranked:
        console.print()
        if console.width < _TABLE_WIDTH:
            _lines(console, ranked, words, top=top)
        else:
            console.print(_table(ranked, words, top=top))
        judged_any = any(row.question.expected for row in next(iter(ranked.values())))
        legend = words("knowledge.eval_legend", top=top) if judged_any else words("knowledge.eval_no_documents")
        console.print(Text(legend, style="dim" if judged_any else "yellow"))
    if judged:
        console.print()
        for line in _answers(totals(judged), words):
            console.print(Text(line))


def told(row: Judged, words: Words) -> str:
    """A judged answer as one line."""
    return " ".join([_mark(row.right and row.sound), _line(row.question.id), *_said(row.problems, words)])


def _question(console: Console, row: Ranked, answer: Judged | None, words: Words) -> None:
    problems = [*row.problems, *(answer.problems if answer else ())]
    head = Text.assemble((_mark(not problems), "yellow" if problems else "green"), f" {_line(row.question.id)}")
    if row.place:
        head.append(f" · {words('knowledge.eval_place', n=row.place)}", style="dim")
    console.print(head)
    if not problems:
        return
    console.print(Padding(Text(_line(row.question.text), style="dim"), (0, 0, 0, 2), expand=False))
    for line in _said(problems, words):
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))


def _table(ranked: Mapping[str, Sequence[Ranked]], words: Words, *, top: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words("knowledge.eval_setting"), overflow="fold")
    for heading in _headings(top):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, rows in ranked.items():
        table.add_row(Text(_line(name or words("knowledge.eval_current"))), *_cells(rows))
    return table


def _lines(console: Console, ranked: Mapping[str, Sequence[Ranked]], words: Words, *, top: int) -> None:
    """Where a table would not fit: each setting with its figures below it."""
    for name, rows in ranked.items():
        console.print(Text(_line(name or words("knowledge.eval_current")), style="bold"))
        pairs = [f"{heading} {cell}" for heading, cell in zip(_headings(top), _cells(rows), strict=True)]
        for some in (pairs[:3], pairs[3:]):
            console.print(Text(f"  {' · '.join(some)}"))


def _headings(top: int) -> tuple[str, ...]:
    return (f"R@{top}", "nDCG", "MRR", "p50", "p95")


def _cells(rows: Sequence[Ranked]) -> list[str]:
    found = figures(rows)
    shares = [_share(value) for value in (found.recall, found.ndcg, found.mrr)]
    return shares + [_ms(value) for value in (found.ms_p50, found.ms_p95)]


def _answers(found: Totals, words: Words) -> list[str]:
    lines = [
        words("knowledge.eval_right", n=found.right, of=found.asked),
        words("knowledge.eval_answered", n=found.answered_right, of=found.answerable),
        words("knowledge.eval_refused_rightly", n=found.refused_rightly, of=found.unanswerable),
        words("knowledge.eval_resolved", n=found.resolved, of=found.citations),
        words("knowledge.eval_supported", n=found.supported, of=found.sentences),
    ]
    if found.ms_p50 is not None and found.ms_p95 is not None:
        lines.append(words("knowledge.eval_latency", p50=found.ms_p50 / 1000, p95=found.ms_p95 / 1000))
    return lines


def _said(problems: Sequence[Problem], words: Words) -> list[str]:
    """What went wrong, in the person's language."""
    found = []
    for problem in problems:
        detail = _line(problem.detail)
        short = detail if len(detail) <= _DETAIL else f"{detail[:_DETAIL]}…"
        found.append(words(f"knowledge.eval_{_KEYS.get(problem.kind, problem.kind)}", detail=short))
    return found


def _mark(well: bool) -> str:
    return "✓" if well else "✗"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".removeprefix("0")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _line(text: str) -> str:
    return clean(" ".join(text.split()))
