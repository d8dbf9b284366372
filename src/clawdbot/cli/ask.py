"""``clawdbot ask``: a question to the documents, answered with citations."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import (
    ConfigOption,
    JsonOption,
    ModelOption,
    QuietOption,
    UserOption,
    help_text,
    os_user,
    session_of,
)
from clawdbot.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help=help_text("ask.question"), show_default=False)],
    config: ConfigOption = None,
    json: JsonOption = False,
    model: ModelOption = None,
    user: UserOption = None,
    quiet: QuietOption = False,
) -> int:
    from clawdbot.app import App
    from clawdbot.cli import running
    from clawdbot.cli.step_stream import StepStream
    from clawdbot.cli.streams import read_goal
    from clawdbot.workflows.approver import Approver
    from clawdbot.workflows.result import RunResult

    session = session_of(context)
    session.load(config, json=json)
    text = read_goal() if question == "-" else question

    def work(app: App, stream: StepStream, approver: Approver) -> RunResult:
        if not app.knowledge.has_documents():
            raise UsageError(session.words("ask.no_documents"), hint=session.words("ask.add_some"))
        return app.engine.start(text, user=user or os_user(), ask=True, listener=stream, approver=approver)

    manner = running.Manner(quiet=quiet, json=json)
    return running.drive(session, work, manner=manner, language=running.goal_language(session, text), model=model)
