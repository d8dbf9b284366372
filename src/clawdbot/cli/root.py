"""The commands by name; a command's module is imported when it is called, so that ``--help`` is fast."""

from __future__ import annotations

import importlib
from typing import Any

import typer
import typer.core
import typer.main

from clawdbot.cli.wording import Words, locale_language

COMMANDS = (
    "run", "ask", "runs", "show", "why", "replay", "approve", "cancel", "settle", "workflow", "schedule", "knowledge",
    "models", "router", "tools", "init", "worker", "start", "stop", "scale", "status", "prune",
    "doctor", "demo", "version",
)  # fmt: skip
"""In the order of ``--help``; each is a module of this package with a Typer ``app``."""


class LazyGroup(typer.core.TyperGroup):
    """The group of all commands; their one-line helps stand in the words, not in their modules."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(importlib.import_module(f"clawdbot.cli.{cmd_name}").app)
        command.name = cmd_name
        command.help = Words(locale_language())(f"help.{cmd_name}")
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list, without importing anything."""
        words = Words(locale_language())
        with formatter.section(words("help.commands")):
            formatter.write_dl([(name, words(f"help.{name}")) for name in COMMANDS])


def root() -> LazyGroup:
    """A fresh root group."""
    words = Words(locale_language())
    return LazyGroup(name="clawdbot", help=words("help.clawdbot"), rich_markup_mode=None, no_args_is_help=True)
