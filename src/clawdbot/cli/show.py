"""``clawdbot show RUN``: one run with its steps."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, session_of
from clawdbot.cli.streams import clean, emit, say

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.cli.effects_view import effect_object, print_effects
    from clawdbot.cli.moments import local_time
    from clawdbot.cli.person import quoted
    from clawdbot.cli.records import run_object
    from clawdbot.cli.result_view import print_result
    from clawdbot.cli.step_stream import StepStream
    from clawdbot.cli.terminal import output
    from clawdbot.cli.wording import Words
    from clawdbot.store.ledger import RunLedger

    session = session_of(context)
    settings = session.load(config, json=json)
    ledger = RunLedger.open(settings)
    try:
        record = ledger.get_run(run)
        found = run_object(settings, ledger, record)
        effects = ledger.effects.of_family(record.id)
    finally:
        ledger.close()
    if json:
        emit({**found, "effects": [effect_object(effect) for effect in effects]})
        return 0
    words = Words("zh" if record.language == "zh" else "en")
    say(words("show.head", id=record.id, user=clean(record.user), when=local_time(record.created_at)))
    say(clean(record.goal))
    say(words("show.status", status=words(f"status.{record.status}")))
    if record.error:
        say(words("show.why", why=clean(record.error)))
    stream = StepStream(output(), words.language)
    for step in found["steps"]:
        stream.step(step)
    say()
    print_result(output(), found, words)
    print_effects(session, effects, words)
    if found["approval"]:
        say(words("approval.head", tool=found["approval"]["tool"]))
        say(quoted(str(found["approval"]["payload"])))
    if record.status != "done":
        follow = f"approve {record.id}" if found["approval"] else f"run --resume {record.id}"
        say(words("show.next"))
        say(f"  {session.command(follow)}")
    return 0
