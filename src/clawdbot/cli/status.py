"""``clawdbot status``: the queue, the workers, and what waits for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, help_text, session_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def status(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
    detail: Annotated[bool, typer.Option("--detail", help=help_text("standing.detail"))] = False,
) -> int:
    from clawdbot.cli.standing import standing
    from clawdbot.cli.status_view import StatusView
    from clawdbot.cli.streams import emit
    from clawdbot.cli.terminal import output

    session = session_of(context)
    found = standing(session.load(config, json=json))
    if json:
        emit(found.as_json())
    else:
        StatusView(session, output()).print(found, detail=detail)
    return 0
