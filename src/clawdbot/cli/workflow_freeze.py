"""``clawdbot workflow freeze``: a verified run becomes a workflow file that a person has looked at."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import ConfigOption, JsonOption, UserOption, help_text, os_user, session_of


def freeze(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help=help_text("freeze.run"))],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help=help_text("freeze.name"))] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=help_text("freeze.out"))] = None,
    yes: Annotated[bool, typer.Option("--yes", help=help_text("freeze.yes"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    from clawdbot.cli.freeze_desk import FreezeDesk

    session = session_of(context)
    settings = session.load(config, json=json)
    with closing(FreezeDesk(session, settings)) as desk:
        written = desk.freeze(run, name=name, out=out, by=user or os_user(), yes=yes)
    return exit_codes.VERIFIED if written else exit_codes.REFUSED
