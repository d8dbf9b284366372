"""The decisions of a run made anew, under the policy, the prices and the experience of today.  No model is asked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from clawdbot.config import Config
from clawdbot.models.calls.caller import Caller
from clawdbot.models.ladder import Ladder
from clawdbot.models.prompt_memory import PromptMemory
from clawdbot.models.routing.attempt import Attempt
from clawdbot.models.routing.decide import decide
from clawdbot.models.routing.decision import Decision
from clawdbot.models.routing.learning import Learned
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import RungState
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.spending.day import day_in
from clawdbot.models.standing import Prices, Standing
from clawdbot.models.step_request import Question, StepRequest
from clawdbot.store.database import Database
from clawdbot.store.odds import OddsStore
from clawdbot.store.spending import SpendingLedger


@dataclass(frozen=True, kw_only=True)
class Redecided:
    """One attempt with the decision that would be made for it today."""

    attempt: Attempt
    now: Decision

    @property
    def same(self) -> bool:
        """The same model, or none both times."""
        return self.attempt.decision.chosen == self.now.chosen


def redecider(config: Config, ladder: Ladder, database: Database) -> Callable[[Attempt], Redecided]:
    """A function that decides recorded attempts anew.

    The step is as it was recorded, a model that it had named included; availability, prices, odds and the money of
    users and days are of today; the run's own budget is untouched.  What the last step's model had in its prompt cache
    is as it was then.
    """
    policy, standing = Policy.of(config), _standing(config, ladder, database)
    run_id = f"replay-{secrets.token_hex(4)}"

    def made_anew(attempt: Attempt) -> Redecided:
        context = attempt.context
        step = StepRequest(
            run_id=run_id,
            step=context.step,
            user=context.user,
            kind=context.kind,
            intent=context.intent,
            label=context.label,
            deadline_s=context.deadline_s,
        )
        question = Question(prompts=((),), max_tokens=context.max_tokens)
        snapshot = standing.snapshot(step, question, context.prompt_tokens)
        warm = replace(snapshot, rungs=tuple(_as_then(rung, attempt) for rung in snapshot.rungs))
        return Redecided(attempt=attempt, now=decide(context, policy, warm))

    return made_anew


def _as_then(rung: RungState, attempt: Attempt) -> RungState:
    """The model of the step before was loaded, and had of the prompt what its call says."""
    if rung.name != attempt.context.previous:
        return rung
    call = attempt.call
    cached = call.cached_tokens if call is not None and call.model == rung.name else 0
    return replace(rung, loaded=True, cached_tokens=cached)


def _standing(config: Config, ladder: Ladder, database: Database) -> Standing:
    places = ladder.places()
    day = day_in(config.app.timezone)
    served = {place.name: f"{place.settings.provider}:{place.settings.model or place.name}" for place in places}
    return Standing(
        ladder,
        caller=Caller(config.router, ladder.settings),
        learned=Learned(OddsStore(database), home=config.app.home, served=served),
        memory=PromptMemory({place.name: 1 for place in places}),
        prices=Prices.of(ladder, date.fromisoformat(day())),
        budgets=Budgets(SpendingLedger(database), config.budget, day=day),
    )
