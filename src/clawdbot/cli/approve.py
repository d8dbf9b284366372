"""``clawdbot approve RUN``: a person's answer is recorded, then the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from clawdbot.app import App
    from clawdbot.cli.step_stream import StepStream
    from clawdbot.store.approvals import Decision
    from clawdbot.workflows.approver import Approver
    from clawdbot.workflows.result import RunResult

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def approve(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    reject: Annotated[bool, typer.Option("--reject", help=help_text("approval.reject"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    model: ModelOption = None,
    user: UserOption = None,
    quiet: QuietOption = False,
) -> int:
    from clawdbot.cli import running, streams

    session = session_of(context)
    session.load(config, json=json)

    def work(app: App, stream: StepStream, approver: Approver) -> RunResult:
        record = app.ledger.get_run(run)
        words = stream.words
        waiting = app.ledger.approvals.waiting(record.id)
        if not waiting or record.status == "done":
            raise UsageError(words("approval.nothing", id=record.id), hint=f"clawdbot show {record.id}")
        question = waiting[0]
        streams.tell(words("approval.head", tool=question.tool))
        streams.tell(running.quoted(question.payload))
        decision: Decision = "refused" if reject else "approved"
        app.ledger.approvals.decide(record.id, question.payload_hash, decision, by=user or os_user())
        streams.tell(words("approval.recorded_no" if reject else "approval.recorded_yes"))
        return app.engine.resume(record.id, listener=stream, approver=approver)

    manner = running.Manner(quiet=quiet, json=json)
    return running.drive(session, work, manner=manner, language=session.language, model=model)
