"""``clawdbot show RUN``: one run with its steps, as it was or as it happens, and its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import ConfigOption, JsonOption, Session, help_text, session_of
from clawdbot.cli.streams import clean, emit, say
from clawdbot.cli.wording import Words
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clawdbot.store.ledger import RunRecord

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    config: ConfigOption = None,
    json: JsonOption = False,
    follow: Annotated[bool, typer.Option("--follow", help=help_text("follow.help"))] = False,
    after: Annotated[int, typer.Option("--after", metavar="SEQ", min=0, help=help_text("follow.after"))] = 0,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help=help_text("follow.checkpoints"))] = False,
) -> int:
    from clawdbot.cli import following
    from clawdbot.cli.checkpoints_view import print_checkpoints
    from clawdbot.cli.effects_view import effect_object, print_effects
    from clawdbot.cli.records import run_object
    from clawdbot.store.ledger import RunLedger

    session = session_of(context)
    settings = session.load(config, json=json)
    if follow and checkpoints:
        raise UsageError(session.words("follow.only_one"), hint=f"clawdbot show {run} --follow")
    ledger = RunLedger.open(settings)
    try:
        if checkpoints:
            print_checkpoints(session, settings, ledger, run)
            return 0
        if follow and following.follow(session, ledger, run, after=after) is None:
            return exit_codes.INTERRUPTED
        record = ledger.get_run(run)
        found = run_object(settings, ledger, record)
        effects = ledger.effects.of_family(record.id)
    finally:
        ledger.close()
    words = Words("zh" if record.language == "zh" else "en")
    if json:
        if not follow:
            emit({**found, "effects": [effect_object(effect) for effect in effects]})
    else:
        _print_run(record, found, words, steps=not follow)
        print_effects(session, effects, words)
        _print_next(session, record, found, words)
    return exit_codes.of_run(found) if follow else 0


def _print_run(record: RunRecord, found: Mapping[str, Any], words: Words, *, steps: bool) -> None:
    from clawdbot.cli.moments import local_time
    from clawdbot.cli.result_view import print_result
    from clawdbot.cli.step_stream import StepStream
    from clawdbot.cli.terminal import output

    if steps:
        say(words("show.head", id=record.id, user=clean(record.user), when=local_time(record.created_at)))
        say(clean(record.goal))
    say(words("show.status", status=words(f"status.{record.status}")))
    if record.cancel_by:
        say(words("cancel.by", who=clean(record.cancel_by)))
    if record.error:
        say(words("show.why", why=clean(record.error)))
    stream = StepStream(output(), words.language)
    for step in found["steps"] if steps else ():
        stream.step(step)
    say()
    print_result(output(), found, words)


def _print_next(session: Session, record: RunRecord, found: Mapping[str, Any], words: Words) -> None:
    from clawdbot.cli.person import quoted

    if found["approval"]:
        say(words("approval.head", tool=found["approval"]["tool"]))
        say(quoted(str(found["approval"]["payload"])))
    if record.status not in ("done", "cancelled"):
        goes_on = record.status in ("queued", "running") and not found["approval"]
        command = f"show {record.id} --follow" if goes_on else f"run --resume {record.id}"
        say(words("show.next"))
        say(f"  {session.command(f'approve {record.id}' if found['approval'] else command)}")
