"""The demo's documents taken in, and every question asked in a run of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clawdbot.app import App
from clawdbot.config import AppConfig, Config
from clawdbot.demo.environment import prepare
from clawdbot.errors import KnowledgeError, UsageError
from clawdbot.knowledge.evaluation.answering import Judged, judge
from clawdbot.knowledge.evaluation.citations import library_text
from clawdbot.knowledge.evaluation.question import EvalQuestion
from clawdbot.knowledge.evaluation.reading import read_questions
from clawdbot.models.ladder import Ladder
from clawdbot.models.selection import open_ladder
from clawdbot.workflows.knowledge_eval import asker

QUESTIONS = Path(__file__).with_name("questions.toml")

_USER = "benchmark"


def load_questions(only: Sequence[str] = ()) -> tuple[EvalQuestion, ...]:
    """The forty, or those of these ids; UsageError when one is not there."""
    known = {question.id: question for question in read_questions(QUESTIONS)}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UsageError(f"There is no question {unknown[0]!r}.", hint=f"Questions: {', '.join(known)}.")
    return tuple(known[name] for name in only or known)


def demo_config(home: Path) -> Config:
    """The demo's configuration, with everything that runs leave behind, in ``home``."""
    return prepare(home, language="en", app_home=home / "app").config


def chosen_ladder(config: Config, *, model: str | None) -> Ladder:
    """The ladder of the models that the person has, which do not lie in the benchmark's home."""
    return open_ladder(config.model_copy(update={"app": AppConfig()}), name=model)


@contextmanager
def opened(config: Config, ladder: Ladder) -> Iterator[App]:
    """An application whose documents are taken in."""
    with App(config, ladder=ladder) as app:
        reports = app.knowledge.ingest()
        failed = [report.error or report.source for report in reports if report.error or report.failed]
        if failed or not app.knowledge.has_documents():
            raise KnowledgeError(f"The demo's documents were not taken in: {failed}.", hint="Try another --home.")
        yield app


def ask_all(app: App, questions: Sequence[EvalQuestion]) -> Iterator[Judged]:
    """Each question answered and judged, in order."""
    ask, text_of = asker(app.engine, user=_USER), library_text(app.knowledge.library)
    for question in questions:
        yield judge(question, ask(question.text), text_of)
