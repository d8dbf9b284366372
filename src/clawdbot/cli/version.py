"""``clawdbot version``."""

from __future__ import annotations

import platform

import typer

from clawdbot import __version__
from clawdbot.cli.streams import say

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def version() -> None:
    say(f"clawdbot {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")
