"""``clawdbot settle``: effects that nobody knows of, and a person's word on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, Session, UserOption, help_text, os_user, session_of
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.store.settling import Settlement
    from clawdbot.workflows.settling import SettlingDesk

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def settle(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help=help_text("settle.key"))] = None,
    sent: Annotated[bool, typer.Option("--sent", help=help_text("settle.sent"))] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help=help_text("settle.not_sent"))] = False,
    resend: Annotated[bool, typer.Option("--resend", help=help_text("settle.resend"))] = False,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help=help_text("settle.note"))] = "",
    user: UserOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from contextlib import closing

    from clawdbot.store.ledger import RunLedger
    from clawdbot.workflows.settling import SettlingDesk

    session = session_of(context)
    settings = session.load(config, json=json)
    given: dict[Settlement, bool] = {"sent": sent, "not_sent": not_sent, "resend": resend}
    chosen: list[Settlement] = [settlement for settlement, wanted in given.items() if wanted]
    if len(chosen) > 1 or (chosen and key is None):
        raise UsageError(session.words("settle.one"), hint=session.command("settle KEY --sent"))
    with closing(RunLedger.open(settings)) as ledger:
        desk = SettlingDesk(settings, ledger)
        if key is None:
            return _list(session, desk)
        if not chosen:
            return _look(session, desk, key)
        return _answer(session, desk, key, chosen[0], by=user or os_user(), note=note)


def _list(session: Session, desk: SettlingDesk) -> int:
    from clawdbot.cli.effects_view import print_unsettled, unsettled_object
    from clawdbot.cli.streams import emit, say

    found = desk.unsettled()
    if session.json:
        emit({"unknown": [unsettled_object(one) for one in found]})
    elif not found:
        say(session.words("settle.none"))
    for one in () if session.json else found:
        print_unsettled(session, one)
    return 0


def _look(session: Session, desk: SettlingDesk, key: str) -> int:
    from clawdbot.cli.effects_view import print_unsettled, unsettled_object
    from clawdbot.cli.streams import emit

    found = desk.find(key)
    if session.json:
        emit(unsettled_object(found))
    else:
        print_unsettled(session, found)
    return 0


def _answer(session: Session, desk: SettlingDesk, key: str, settlement: Settlement, *, by: str, note: str) -> int:
    from clawdbot.cli.effects_view import print_settled, unsettled_object
    from clawdbot.cli.streams import emit

    settled = desk.settle(key, settlement, by=by, note=note)
    if session.json:
        emit(unsettled_object(settled))
    else:
        print_settled(session, settled)
    return 0
