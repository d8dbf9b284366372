"""``clawdbot knowledge eval``: a file of questions, and how well the person's own documents answer them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import (
    ConfigOption,
    JsonOption,
    ModelOption,
    Session,
    UserOption,
    help_text,
    os_user,
    session_of,
)
from clawdbot.cli.streams import clean, emit, tell
from clawdbot.errors import ClawdbotError, UsageError

if TYPE_CHECKING:
    from clawdbot.app import App
    from clawdbot.knowledge.evaluation.answering import Judged
    from clawdbot.knowledge.evaluation.question import EvalQuestion
    from clawdbot.knowledge.evaluation.retrieval import Ranked
    from clawdbot.knowledge.service import Knowledge


def evaluate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_text("knowledge.eval_file"))],
    answers: Annotated[bool, typer.Option("--answers", help=help_text("knowledge.eval_answers"))] = False,
    top: Annotated[int, typer.Option("--top", min=1, max=100, metavar="N", help=help_text("knowledge.eval_top"))] = 10,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="SETTING=VALUE", help=help_text("knowledge.eval_compare"))
    ] = None,
    model: ModelOption = None,
    user: UserOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.cli.interrupts import second_ends_at_once
    from clawdbot.cli.knowledge_eval_view import print_evaluation
    from clawdbot.cli.terminal import output
    from clawdbot.knowledge.evaluation.reading import read_questions
    from clawdbot.knowledge.evaluation.setting import Setting, read_setting

    session = session_of(context)
    settings = session.load(config, json=json)
    questions = read_questions(file.expanduser())
    wanted = [Setting(), *(read_setting(text, settings) for text in dict.fromkeys(compare or ()))]
    ranked: dict[str, Sequence[Ranked]] = {}
    judged: list[Judged] = []
    code = exit_codes.VERIFIED
    with second_ends_at_once(), _opened(session, answers=answers, model=model) as (knowledge, app):
        if not knowledge.has_documents():
            raise UsageError(session.words("ask.no_documents"), hint=session.words("ask.add_some"))
        try:
            for setting in wanted:
                try:
                    ranked[setting.name] = _rank(session, knowledge, setting, questions, top=top, user=user)
                except ClawdbotError as error:
                    if not setting.name:
                        raise
                    tell(clean(f"✗ {setting.name}: {error}"))
                    code = exit_codes.PARTIAL_OR_FAILED
            if app is not None:
                _answer(session, app, questions, judged, user=user or os_user())
        except KeyboardInterrupt:
            tell(session.words("knowledge.eval_stopped"))
            code = exit_codes.INTERRUPTED
    if json:
        emit(_as_json(file, top, questions, ranked, judged, answers=answers))
    else:
        print_evaluation(output(), ranked, judged, session.words, top=top)
    return code


@contextmanager
def _opened(session: Session, *, answers: bool, model: str | None) -> Iterator[tuple[Knowledge, App | None]]:
    """The knowledge, and what answers from it when answers are asked for: a model that is missing is told at once."""
    from clawdbot.cli.knowledge_work import opened

    if not answers:
        with opened(session) as knowledge:
            yield knowledge, None
        return
    from clawdbot.app import App

    assert session.config is not None, "the command has read it"
    with App.open(session.config, model=model) as app:
        yield app.knowledge, app


def _rank(
    session: Session, base: Knowledge, setting: Any, questions: Sequence[EvalQuestion], *, top: int, user: str | None
) -> list[Ranked]:
    from clawdbot.cli.ingest_progress import IngestProgress
    from clawdbot.cli.knowledge_work import identity
    from clawdbot.knowledge.evaluation.retrieval import rank
    from clawdbot.knowledge.evaluation.setting import opened

    assert session.config is not None, "the command has read it"
    who = identity(session.config, user)
    known = {(each.source, each.name) for each in base.library.documents(identity=who) if each.live}
    name = setting.name or session.words("knowledge.eval_current")
    tell(clean(session.words("knowledge.eval_searching", setting=name, n=len(questions))))
    with IngestProgress(session.words) as listener, opened(setting, base, listener) as knowledge:
        found = rank(questions, lambda query: knowledge.search(query, who), top=top, known=known)
    # What a comparison leaves out on purpose is noted by every search; errors of a setting show up nowhere else.
    notes = [note for row in found for note in row.notes] if not setting.name else []
    failed = [problem.detail for row in found for problem in row.problems if problem.kind == "failed"]
    for line in dict.fromkeys((*notes, *(f"✗ {name}: {detail}" for detail in failed))):
        tell(clean(line))
    return found


def _answer(session: Session, app: App, questions: Sequence[EvalQuestion], judged: list[Judged], *, user: str) -> None:
    """Ask them one by one and add what came to ``judged``, which is kept when the person stops."""
    from clawdbot.cli.knowledge_eval_view import told
    from clawdbot.knowledge.evaluation.answering import judge
    from clawdbot.knowledge.evaluation.citations import library_text
    from clawdbot.workflows.knowledge_eval import asker

    ask, text_of = asker(app.engine, user=user), library_text(app.knowledge.library)
    for number, question in enumerate(questions, 1):
        judged.append(judge(question, ask(question.text), text_of))
        tell(f"{number}/{len(questions)} {told(judged[-1], session.words)}")


def _as_json(
    file: Path,
    top: int,
    questions: Sequence[EvalQuestion],
    ranked: dict[str, Sequence[Ranked]],
    judged: Sequence[Judged],
    *,
    answers: bool,
) -> dict[str, Any]:
    from clawdbot.knowledge.evaluation.answering import totals
    from clawdbot.knowledge.evaluation.retrieval import figures

    return {
        "file": str(file),
        "questions": len(questions),
        "top": top,
        "retrieval": [
            {"setting": name, **asdict(figures(rows)), "rows": [row.as_json() for row in rows]}
            for name, rows in ranked.items()
        ],
        "answers": {**asdict(totals(judged)), "rows": [row.as_json() for row in judged]} if answers else None,
    }
