"""Rich consoles for both outputs, forgiving a reader that goes away."""

from __future__ import annotations

import sys

from rich.console import Console

from clawdbot.cli.streams import discard


class TolerantConsole(Console):
    """Rich's console, without its own way of ending the process when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """Let what is left go nowhere; the run goes on and keeps its exit code."""
        self.quiet = True
        discard(self.file)  # type: ignore[arg-type]  # a console's file is one of the two outputs


def output() -> TolerantConsole:
    """For what was asked for."""
    return TolerantConsole(file=sys.stdout, highlight=False, markup=False, emoji=False)


def progress() -> TolerantConsole:
    """For what happens meanwhile."""
    return TolerantConsole(file=sys.stderr, highlight=False, markup=False, emoji=False)
