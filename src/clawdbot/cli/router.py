"""``clawdbot router check``: what the configuration says for an example of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from clawdbot.cli.session import ConfigOption, JsonOption, UserOption, help_text, os_user, session_of
from clawdbot.cli.streams import emit
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clawdbot.cli.wording import Words
    from clawdbot.config import Config
    from clawdbot.models.routing.step_context import StepContext

Name = TypeVar("Name", bound=str)

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def router() -> None:
    """Keeps ``check`` a command of its own, as a single one would take its group's place."""


@app.command(help=help_text("router.help_check"))
def check(
    context: typer.Context,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help=help_text("router.kind"))] = "sql",
    intent: Annotated[str, typer.Option("--intent", metavar="INTENT", help=help_text("router.intent"))] = "data",
    label: Annotated[str, typer.Option("--label", metavar="LABEL", help=help_text("router.label"))] = "internal",
    tokens: Annotated[int, typer.Option("--tokens", min=1, metavar="N", help=help_text("router.tokens"))] = 2000,
    attempt: Annotated[int, typer.Option("--attempt", min=1, metavar="N", help=help_text("router.attempt"))] = 1,
    user: UserOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> int:
    from datetime import date

    from clawdbot.cli.router_view import show
    from clawdbot.models.routing.decide import decide
    from clawdbot.models.routing.example import snapshot_at_rest
    from clawdbot.models.routing.policy import Policy
    from clawdbot.models.spending.day import day_in

    session = session_of(context)
    settings = session.load(config, json=json)
    if not (settings.models or settings.router.order):
        raise UsageError(session.words("router.no_models"), hint=session.words("router.no_models_hint"))
    step = _step(settings, session.words, kind, intent, label, tokens, attempt, user or os_user())
    policy = Policy.of(settings)
    today = date.fromisoformat(day_in(settings.app.timezone)())
    decision = decide(step, policy, snapshot_at_rest(settings, step, today=today))
    if json:
        names = ("kind", "intent", "label", "prompt_tokens", "max_tokens", "user", "attempt")
        rules = [{"name": rule.name, "fires": not rule.unmet(step), "unmet": rule.unmet(step)} for rule in policy.rules]
        example = {name: getattr(step, name) for name in names}
        emit({"example": example, "rules": rules, "availability": "not asked", "decision": decision.as_json()})
    else:
        show(step, policy, decision, session.words)
    return 0


def _step(
    settings: Config, words: Words, kind: str, intent: str, label: str, tokens: int, attempt: int, user: str
) -> StepContext:
    from typing import get_args

    from clawdbot.config import LABELS, Intent, StepKind
    from clawdbot.models.routing.step_context import StepContext

    kinds: tuple[StepKind, ...] = get_args(StepKind)
    intents: tuple[Intent, ...] = get_args(Intent)
    seen = _one_of(label, LABELS, "--label", words)
    return StepContext(
        run_id="",
        step=1,
        user=user,
        kind=_one_of(kind, kinds, "--kind", words),
        intent=_one_of(intent, intents, "--intent", words),
        prompt_tokens=tokens,
        max_tokens=400,
        label=seen,
        masked_label=seen,
        deadline_s=settings.planner.deadline_s,
        attempt=attempt,
    )


def _one_of(given: str, known: Sequence[Name], option: str, words: Words) -> Name:
    from difflib import get_close_matches

    for name in known:
        if name == given:
            return name
    near = get_close_matches(given, known, n=1)
    hint = words("knowledge.nearest", name=near[0]) if near else ""
    names = words("knowledge.one_of", names=words.separator.join(known))
    raise UsageError(words("router.wrong_value", option=option, value=repr(given)), hint=f"{hint} {names}".strip())
