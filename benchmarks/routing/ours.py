"""The product's policy in the simulated office: the real ``decide`` on the odds that the real ``Learned`` learns."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.routing.office import Place
from benchmarks.routing.play import Moment
from benchmarks.routing.world import SimModel
from clawdbot.models.fitness_card import FitnessCard, LanguageScore
from clawdbot.models.routing.decide import decide
from clawdbot.models.routing.learning import Learned, bucket
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import RungState, Snapshot
from clawdbot.models.routing.step_context import StepContext
from clawdbot.store.odds import OddsInMemory

_MAX_TOKENS = 700
_DEADLINE_S = 900.0
_CARD_TASKS = 20
_AT = "2026-01-01T00:00:00+00:00"
"""The clock stands: nothing that is learnt in a suite fades by age."""


class Ours:
    """Decides every try anew, and learns from what the checks say.

    ``home`` is the folder of fitness cards; without it the policy begins with its neutral odds.
    """

    def __init__(self, name: str, policy: Policy, *, home: Path | None = None) -> None:
        self.name = name
        self._policy = policy
        self._learned = Learned(OddsInMemory(clock=lambda: _AT), home=home, clock=lambda: 0.0)

    def choose(self, moment: Moment) -> str:
        """What ``decide`` chooses; empty when nothing may serve."""
        place = moment.place
        prompt = round(moment.prompt * place.world.estimate_off)
        context = StepContext(
            run_id=place.task.id,
            step=moment.number,
            user="somebody",
            kind=moment.kind,
            intent="data",
            prompt_tokens=prompt,
            max_tokens=_MAX_TOKENS,
            label="public",
            masked_label="public",
            deadline_s=_DEADLINE_S,
            attempt=len(moment.failures) + 1,
            failures=moment.failures,
            previous=moment.previous,
        )
        rungs = tuple(self._state(moment, name, model, prompt) for name, model in place.models.items())
        return decide(context, self._policy, Snapshot(rungs=rungs)).chosen

    def learn(self, moment: Moment, model: str, *, ok: bool, answer: int) -> None:
        """As the product does after its checks."""
        prompt = round(moment.prompt * moment.place.world.estimate_off)
        self._learned.record(moment.kind, model, bucket(prompt), ok, tokens=answer)

    def _state(self, moment: Moment, name: str, model: SimModel, prompt: int) -> RungState:
        """What the product would know of the model: nothing of the odds, nothing of the provider's cache rules."""
        place, machine = moment.place, moment.machine
        waiting = 0 if model.cloud else place.task.waiting
        return RungState(
            name=name,
            cloud=model.cloud,
            context=model.context,
            price=model.tariff,
            concurrency=8 if model.cloud else 1,
            running=min(1, waiting),
            waiting=max(0, waiting - 1),
            loaded=model.cloud or name in machine.loaded,
            load_s=model.load_s,
            prompt_tokens_s=model.prompt_tokens_s,
            completion_tokens_s=model.completion_tokens_s,
            cached_tokens=machine.cached(place.world, name, moment.prompt),
            expected_tokens=self._learned.expected_tokens(moment.kind, name),
            odds=self._learned.odds(moment.kind, name, bucket(prompt)),
        )


@contextmanager
def checked_home(place: Place, *, seed: str) -> Iterator[Path]:
    """A folder with a fitness card for each model, as ``clawdbot models check`` would write it."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="cards-") as name:
        home = Path(name)
        for model_name, model in place.models.items():
            _card(model_name, model, rng).save(home)
        yield home


def _card(name: str, model: SimModel, rng: random.Random) -> FitnessCard:
    """Twenty easy tasks of all kinds; those that failed are known by name only."""
    kinds = list(model.success)
    asked = [kinds[n % len(kinds)] for n in range(_CARD_TASKS)]
    failures = tuple(f"{kind}-{n}: wrong" for n, kind in enumerate(asked) if rng.random() >= model.success[kind][0])
    passed = 1 - len(failures) / _CARD_TASKS
    score = LanguageScore(tasks=_CARD_TASKS // 2, valid_rate=1.0, argument_accuracy=passed, passed_rate=passed)
    return FitnessCard(
        name=name,
        provider="langchain",
        model=name,
        checked_at=_AT,
        tasks=_CARD_TASKS,
        valid_rate=1.0,
        argument_accuracy=passed,
        repair_rate=passed,
        stop_rate=passed,
        languages={"zh": score, "en": score},
        context=model.context,
        effective_context=model.context,
        tested_context=model.context,
        prompt_tokens_per_s=model.prompt_tokens_s,
        tokens_per_s=model.completion_tokens_s,
        failures=failures,
        seconds=60.0,
    )
