"""Simulated tasks: their steps, sizes and hidden luck, drawn once from a seed and the same for every policy."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from benchmarks.routing.world import Suite, World
from clawdbot.config import StepKind
from clawdbot.models.routing.step_context import FailureKind


@dataclass(frozen=True, kw_only=True)
class Try:
    """What happens when a model is asked once; ``luck`` is below the model's limit when the answer is right."""

    luck: float
    noticed: bool
    """A check sees the mistake, if it is one."""
    false_alarm: bool
    failure: FailureKind
    replan: bool
    answer_tokens: int
    cache_hit: float
    """Below the model's share of hits the cached prompt is found."""


@dataclass(frozen=True, kw_only=True)
class SimStep:
    """One reasoning step; ``difficulty`` is hidden from all policies but the oracle."""

    kind: StepKind
    difficulty: int
    adds: int
    tries: Mapping[str, Sequence[Try]]


@dataclass(frozen=True, kw_only=True)
class SimTask:
    """A task; ``waiting`` is the number of others' calls before each of ours at a local model."""

    id: str
    seed: int
    late: bool
    """In the second half, when models may have become others."""
    base: int
    waiting: int
    steps: tuple[SimStep, ...]


def draw_tasks(world: World, name: str, *, seed: int, count: int) -> list[SimTask]:
    """The tasks of a suite: the same for the same name and seed, whatever else is drawn."""
    suite = world.suites[name]
    found = []
    for n in range(count):
        # One generator a task, so that the number of tasks changes none of them.
        rng = random.Random(f"{name}/{seed}/{n}")
        goal = rng.choices(suite.goals, [g.share for g in suite.goals])[0]
        difficulty = _difficulty(suite, rng)
        found.append(
            SimTask(
                id=f"{name}/{seed}/{n}",
                seed=seed,
                late=n >= count / 2,
                base=_around(suite.base, rng),
                waiting=rng.randint(*suite.burst[1:]) if rng.random() < suite.burst[0] else 0,
                steps=tuple(_step(world, suite, kind, difficulty, rng) for kind in goal.steps),
            )
        )
    return found


def _step(world: World, suite: Suite, kind: StepKind, task: int, rng: random.Random) -> SimStep:
    sizes = world.steps[kind]
    difficulty = task if rng.random() < world.same_difficulty else _difficulty(suite, rng)
    everyone = rng.gauss()
    tries = {}
    for model in suite.models:
        own = rng.gauss()
        tries[model] = tuple(_try(world, suite, kind, (everyone, own), rng) for _ in range(world.max_attempts))
    return SimStep(kind=kind, difficulty=difficulty, adds=round(_around(sizes.adds, rng) * suite.stretch), tries=tries)


def _try(world: World, suite: Suite, kind: StepKind, luck: tuple[float, float], rng: random.Random) -> Try:
    step_share, model_share = world.shared_luck
    own = sqrt(1 - step_share - model_share) * rng.gauss()
    return Try(
        luck=sqrt(step_share) * luck[0] + sqrt(model_share) * luck[1] + own,
        noticed=rng.random() < world.detected[kind],
        false_alarm=rng.random() < world.false_alarm,
        failure=rng.choices(list(world.failures), list(world.failures.values()))[0],
        replan=rng.random() < world.replan,
        answer_tokens=max(10, round(_around(world.steps[kind].answer, rng) * suite.answers)),
        cache_hit=rng.random(),
    )


def _difficulty(suite: Suite, rng: random.Random) -> int:
    return rng.choices(range(len(suite.difficulty)), suite.difficulty)[0]


def _around(mean: float, rng: random.Random) -> int:
    return max(0, round(rng.gauss(mean, mean / 4)))
