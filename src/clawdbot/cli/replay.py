"""``clawdbot replay RUN``: the recorded steps put to another model or decided anew, and compared; or a run forked."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawdbot.cli import exit_codes
from clawdbot.cli.session import (
    ConfigOption,
    JsonOption,
    QuietOption,
    UserOption,
    YesOption,
    help_text,
    os_user,
    session_of,
)
from clawdbot.cli.streams import clean, emit, tell
from clawdbot.cli.why import LangOption, words_for
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from langchain_core.messages import BaseMessage

    from clawdbot.app import App
    from clawdbot.cli.recorded import RecordedRun
    from clawdbot.cli.telling import Telling
    from clawdbot.cli.why_view import Line
    from clawdbot.config import Config
    from clawdbot.models.chat import Schema
    from clawdbot.models.step_request import StepAnswer, StepRequest
    from clawdbot.store.database import Database
    from clawdbot.workflows.redeciding import Redecided
    from clawdbot.workflows.replay import Replayed

app = typer.Typer(rich_markup_mode=None, add_completion=False)

OtherModel = Annotated[str | None, typer.Option("--model", metavar="NAME", help=help_text("replay.model"))]
FromOption = Annotated[str | None, typer.Option("--from", metavar="STEP", help=help_text("fork.from"))]


@app.command()
def replay(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    config: ConfigOption = None,
    model: OtherModel = None,
    json: JsonOption = False,
    lang: LangOption = None,
    begin: FromOption = None,
    user: UserOption = None,
    yes: YesOption = False,
    quiet: QuietOption = False,
) -> int:
    from clawdbot.cli.forking import work_on_fork
    from clawdbot.cli.recorded import read_run
    from clawdbot.cli.telling import Telling
    from clawdbot.store.ledger import RunLedger

    session = session_of(context)
    settings = session.load(config, json=json)
    if begin is not None:
        return work_on_fork(session, run, begin, model=model, user=user or os_user(), yes=yes, quiet=quiet)
    if user or yes or quiet:
        raise UsageError(session.words("fork.only"), hint=f"clawdbot replay {run} --from STEP")
    ledger = RunLedger.open(settings)
    try:
        found = read_run(ledger, run)
        telling = Telling(words_for(session, found.run.language, lang))
        if model is None:
            return _decide_anew(settings, ledger.database, found, telling, json=json)
    finally:
        ledger.close()
    return _ask_anew(settings, model, found, telling, json=json)


def _decide_anew(settings: Config, database: Database, found: RecordedRun, telling: Telling, *, json: bool) -> int:
    from clawdbot.cli.replay_view import decided
    from clawdbot.models.selection import open_ladder
    from clawdbot.workflows.redeciding import redecider

    made_anew = redecider(settings, open_ladder(settings), database)
    firsts = [(step, made_anew(question[0])) for step in found.steps for question in step.questions]
    if json:
        emit({"run_id": found.run.id, "model": None, "decisions": [_decision_object(one) for _, one in firsts]})
    else:
        _print([*decided(telling, found.run.id, firsts)])
    return exit_codes.VERIFIED if firsts else exit_codes.PARTIAL_OR_FAILED


def _decision_object(one: Redecided) -> dict[str, Any]:
    then = one.attempt.decision
    context = one.attempt.context
    return {
        "n": context.step, "kind": context.kind, "then": then.chosen, "now": one.now.chosen, "same": one.same,
        "same_policy": then.policy_hash == one.now.policy_hash, "decision": one.now.as_json(),
    }  # fmt: skip


def _ask_anew(settings: Config, model: str, found: RecordedRun, telling: Telling, *, json: bool) -> int:
    from clawdbot.app import App
    from clawdbot.cli.interrupts import second_ends_at_once
    from clawdbot.cli.replay_view import asked
    from clawdbot.workflows.replay import Tally

    compared: list[Replayed] = []
    whole = False
    with second_ends_at_once(), App.open(settings, model=model) as opened, suppress(KeyboardInterrupt):
        for one in _replayed(opened, model, found, telling, quiet=json):
            compared.append(one)
        whole = True
    tally = Tally.of(compared)
    if json:
        steps = [one.as_json() for one in compared]
        emit({"run_id": found.run.id, "model": model, "complete": whole, "steps": steps, "summary": tally.as_json()})
    else:
        limit = settings.router.cloud_max_label
        _print([*asked(telling, found.run.id, model, compared, tally, whole=whole, limit=limit)])
    if not whole:
        return exit_codes.INTERRUPTED
    return exit_codes.VERIFIED if tally.asked else exit_codes.PARTIAL_OR_FAILED


def _replayed(app: App, model: str, found: RecordedRun, telling: Telling, *, quiet: bool) -> Iterator[Replayed]:
    import secrets

    from clawdbot.workflows.replay import Target, replay

    settings = app.config
    target = Target(
        model=model,
        cloud=app.models.ladder.places()[0].cloud,
        cloud_max_label=settings.router.cloud_max_label,
        run_id=f"replay-{secrets.token_hex(4)}",
        user=os_user(),
        deadline_s=settings.planner.deadline_s,
    )
    ask = _asker(app, model, telling, quiet=quiet)
    return replay(found.steps, found.records, app.ledger.attempts.request, ask, target)


def _asker(
    app: App, model: str, telling: Telling, *, quiet: bool
) -> Callable[[StepRequest, Sequence[BaseMessage], Schema, int], StepAnswer]:
    def ask(step: StepRequest, messages: Sequence[BaseMessage], schema: Schema, max_tokens: int) -> StepAnswer:
        if not quiet:
            tell(telling.words("replay.asking", model=clean(model), n=step.step))
        return app.models.complete(step, messages, schema, max_tokens=max_tokens)

    return ask


def _print(lines: Sequence[Line]) -> None:
    from clawdbot.cli.terminal import output
    from clawdbot.cli.why_view import print_lines

    print_lines(output(), lines)
