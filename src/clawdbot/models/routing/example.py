"""The models of a configuration as the policy would see them at rest: nothing is loaded, and nobody is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from clawdbot.config import Config, ModelConfig
from clawdbot.errors import UsageError
from clawdbot.models.fitness_card import load_card
from clawdbot.models.ladder import order_of
from clawdbot.models.providers import build
from clawdbot.models.routing.learning import Learned, bucket
from clawdbot.models.routing.snapshot import RungState, Scope, Snapshot
from clawdbot.models.routing.step_context import StepContext
from clawdbot.models.selection import named
from clawdbot.models.spending.prices import price_of
from clawdbot.store.odds import OddsInMemory


def snapshot_at_rest(config: Config, context: StepContext, *, today: date) -> Snapshot:
    """Every model idle and well, its odds and speed from its fitness card where it has one, no money spent yet.

    A model that its settings do not allow to build is unavailable and says why.  Raises UsageError for a name that
    means no model.
    """
    learned = Learned(OddsInMemory(), home=config.app.home)
    budget = config.budget
    left: dict[Scope, Decimal | None] = {
        "step": budget.step_usd,
        "task": budget.task_usd,
        "user_day": budget.user_day_usd,
        "day": budget.day_usd,
    }
    rungs = tuple(_rung(name, config, context, learned, today) for name in order_of(config))
    return Snapshot(rungs=rungs, budget_left=left)


def _rung(name: str, config: Config, context: StepContext, learned: Learned, today: date) -> RungState:
    settings = named(config, name)
    cloud, problem = _built(name, settings, config)
    rung = RungState(
        name=name,
        cloud=cloud,
        context=settings.context,
        price=price_of(name, settings, cloud=cloud, today=today).price,
        available=not problem,
        unavailable=problem,
        expected_tokens=learned.expected_tokens(context.kind, name),
        odds=learned.odds(context.kind, name, bucket(context.prompt_tokens)),
    )
    card = load_card(config.app.home, name)
    if card is None:
        return rung
    return replace(rung, prompt_tokens_s=card.prompt_tokens_per_s, completion_tokens_s=card.tokens_per_s)


def _built(name: str, settings: ModelConfig, config: Config) -> tuple[bool, str]:
    """Whether data would leave the machine, and why the model cannot be built; one that is not known is a cloud's."""
    try:
        return build(name, settings, home=config.app.home).cloud, ""
    except UsageError as error:
        return settings.cloud is not False, str(error)
