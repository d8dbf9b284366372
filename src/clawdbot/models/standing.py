"""How the models of the ladder stand at the moment of a decision: health, odds, speed, prices, caches, money left."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from clawdbot.config import StepKind
from clawdbot.models.calls.caller import Caller
from clawdbot.models.ladder import Ladder, Place
from clawdbot.models.prompt_memory import PromptMemory
from clawdbot.models.routing.learning import Learned, bucket
from clawdbot.models.routing.snapshot import RungState, Snapshot
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.spending.price import FREE, Price
from clawdbot.models.spending.prices import price_of
from clawdbot.models.step_request import Question, StepRequest

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What each model of the ladder costs; None where nobody knows."""

    by_name: Mapping[str, Price | None]
    warnings: Mapping[str, str]
    """What the operator should know of a price, by model."""

    @classmethod
    def of(cls, ladder: Ladder, today: date) -> Prices:
        """The prices that hold on a day; their warnings are logged."""
        found = {p.name: price_of(p.name, p.settings, cloud=p.cloud, today=today) for p in ladder.everyone()}
        for one in found.values():
            if one.warning:
                log.warning(one.warning)
        return cls(
            by_name={name: one.price for name, one in found.items()},
            warnings={name: one.warning for name, one in found.items() if one.warning},
        )

    def of_call(self, name: str) -> Price:
        """The price of a model that may be called."""
        return self.by_name[name] or FREE

    def known(self) -> dict[str, Price]:
        """Those that cost something."""
        return {name: price for name, price in self.by_name.items() if price is not None and price != FREE}

    def as_json(self) -> dict[str, dict[str, str]] | None:
        """What a record keeps; None when everything is free."""
        shown = {
            name: {key: str(value) for key, value in vars(price).items() if value is not None}
            for name, price in self.known().items()
        }
        return shown or None


class Standing:
    """Takes snapshots; thread-safe."""

    def __init__(
        self,
        ladder: Ladder,
        *,
        caller: Caller,
        learned: Learned,
        memory: PromptMemory,
        prices: Prices,
        budgets: Budgets,
    ) -> None:
        self._ladder = ladder
        self._caller = caller
        self._learned = learned
        self._memory = memory
        self._prices = prices
        self._budgets = budgets

    def snapshot(self, step: StepRequest, question: Question, prompt_tokens: int) -> Snapshot:
        """The ladder as it stands for a question with a prompt of so many tokens."""
        places = (self._ladder.place(step.pinned),) if step.pinned else self._ladder.places()
        rungs = tuple(self._rung(place, step.kind, question, prompt_tokens) for place in places)
        if not self._prices.known():
            return Snapshot(rungs=rungs)
        budgets = self._budgets.capped(step.budget_usd)
        left = budgets.left(run_id=step.run_id, step=step.step, user=step.user)
        return Snapshot(rungs=rungs, budget_left=left)

    def opens_again_s(self, names: Sequence[str]) -> float | None:
        """Seconds until the first of these models, which were left alone, is tried again; None without any."""
        return min((self._caller.health(name).opens_again_s for name in names), default=None)

    def _rung(self, place: Place, kind: StepKind, question: Question, prompt_tokens: int) -> RungState:
        health = self._caller.health(place.name)
        speeds = {
            name: value
            for name, value in (
                ("prompt_tokens_s", health.prompt_tokens_s),
                ("completion_tokens_s", health.completion_tokens_s),
            )
            if value is not None
        }
        return RungState(
            name=place.name,
            cloud=place.cloud,
            context=place.settings.context if place.rung is None else place.rung.context,
            price=self._prices.by_name[place.name],
            available=not place.unavailable,
            unavailable=place.unavailable,
            breaker=health.breaker,
            concurrency=health.concurrency,
            running=health.running,
            waiting=health.waiting,
            loaded=health.loaded,
            load_s=health.load_s,
            cached_tokens=self._memory.cached_tokens(place.name, question.prompts[-1], prompt_tokens),
            expected_tokens=self._learned.expected_tokens(kind, place.name),
            odds=self._learned.odds(kind, place.name, bucket(prompt_tokens)),
            **speeds,
        )
