"""``clawdbot workflow``: which there are, what one may do, running one, letting one start by itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import (
    ConfigOption,
    JsonOption,
    ModelOption,
    QuietOption,
    Session,
    UserOption,
    YesOption,
    help_text,
    os_user,
    session_of,
)
from clawdbot.cli.streams import emit, say
from clawdbot.cli.workflow_freeze import freeze
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.cli.workflow_desk import WorkflowDesk

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

app.command(help=help_text("freeze.help"))(freeze)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=help_text("workflow.name"))]


def _desk(session: Session) -> WorkflowDesk:
    from clawdbot.cli.workflow_desk import WorkflowDesk

    return WorkflowDesk.open(session)


@app.command("list", help=help_text("workflow.help_list"))
def list_workflows(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with closing(_desk(session)) as desk:
        desk.list_all()
    return exit_codes.VERIFIED


@app.command(help=help_text("workflow.help_show"))
def show(context: typer.Context, name: NameArgument, config: ConfigOption = None, json: JsonOption = False) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with closing(_desk(session)) as desk:
        desk.show(name)
    return exit_codes.VERIFIED


@app.command(help=help_text("workflow.help_check"))
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with closing(_desk(session)) as desk:
        good = desk.check(file)
    return exit_codes.VERIFIED if good else exit_codes.USAGE


@app.command(help=help_text("workflow.help_schema"))
def schema() -> int:
    from clawdbot.workflows.definition_file import json_schema

    emit(json_schema())
    return exit_codes.VERIFIED


@app.command(help=help_text("workflow.help_run"))
def run(
    context: typer.Context,
    name: NameArgument,
    given: Annotated[
        list[str] | None, typer.Option("--input", "-i", metavar="NAME=VALUE", help=help_text("workflow.input"))
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help=help_text("queued.detach"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    model: ModelOption = None,
    user: UserOption = None,
    yes: YesOption = False,
    quiet: QuietOption = False,
) -> int:
    from clawdbot.cli import running

    session = session_of(context)
    session.load(config, json=json)
    if detach and (yes or model):
        raise UsageError(session.words("workflow.detached"), hint="clawdbot approve RUN")
    person = user or os_user()
    with closing(_desk(session)) as desk:
        new = desk.new_run(name, _inputs(given or [], session), user=person)
        if detach:
            return desk.put_into_queue(new)
    manner = running.Manner(yes=yes, quiet=quiet, json=json, user=person)
    return running.drive(
        session,
        lambda app, stream, approver: app.engine.begin(new, listener=stream, approver=approver),
        manner=manner, language="zh" if new.language == "zh" else "en", model=model,
    )  # fmt: skip


@app.command(help=help_text("workflow.help_enable"))
def enable(
    context: typer.Context,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help=help_text("workflow.yes"))] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with closing(_desk(session)) as desk:
        enabled = desk.enable(name, by=user or os_user(), yes=yes)
    return exit_codes.VERIFIED if enabled else exit_codes.REFUSED


@app.command(help=help_text("workflow.help_disable"))
def disable(
    context: typer.Context,
    name: NameArgument,
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with closing(_desk(session)) as desk:
        was_on = desk.disable(name, by=user or os_user())
    if json:
        emit({"name": name, "enabled": False, "changed": was_on})
    else:
        say(session.words("workflow.disabled" if was_on else "workflow.was_off", name=name))
    return exit_codes.VERIFIED


def _inputs(given: list[str], session: Session) -> dict[str, str]:
    """NAME=VALUE pairs; the values are read by the types of the inputs."""
    found: dict[str, str] = {}
    for pair in given:
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise UsageError(session.words("workflow.pair", pair=pair), hint="--input period='last quarter'")
        found[name.strip()] = value
    return found
