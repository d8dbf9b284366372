"""``clawdbot worker``: works on the queue in the foreground, until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, help_text, session_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def worker(
    context: typer.Context,
    config: ConfigOption = None,
    slots: Annotated[int | None, typer.Option("--slots", min=1, metavar="N", help=help_text("worker.slots"))] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help=help_text("worker.name"))] = "",
    once: Annotated[bool, typer.Option("--once", help=help_text("worker.once"))] = False,
    until_empty: Annotated[bool, typer.Option("--until-empty", help=help_text("worker.until_empty"))] = False,
) -> int:
    import os
    import sys

    from clawdbot.app import App
    from clawdbot.cli.drain_signals import draining
    from clawdbot.cli.exit_codes import VERIFIED
    from clawdbot.cli.worker_log import WorkerLog

    session = session_of(context)
    loaded = session.load(config)
    log = WorkerLog(session, label=name)
    with draining() as signals, App.open(loaded) as app:
        working = app.worker(label=name, slots=slots or 0, tell=log)
        signals.send_to(working.drain)
        left = working.run(until="one" if once else "empty" if until_empty else "told")
        if left:  # threads that do not stop would keep the process alive; what they held is taken over
            sys.stderr.flush()
            os._exit(VERIFIED)
    return VERIFIED
