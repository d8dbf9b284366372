"""``clawdbot why RUN [STEP]``: which model took each step of a run, and why, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, help_text, session_of
from clawdbot.cli.streams import clean, emit, say
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from clawdbot.cli.session import Session
    from clawdbot.cli.telling import Telling
    from clawdbot.cli.why_view import Line
    from clawdbot.cli.wording import Words
    from clawdbot.config import Config
    from clawdbot.models.routing.snapshot import Scope
    from clawdbot.store.database import Database
    from clawdbot.store.ledger import RunRecord
    from clawdbot.workflows.account import StepAccount

app = typer.Typer(rich_markup_mode=None, add_completion=False)

LangOption = Annotated[str | None, typer.Option("--lang", metavar="zh|en", help=help_text("why.lang"))]


@app.command()
def why(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    step: Annotated[int | None, typer.Argument(metavar="[STEP]", min=1, help=help_text("why.step"))] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    lang: LangOption = None,
) -> int:
    from clawdbot.cli.recorded import read_run
    from clawdbot.cli.telling import Telling
    from clawdbot.store.ledger import RunLedger

    session = session_of(context)
    settings = session.load(config, json=json)
    ledger = RunLedger.open(settings)
    try:
        found = read_run(ledger, run)
        left = _money_left(settings, ledger.database, found.run)
    finally:
        ledger.close()
    telling = Telling(words_for(session, found.run.language, lang))
    if step is not None:
        chosen = _step(found.steps, step, found.run.id, telling.words)
        return _show_step(found.run, chosen, telling, json=json)
    return _show_run(session, found.run, found.steps, left, telling, json=json)


def words_for(session: Session, language: str, lang: str | None) -> Words:
    """The words of ``--lang``, else of the run's language; UsageError for another one."""
    from clawdbot.cli.wording import Words

    if lang not in (None, "zh", "en"):
        raise UsageError(session.words("demo.wrong_lang", lang=repr(lang)), hint="--lang zh  |  --lang en")
    return Words("zh" if (lang or language) == "zh" else "en")


def _money_left(settings: Config, database: Database, record: RunRecord) -> Mapping[Scope, Decimal | None]:
    from clawdbot.models.spending.budget import Budgets
    from clawdbot.models.spending.day import day_in
    from clawdbot.store.spending import SpendingLedger

    budgets = Budgets(SpendingLedger(database), settings.budget, day=day_in(settings.app.timezone))
    return budgets.left(run_id=record.id, step=0, user=record.user)


def _step(steps: Sequence[StepAccount], number: int, run_id: str, words: Words) -> StepAccount:
    found = next((step for step in steps if step.n == number), None)
    if found is None:
        names = ", ".join(str(step.n) for step in steps)
        hint = words("why.steps_are", steps=names) if names else words("why.no_steps")
        raise UsageError(words("why.no_step", id=run_id, n=number), hint=hint)
    return found


def _show_step(record: RunRecord, step: StepAccount, telling: Telling, *, json: bool) -> int:
    from clawdbot.cli.why_view import step_account

    lines = list(step_account(telling, step))
    if json:
        emit({"run_id": record.id, "step": _step_object(step), "told": _told(lines)})
    else:
        _print(record, lines, telling)
    return 0


def _show_run(
    session: Session,
    record: RunRecord,
    steps: Sequence[StepAccount],
    left: Mapping[Scope, Decimal | None],
    telling: Telling,
    *,
    json: bool,
) -> int:
    from clawdbot.cli.why_view import Line, overview, summary
    from clawdbot.workflows.account import add_up

    sums = add_up(steps)
    lines = [*overview(telling, steps), *summary(telling, sums, left, user=record.user)]
    if json:
        money = {scope: None if amount is None else str(amount) for scope, amount in left.items() if scope != "step"}
        body = {
            "run_id": record.id, "goal": record.goal, "language": record.language, "status": record.status,
            "recorded": any(step.questions for step in steps), "steps": [_step_object(step) for step in steps],
            "summary": {**sums.as_json(), "budget_left_usd": money}, "told": _told(lines),
        }  # fmt: skip
        emit(body)
        return 0
    detailed = next((step.n for step in steps if step.questions), None)
    if detailed is not None:
        lines.append(Line(text=telling.words("why.more")))
        lines.append(Line(text=session.command(f"why {record.id} {detailed}"), level=1, whole=True))
    _print(record, lines, telling)
    return 0


def _step_object(step: StepAccount) -> dict[str, Any]:
    return {
        "n": step.n, "tool": step.tool, "outcome": step.outcome, "model": step.model, "place": step.place,
        "spent_usd": str(step.spent_usd), "ms": step.ms, "attempts": [attempt.as_json() for attempt in step.attempts],
    }  # fmt: skip


def _told(lines: Iterable[Line]) -> list[str]:
    return [line.text for line in lines if line.text]


def _print(record: RunRecord, lines: Sequence[Line], telling: Telling) -> None:
    from clawdbot.cli.moments import local_time
    from clawdbot.cli.terminal import output
    from clawdbot.cli.why_view import Line, print_lines

    when = local_time(record.created_at)
    say(telling.words("why.head", id=record.id, user=clean(record.user), when=when))
    print_lines(output(), [Line(text=clean(" ".join(record.goal.split()))), Line(text=""), *lines])
