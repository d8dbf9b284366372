"""``clawdbot scale``: more workers in the background, or fewer."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, help_text, session_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def scale(
    context: typer.Context,
    workers: Annotated[int, typer.Option("--workers", min=0, metavar="N", help=help_text("supervisor.workers"))],
    config: ConfigOption = None,
) -> int:
    from clawdbot.cli.background import Background

    session = session_of(context)
    Background(session, session.load(config)).scale(workers)
    return 0
