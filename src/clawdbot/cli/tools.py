"""``clawdbot tools``: which there are, what is wrong with one, beginning one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import ConfigOption, JsonOption, help_text, session_of
from clawdbot.cli.streams import clean, emit, say

if TYPE_CHECKING:
    from clawdbot.config import Config
    from clawdbot.tools.conformance import Problem

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.command("list", help=help_text("tools.help_list"))
def list_tools(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> int:
    from clawdbot.tools.registry import Registry

    session = session_of(context)
    registry = Registry.load(session.load(config, json=json))
    if json:
        emit({
            "tools": [
                {"name": entry.name, "origin": entry.origin, "enabled": entry.enabled, "advice": entry.advice,
                 "effect": entry.tool.effect if entry.tool else None,
                 "description": entry.tool.description if entry.tool else None}
                for entry in registry.entries
            ],
            "problems": [{"name": p.name, "origin": p.origin, "reason": p.reason} for p in registry.problems],
        })  # fmt: skip
        return 0
    for entry in registry.entries:
        effect = f", {entry.tool.effect}" if entry.tool else ""
        say(clean(f"{'●' if entry.enabled else '○'} {entry.name}  ({entry.origin}{effect})"))
        if entry.tool:
            say(clean(f"  {entry.tool.description}"))
        if entry.advice:
            say(f"  {session.words('tools.enable', name=entry.name)}")
        elif not entry.enabled:
            say(f"  {session.words('freeze.tool')}")
    for problem in registry.problems:
        say(clean(f"✗ {problem.name}  ({problem.origin})\n  {problem.reason}"))
    return 0


@app.command(help=help_text("tools.help_check"))
def check(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help=help_text("tools.path"), show_default=False)
    ] = None,
    call: Annotated[bool, typer.Option("--call", help=help_text("tools.call"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.tools.conformance import check_path

    session = session_of(context)
    settings = session.load(config, json=json)
    found = _of_configuration(settings, call=call) if path is None else check_path(path, call=call)
    if json:
        emit({"problems": [{"tool": p.tool, "message": p.message, "severity": p.severity} for p in found]})
    else:
        for problem in found:
            kind = session.words(f"tools.{problem.severity}")
            say(clean(f"{kind} {problem.tool}: {problem.message}"))
        if not found:
            say(session.words("tools.fine"))
    wrong = any(problem.severity == "error" for problem in found)
    return exit_codes.USAGE if wrong else exit_codes.VERIFIED


@app.command(help=help_text("tools.help_new"))
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    folder: Annotated[Path, typer.Option("--folder", help=help_text("tools.folder"))] = Path("tools"),
) -> int:
    from clawdbot.tools.scaffold import new_tool

    path = new_tool(name, folder)
    words = session_of(context).words
    say(words("tools.written", path=path, test=path.with_name(f"test_{path.name}")))
    say(words("tools.next", folder=folder, name=name))
    return 0


def _of_configuration(settings: Config, *, call: bool) -> list[Problem]:
    """Problems of the enabled tools, and of what could not be loaded at all."""
    from clawdbot.tools.conformance import Problem, check_tool
    from clawdbot.tools.registry import Registry

    registry = Registry.load(settings)
    found = [Problem(tool=p.name, message=p.reason) for p in registry.problems]
    for tool in registry.tools():
        found.extend(check_tool(tool, call=call))
    return found
