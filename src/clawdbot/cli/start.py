"""``clawdbot start``: workers in the background, kept alive until ``clawdbot stop``."""

from __future__ import annotations

from typing import Annotated

import typer

from clawdbot.cli.session import ConfigOption, help_text, session_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def start(
    context: typer.Context,
    config: ConfigOption = None,
    workers: Annotated[int, typer.Option("--workers", min=1, metavar="N", help=help_text("supervisor.workers"))] = 1,
    slots: Annotated[int | None, typer.Option("--slots", min=1, metavar="N", help=help_text("worker.slots"))] = None,
    foreground: Annotated[bool, typer.Option("--foreground", help=help_text("supervisor.foreground"))] = False,
) -> int:
    session = session_of(context)
    loaded = session.load(config)
    if foreground:
        from clawdbot.cli.supervising import supervise

        supervise(loaded, session.config_path, workers, slots=slots or 0)
        return 0
    from clawdbot.cli.background import Background
    from clawdbot.cli.embedded_memory import warning
    from clawdbot.cli.streams import tell

    background = Background(session, loaded)
    background.refuse_second()
    if workers > 1 and (said := warning(loaded, workers, session.words)):
        tell(said)
    background.start(workers, slots=slots or 0)
    return 0
