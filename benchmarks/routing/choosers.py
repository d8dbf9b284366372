"""The policies that ours is compared with."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from benchmarks.routing.play import Moment
from benchmarks.routing.summary import Worth
from benchmarks.routing.world import SimModel
from clawdbot.config import RouterConfig

_REPAIRS = RouterConfig().escalate_after
_AGAIN = 0.5
"""Of its odds, what is left to a model that has failed at the step."""
_FAILED_CALLS = 2.0
"""Calls that a noticed mistake costs: about the one that failed and one more."""


class Always:
    """One model for everything: the first of the suite, or the last."""

    def __init__(self, name: str, *, place: int) -> None:
        self.name = name
        self._place = place

    def choose(self, moment: Moment) -> str:
        """That model, whatever happened."""
        return moment.place.suite.models[self._place]

    def learn(self, moment: Moment, model: str, *, ok: bool, answer: int) -> None:
        """Nothing is learnt."""


class EscalateOnFailure:
    """The cheapest model first, for every step; the next one after as many repairs as the product's."""

    name = "escalate on failure"

    def choose(self, moment: Moment) -> str:
        """The first model that has a try left; the last one keeps trying."""
        tries = Counter(failure.model for failure in moment.failures)
        full = {failure.model for failure in moment.failures if failure.kind == "context_overflow"}
        *others, last = moment.place.suite.models
        return next((m for m in others if m not in full and tries[m] <= _REPAIRS), last)

    def learn(self, moment: Moment, model: str, *, ok: bool, answer: int) -> None:
        """Nothing is learnt."""


class RandomShare:
    """Each try by chance, with the shares of calls that another policy gave the models."""

    name = "random, our shares"

    def __init__(self, calls: Mapping[str, int], *, seed: str) -> None:
        self._models, self._shares = list(calls), list(calls.values())
        self._rng = random.Random(seed)

    def choose(self, moment: Moment) -> str:
        """A model by chance; one whose window is too small is not asked twice."""
        full = {failure.model for failure in moment.failures if failure.kind == "context_overflow"}
        fits = {m: share for m, share in zip(self._models, self._shares, strict=True) if m not in full}
        if not fits:
            return moment.place.suite.models[-1]
        return self._rng.choices(list(fits), list(fits.values()))[0]

    def learn(self, moment: Moment, model: str, *, ok: bool, answer: int) -> None:
        """Nothing is learnt."""


class KnowsOdds:
    """Knows every model's true odds by kind of step, and what share of mistakes is noticed, but no task's difficulty.

    Takes the model with the least expected cost: how far a policy could come that had learnt all there is to learn.
    """

    name = "knows the odds"

    def __init__(self, worth: Worth) -> None:
        self._worth = worth

    def choose(self, moment: Moment) -> str:
        """The least of the call's cost, of what follows a noticed mistake, and of an unnoticed one."""
        full = {failure.model for failure in moment.failures if failure.kind == "context_overflow"}
        left = {name: model for name, model in moment.place.models.items() if name not in full}
        return min(left, key=lambda name: self._cost(moment, name, left[name]), default="")

    def learn(self, moment: Moment, model: str, *, ok: bool, answer: int) -> None:
        """Everything is known."""

    def _cost(self, moment: Moment, name: str, model: SimModel) -> float:
        place, kind = moment.place, moment.kind
        right = sum(p * share for p, share in zip(model.success[kind], place.suite.difficulty, strict=True))
        right *= _AGAIN if any(failure.model == name for failure in moment.failures) else 1.0
        seen = place.world.detected[kind]
        call = place.call(moment.machine, name, moment.prompt, place.world.steps[kind].answer)
        cost = call.usd + self._worth.second_usd * call.seconds
        return cost * (1 + _FAILED_CALLS * (1 - right) * seen) + self._worth.failure_usd * (1 - right) * (1 - seen)
