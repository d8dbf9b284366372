"""``clawdbot cancel RUN``: a run ends at its next safe place, or at once when nobody works on it."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, UserOption, os_user, session_of
from clawdbot.cli.streams import emit, say
from clawdbot.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def cancel(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    from clawdbot.store.ledger import RunLedger

    session = session_of(context)
    ledger = RunLedger.open(session.load(config, json=json))
    words = session.words
    try:
        record = ledger.get_run(run)
        came_of_it = ledger.queue.cancel(record.id, by=user or os_user())
        record = ledger.get_run(record.id)
    finally:
        ledger.close()
    if came_of_it == "ended" and record.status != "cancelled":
        raise UsageError(words("cancel.ended", id=record.id), hint=f"clawdbot show {record.id}")
    said = {"cancelled": "done", "asked": "asked", "ended": "was"}[came_of_it]
    if json:
        emit({"run_id": record.id, "status": record.status, "cancel": came_of_it})
    else:
        say(words(f"cancel.{said}", id=record.id))
    return 0
