"""What one invocation knows: its configuration once it is read, its language, and where output goes."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli.wording import Language, Words, locale_language

if TYPE_CHECKING:
    from clawdbot.config import Config

help_text = Words(locale_language())

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=help_text("option.config"))]
JsonOption = Annotated[bool, typer.Option("--json", help=help_text("option.json"))]
ModelOption = Annotated[str | None, typer.Option("--model", metavar="NAME", help=help_text("option.model"))]
UserOption = Annotated[str | None, typer.Option("--user", metavar="NAME", help=help_text("option.user"))]
YesOption = Annotated[bool, typer.Option("--yes", help=help_text("option.yes"))]
QuietOption = Annotated[bool, typer.Option("--quiet", help=help_text("option.quiet"))]


class Session:
    """One invocation.  Commands find it in ``context.obj``."""

    def __init__(self) -> None:
        self.config: Config | None = None
        self.config_path: Path | None = None
        self.json = False

    def load(self, path: Path | None, *, json: bool = False) -> Config:
        """Read the configuration; ConfigError as :func:`clawdbot.config_file.load` raises it."""
        from clawdbot.config_file import load

        self.json = json
        self.config_path = path
        self.config = load(path)
        return self.config

    @property
    def language(self) -> Language:
        """``[app] language``, else the locale's."""
        chosen = "auto" if self.config is None else self.config.app.language
        return locale_language() if chosen == "auto" else chosen

    @property
    def words(self) -> Words:
        return Words(self.language)

    @property
    def home(self) -> Path:
        """Where to log what went wrong, also before the configuration is read."""
        return Path("~/.clawdbot").expanduser() if self.config is None else self.config.app.home

    def command(self, text: str) -> str:
        """A command to type next, with the configuration of this one."""
        return f"clawdbot {text}" + (f" --config {self.config_path}" if self.config_path else "")


def session_of(context: typer.Context) -> Session:
    """The session of a command."""
    found = context.find_root().obj
    assert isinstance(found, Session), "main puts it there"
    return found


def os_user() -> str:
    """The operating system's name of the person; 'local' where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a passwd entry
        return "local"
