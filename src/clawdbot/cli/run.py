"""``clawdbot run``: a goal to its end, with the steps streaming."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import (
    ConfigOption,
    JsonOption,
    ModelOption,
    QuietOption,
    UserOption,
    YesOption,
    help_text,
    os_user,
    session_of,
)
from clawdbot.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def run(
    context: typer.Context,
    goal: Annotated[str | None, typer.Argument(metavar="GOAL", help=help_text("run.goal"), show_default=False)] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    model: ModelOption = None,
    user: UserOption = None,
    yes: YesOption = False,
    resume: Annotated[str | None, typer.Option("--resume", metavar="RUN", help=help_text("run.resume"))] = None,
    detach: Annotated[bool, typer.Option("--detach", help=help_text("queued.detach"))] = False,
    quiet: QuietOption = False,
) -> int:
    from clawdbot.cli import running
    from clawdbot.cli.detaching import put_into_queue
    from clawdbot.cli.streams import read_goal

    session = session_of(context)
    session.load(config, json=json)
    if (goal is None) == (resume is None) or (detach and resume is not None):
        raise UsageError(session.words("run.one_of"), hint='clawdbot run "..."  |  clawdbot run --resume RUN')
    manner = running.Manner(yes=yes, quiet=quiet, json=json)
    if resume is not None:
        return running.drive(
            session,
            lambda app, stream, approver: app.engine.resume(resume, listener=stream, approver=approver),
            manner=manner, language=session.language, model=model,
        )  # fmt: skip
    text = read_goal() if goal == "-" else goal or ""
    if detach:
        if yes:
            raise UsageError(session.words("queued.no_yes"), hint="clawdbot approve RUN")
        return put_into_queue(session, text, user=user or os_user(), model=model or "")
    return running.drive(
        session,
        lambda app, stream, approver: app.engine.start(
            text, user=user or os_user(), listener=stream, approver=approver
        ),
        manner=manner, language=running.goal_language(session, text), model=model,
    )  # fmt: skip
