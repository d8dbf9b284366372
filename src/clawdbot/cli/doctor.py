"""``clawdbot doctor``: what is missing on this machine, what to do, and what it can mend itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import ConfigOption, JsonOption, Session, help_text, session_of
from clawdbot.cli.streams import clean, emit, say, tell
from clawdbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clawdbot.cli.diagnosis import Finding
    from clawdbot.config import Config

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@app.command()
def doctor(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help=help_text("doctor.fix"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    session = session_of(context)
    findings = list(_examine(session, fix=fix, config=_settings(session, config, json=json), json=json))
    if json:
        rows = [{"name": f.name, "status": f.status, "message": f.message, "advice": f.advice} for f in findings]
        emit({"ok": all(f.status != "fail" for f in findings), "checks": rows})
    return exit_codes.USAGE if any(f.status == "fail" for f in findings) else exit_codes.VERIFIED


def _settings(session: Session, path: object, *, json: bool) -> Config | ConfigError:
    from pathlib import Path

    try:
        return session.load(path if isinstance(path, Path) else None, json=json)
    except ConfigError as error:
        return error


def _examine(session: Session, *, fix: bool, config: Config | ConfigError, json: bool) -> Iterator[Finding]:
    for finding in _findings(session, fix=fix, config=config):
        if not json:
            say(clean(f"{_MARKS[finding.status]} {finding.name}: {finding.message}"))
            if finding.advice:
                say(clean(f"    → {finding.advice}"))
        yield finding


def _findings(session: Session, *, fix: bool, config: Config | ConfigError) -> Iterator[Finding]:
    from clawdbot.cli import diagnosis, services
    from clawdbot.config import Config
    from clawdbot.config_file import find

    words = session.words
    if isinstance(config, ConfigError):
        yield diagnosis.failed("config", config)
        config = Config()
    else:
        place = find(session.config_path)
        said = words("doctor.no_config") if place is None else str(place.absolute())
        advice = "clawdbot init" if place is None else ""
        yield diagnosis.Finding(name="config", status="warn" if place is None else "ok", message=said, advice=advice)
        if fix:
            _mend(session, config)
    for check in (
        diagnosis.python, diagnosis.home, diagnosis.ledger, diagnosis.model, diagnosis.ollama, diagnosis.tools,
        services.databases, services.mail, diagnosis.tex, diagnosis.font, diagnosis.ports,
    ):  # fmt: skip
        yield from check(config, words)


def _mend(session: Session, config: Config) -> None:
    """Do what is safe: make the home, get the embedded model when no model would be found."""
    from clawdbot.cli.diagnosis import make_home
    from clawdbot.cli.download import fetch_embedded
    from clawdbot.errors import ClawdbotError, UsageError
    from clawdbot.models.catalog import DEFAULT_MODEL
    from clawdbot.models.selection import select

    if make_home(config.app.home):
        tell(session.words("doctor.made_home", path=config.app.home))
    try:
        select(config)
    except UsageError:
        try:
            fetch_embedded(config.app.home, DEFAULT_MODEL, session.words)
        except ClawdbotError as error:
            tell(session.words("error.sentence", text=error))
