"""``clawdbot approve``: what waits for a person; with a RUN the answer is recorded, then the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli.session import (
    ConfigOption,
    JsonOption,
    ModelOption,
    QuietOption,
    Session,
    UserOption,
    help_text,
    os_user,
    session_of,
)
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.cli.answering import Asked

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def approve(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(metavar="RUN", help=help_text("approval.run"))] = None,
    only: Annotated[str, typer.Option("--only", metavar="HASH", help=help_text("approval.only"))] = "",
    everything: Annotated[bool, typer.Option("--all", help=help_text("approval.all"))] = False,
    reject: Annotated[bool, typer.Option("--reject", help=help_text("approval.reject"))] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=help_text("approval.reason"))] = "",
    edit: Annotated[bool, typer.Option("--edit", help=help_text("approval.edit"))] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=help_text("approval.set"))
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help=help_text("approval.detach"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    model: ModelOption = None,
    user: UserOption = None,
    quiet: QuietOption = False,
) -> int:
    from clawdbot.cli.answering import Asked, answer

    session = session_of(context)
    session.load(config, json=json)
    wish = Asked(
        only=only, everything=everything, reject=reject, reason=reason, edit=edit, settings=tuple(settings or ()),
        detach=detach, by=user or os_user(), model=model,
    )  # fmt: skip
    if run is None:
        return _list(session, wish)
    goes_on = answer(session, run, wish)
    if goes_on is None:
        return 0
    return _go_on(session, goes_on, wish, quiet=quiet)


def _list(session: Session, wish: Asked) -> int:
    """Everything that waits for a person."""
    from clawdbot.cli import approve_view, streams
    from clawdbot.store.ledger import RunLedger

    if wish.answers_something:
        raise UsageError(session.words("approval.which"), hint=session.command("approve"))
    assert session.config is not None, "it was read"
    ledger = RunLedger.open(session.config)
    try:
        pending = ledger.approvals.pending()
    finally:
        ledger.close()
    if session.json:
        streams.emit(approve_view.pending_json(pending))
    else:
        approve_view.print_pending(pending, session)
    return 0


def _go_on(session: Session, run_id: str, wish: Asked, *, quiet: bool) -> int:
    """Drive the run on in this terminal."""
    from clawdbot.cli import running

    return running.drive(
        session,
        lambda app, stream, approver: app.engine.resume(run_id, listener=stream, approver=approver),
        manner=running.Manner(quiet=quiet, json=session.json, user=wish.by),
        language=session.language, model=wish.model,
    )  # fmt: skip
