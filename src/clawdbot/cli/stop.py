"""``clawdbot stop``: lets the workers in the background end."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, help_text, session_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def stop(
    context: typer.Context,
    config: ConfigOption = None,
    now: Annotated[bool, typer.Option("--now", help=help_text("supervisor.now"))] = False,
) -> int:
    from clawdbot.cli.background import Background

    session = session_of(context)
    Background(session, session.load(config)).stop(at_once=now)
    return 0
