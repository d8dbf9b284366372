"""``clawdbot demo``: the main job on a sample company, from nothing to a mail that can be opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import ConfigOption, JsonOption, ModelOption, Session, help_text, os_user, session_of
from clawdbot.cli.streams import clean, say, tell
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.cli.running import Manner
    from clawdbot.cli.wording import Language, Words
    from clawdbot.demo.environment import DemoEnvironment
    from clawdbot.demo.run import FigureCheck

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def demo(
    context: typer.Context,
    lang: Annotated[str | None, typer.Option("--lang", metavar="zh|en", help=help_text("demo.lang"))] = None,
    goal: Annotated[str | None, typer.Option("--goal", metavar="GOAL", help=help_text("demo.goal"))] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    model: ModelOption = None,
    home: Annotated[Path | None, typer.Option("--home", metavar="DIR", help=help_text("demo.home"))] = None,
) -> int:
    from clawdbot.cli.running import Manner
    from clawdbot.demo.environment import prepare

    session = session_of(context)
    own = session.load(config, json=json)
    if lang not in (None, "zh", "en"):
        raise UsageError(session.words("demo.wrong_lang", lang=repr(lang)), hint="--lang zh  |  --lang en")
    language: Language = session.language if lang is None else "zh" if lang == "zh" else "en"
    app_home = (home or own.app.home).expanduser().absolute()
    tell(session.words("demo.preparing", path=app_home / "demo"))
    environment = prepare(app_home / "demo", language=language, app_home=app_home)
    # Models are the person's own; everything else is the demo's.
    session.config = environment.config.model_copy(update={"models": own.models, "router": own.router})
    session.config_path = environment.config_path
    _ensure_model(session, model)
    _take_documents_in(session)
    return _run(session, environment, goal or environment.goal, manner=Manner(json=json), model=model)


def _ensure_model(session: Session, model: str | None) -> None:
    from clawdbot.cli.download import fetch_embedded
    from clawdbot.models.catalog import DEFAULT_MODEL
    from clawdbot.models.selection import select

    assert session.config is not None, "the demo's configuration is there"
    try:
        select(session.config, name=model)
    except UsageError:
        if model is not None:
            raise
        fetch_embedded(session.config.app.home, DEFAULT_MODEL, session.words)


def _take_documents_in(session: Session) -> None:
    """The sample documents, so that goals and questions can use them."""
    from clawdbot.knowledge.service import Knowledge

    assert session.config is not None, "the demo's configuration is there"
    tell(session.words("demo.documents"))
    with Knowledge.open(session.config) as knowledge:
        for report in knowledge.ingest():
            if report.failed or report.error:
                tell(clean(session.words("demo.documents_failed", n=report.failed, why=report.error)))


def _run(session: Session, environment: DemoEnvironment, goal: str, *, manner: Manner, model: str | None) -> int:
    from clawdbot.cli import running
    from clawdbot.demo.run import check_figures, mails_since

    assert session.config is not None, "the demo's configuration is there"
    tell(session.words("demo.goal_is", goal=goal))
    with environment.sink() as sink:
        before = len(sink.mails())
        result, words = running.perform(
            session,
            lambda app, stream, approver: app.engine.start(goal, user=os_user(), listener=stream, approver=approver),
            manner=manner, language=running.goal_language(session, goal), model=model,
        )  # fmt: skip
        mails = mails_since(sink.mails(), before)
    if result is None:
        return exit_codes.INTERRUPTED
    checks: tuple[FigureCheck, ...] = ()
    if goal == environment.goal:
        checks = check_figures(environment, session.config.app.home / "runs" / result["run_id"])
    outcome = {
        "config": str(environment.config_path), "mails": mails, "figures": [check.as_json() for check in checks],
        "figures_right": all(check.same for check in checks) if checks else None,
    }  # fmt: skip
    running.show(session, {**result, "demo": outcome}, words, manner)
    if not manner.json:
        _print(outcome, words)
        _print_next(session, environment, result["run_id"], words)
    code = exit_codes.of_run(result)
    return exit_codes.PARTIAL_OR_FAILED if code == exit_codes.VERIFIED and outcome["figures_right"] is False else code


def _print(outcome: dict[str, Any], words: Words) -> None:
    for mail in outcome["mails"]:
        say(clean(words("demo.mail", to=words.separator.join(mail["to"]), subject=mail["subject"])))
        for path in (mail["path"], *mail["attachments"]):
            say(f"  {path}")
    if outcome["figures_right"] is None:
        return
    say(words("demo.right" if outcome["figures_right"] else "demo.wrong", n=len(outcome["figures"])))
    for check in outcome["figures"]:
        found = "-" if check["found"] is None else f"{check['found']:,.2f}"
        say(f"  {'=' if check['same'] else '≠'} {check['region']}: {found}  (SQL {check['expected']:,.2f})")


def _print_next(session: Session, environment: DemoEnvironment, run_id: str, words: Words) -> None:
    from clawdbot.config import AppConfig

    say(words("demo.next"))
    own_home = AppConfig().home / "demo"
    where = "" if environment.home == own_home else f" --home {environment.home.parent}"
    say(f"  {session.command(f'show {run_id}')}")
    say(f"  {session.command(f'ask {environment.question!r}')}")
    for goal in environment.more_goals[:2]:
        say(f'  clawdbot demo{where} --goal "{goal}"')
    say(f"  {words('demo.own')}")
