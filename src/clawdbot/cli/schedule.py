"""``clawdbot schedule``: when workflows start by themselves, what came of it, pausing and starting by hand."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import ConfigOption, JsonOption, UserOption, help_text, os_user, session_of
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clawdbot.cli.session import Session
    from clawdbot.store.ledger import RunLedger
    from clawdbot.workflows.schedules.scheduler import Scheduler

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=help_text("schedule.name"))]


@app.command("list", help=help_text("schedule.help_list"))
def list_schedules(context: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> int:
    from clawdbot.cli.schedule_view import ScheduleView
    from clawdbot.cli.schedules import known_schedules
    from clawdbot.cli.streams import emit

    session = session_of(context)
    loaded = session.load(config, json=json)
    with closing(_ledger(session)) as ledger:
        found = known_schedules(ledger)
        working = any(worker.alive(loaded.worker.lease_s) for worker in ledger.workers.all())
    if json:
        emit({"schedules": [one.as_json() for one in found], "workers": working})
    else:
        ScheduleView(session).print_all(found, working=working)
    return exit_codes.VERIFIED


@app.command("next", help=help_text("schedule.help_next"))
def next_starts(
    context: typer.Context,
    name: NameArgument,
    count: Annotated[int, typer.Option("--count", min=1, max=1000, metavar="N", help=help_text("schedule.count"))] = 5,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from datetime import UTC, datetime

    from clawdbot.cli.schedule_view import ScheduleView
    from clawdbot.cli.schedules import coming
    from clawdbot.cli.streams import emit
    from clawdbot.store.schedules import ScheduleStore

    session = session_of(context)
    session.load(config, json=json)
    with closing(_ledger(session)) as ledger:
        schedule = ScheduleStore(ledger.database, ledger.queue).get(name)
    found = coming(schedule, now=datetime.now(UTC), count=count)
    if json:
        emit({"schedule": schedule.name, "paused": schedule.paused, "next": [moment.isoformat() for moment in found]})
    else:
        ScheduleView(session).print_next(schedule, found)
    return exit_codes.VERIFIED


@app.command(help=help_text("schedule.help_history"))
def history(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=help_text("schedule.name"))] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help=help_text("schedule.limit"))] = 20,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from clawdbot.cli.schedule_view import ScheduleView
    from clawdbot.cli.schedules import past
    from clawdbot.cli.streams import emit

    session = session_of(context)
    session.load(config, json=json)
    with closing(_ledger(session)) as ledger:
        found = past(ledger, name, limit=limit)
    if json:
        emit({"firings": [one.as_json() for one in found]})
    else:
        ScheduleView(session).print_history(found)
    return exit_codes.VERIFIED


@app.command(help=help_text("schedule.help_pause"))
def pause(
    context: typer.Context,
    name: NameArgument,
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with _scheduler(session) as scheduler:
        schedule = scheduler.store.get(name).name
        changed = scheduler.pause(schedule, by=user or os_user())
    return _tell(session, schedule, changed, "schedule.paused_now" if changed else "schedule.was_paused", paused=True)


@app.command(help=help_text("schedule.help_resume"))
def resume(
    context: typer.Context,
    name: NameArgument,
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    session = session_of(context)
    session.load(config, json=json)
    with _scheduler(session) as scheduler:
        schedule = scheduler.store.get(name).name
        changed = scheduler.resume(schedule, by=user or os_user())
    return _tell(session, schedule, changed, "schedule.resumed" if changed else "schedule.was_on", paused=False)


@app.command(help=help_text("schedule.help_fire"))
def fire(
    context: typer.Context,
    name: NameArgument,
    given: Annotated[
        list[str] | None, typer.Option("--input", "-i", metavar="NAME=VALUE", help=help_text("workflow.input"))
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    user: UserOption = None,
) -> int:
    from clawdbot.cli.detaching import print_queued

    session = session_of(context)
    loaded = session.load(config, json=json)
    inputs = dict(_pair(text, session) for text in given or [])
    with _scheduler(session) as scheduler:
        run_id = scheduler.fire(name, by=user or os_user(), inputs=inputs)
    with closing(_ledger(session)) as ledger:
        working = any(worker.alive(loaded.worker.lease_s) for worker in ledger.workers.all())
    print_queued(session, run_id, nobody_works=not working)
    return exit_codes.VERIFIED


def _ledger(session: Session) -> RunLedger:
    from clawdbot.store.ledger import RunLedger

    assert session.config is not None, "the command has read it"
    return RunLedger.open(session.config)


@contextmanager
def _scheduler(session: Session) -> Iterator[Scheduler]:
    """A scheduler on the session's ledger, closed with it."""
    from clawdbot.workflows.schedules.scheduler import Scheduler

    assert session.config is not None, "the command has read it"
    with closing(_ledger(session)) as ledger, closing(Scheduler(session.config, ledger)) as scheduler:
        yield scheduler


def _tell(session: Session, name: str, changed: bool, said: str, *, paused: bool) -> int:
    from clawdbot.cli.streams import emit, say

    if session.json:
        emit({"schedule": name, "paused": paused, "changed": changed})
    else:
        say(session.words(said, name=name))
    return exit_codes.VERIFIED


def _pair(text: str, session: Session) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.strip():
        raise UsageError(session.words("workflow.pair", pair=text), hint="--input period='last quarter'")
    return name.strip(), value
