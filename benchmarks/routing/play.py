"""A policy plays simulated tasks: the same flow for all of them, from the choice to the check of the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist
from typing import Protocol

from benchmarks.routing.office import Machine, Place
from benchmarks.routing.tasks import SimStep, SimTask, Try
from benchmarks.routing.world import World
from clawdbot.config import StepKind
from clawdbot.models.routing.step_context import Failure

_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a policy may know before a try; ``place`` holds public facts of the models besides their odds."""

    place: Place
    machine: Machine
    number: int
    """Of the step, from 1."""
    kind: StepKind
    prompt: int
    failures: tuple[Failure, ...]
    previous: str


class Chooser(Protocol):
    """A policy."""

    @property
    def name(self) -> str:
        """The name in the tables."""

    def choose(self, moment: Moment) -> str:
        """The model for a try; empty to give up."""

    def learn(self, moment: Moment, model: str, *, ok: bool, answer: int) -> None:
        """What the checks said of the answer, and its tokens."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A task's end.  ``right``: every step's accepted answer was; ``stopped``: the run said that it failed."""

    task: str
    seed: int
    right: bool
    stopped: bool = False
    usd: float = 0.0
    seconds: float = 0.0
    steps: int = 0
    local_steps: int = 0
    """Steps whose accepted answer came from a local model."""
    calls: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    """Wrong answers, and how many of them a check noticed."""
    noticed: int = 0

    @property
    def unnoticed(self) -> bool:
        """The run ended as if all was right, and it was not."""
        return not self.right and not self.stopped


class _Run:
    """A task being played."""

    def __init__(self, place: Place, machine: Machine) -> None:
        self.place = place
        self.machine = machine.next_task()
        self.usd = self.seconds = 0.0
        self.calls: Counter[str] = Counter()
        self.prompt = place.task.base
        self.previous = ""
        self.right = True
        self.wrong = self.noticed = self.local_steps = self.steps = 0

    def step(self, number: int, step: SimStep, chooser: Chooser) -> bool:
        """Play one step; False when it was given up."""
        world = self.place.world
        failures: tuple[Failure, ...] = ()
        used: Counter[str] = Counter()
        plan_again = False
        for _ in range(world.max_attempts):
            moment = self._moment(number, step, failures)
            name = chooser.choose(moment)
            if not name:
                return False
            luck = step.tries[name][used[name]]
            used[name] += 1
            if self.prompt + luck.answer_tokens > self.place.models[name].context:
                failures += (Failure(model=name, kind="context_overflow"),)
                continue
            if plan_again:
                self._call(name, world.steps["plan"].answer, luck)
                self.prompt += world.steps["plan"].adds
            self._call(name, luck.answer_tokens, luck)
            right, passed = judged(self.place, step, name, luck, repaired=bool(failures))
            self.wrong += not right
            self.noticed += not right and not passed
            chooser.learn(moment, name, ok=passed, answer=luck.answer_tokens)
            if passed:
                self._accept(name, step, luck, right=right)
                return True
            failures += (Failure(model=name, kind=luck.failure),)
            plan_again = luck.replan
            self.prompt += luck.answer_tokens + world.failed_tokens
        return False

    def outcome(self, *, stopped: bool) -> Outcome:
        """What came of it."""
        return Outcome(
            task=self.place.task.id,
            seed=self.place.task.seed,
            right=self.right and not stopped,
            stopped=stopped,
            usd=self.usd,
            seconds=self.seconds,
            steps=self.steps,
            local_steps=self.local_steps,
            calls=self.calls,
            wrong=self.wrong,
            noticed=self.noticed,
        )

    def _moment(self, number: int, step: SimStep, failures: tuple[Failure, ...]) -> Moment:
        return Moment(
            place=self.place,
            machine=self.machine,
            number=number,
            kind=step.kind,
            prompt=self.prompt,
            failures=failures,
            previous=self.previous,
        )

    def _call(self, name: str, answer: int, luck: Try) -> None:
        place = self.place
        cost = place.call(self.machine, name, self.prompt, answer, hit=luck.cache_hit)
        self.machine = self.machine.after(place.world, place.suite, name, place.models[name], self.prompt)
        self.usd += cost.usd
        self.seconds += cost.seconds
        self.calls[name] += 1
        self.previous = name

    def _accept(self, name: str, step: SimStep, luck: Try, *, right: bool) -> None:
        self.right &= right
        self.steps += 1
        self.local_steps += not self.place.models[name].cloud
        self.prompt += luck.answer_tokens + step.adds


def judged(place: Place, step: SimStep, name: str, luck: Try, *, repaired: bool) -> tuple[bool, bool]:
    """Whether the answer is right, and whether it passed the checks."""
    share = place.models[name].success[step.kind][step.difficulty]
    if repaired:
        share += place.world.repair * (1 - share)
    right = luck.luck < _limit(share)
    return right, not luck.false_alarm if right else not luck.noticed


def play_all(chooser: Chooser, places: Sequence[Place]) -> list[Outcome]:
    """All tasks one after another on one machine, so that the policy learns on the way."""
    machine = Machine()
    found = []
    for place in places:
        run = _Run(place, machine)
        finished = all(run.step(n, step, chooser) for n, step in enumerate(place.task.steps, 1))
        machine = run.machine
        found.append(run.outcome(stopped=not finished))
    return found


def places_of(world: World, suite: str, tasks: Sequence[SimTask]) -> list[Place]:
    """The tasks in their suite."""
    return [Place.of(world, world.suites[suite], task) for task in tasks]


@lru_cache(maxsize=4096)
def _limit(share: float) -> float:
    """A try is right when its luck, a standard normal number, is below this."""
    return _NORMAL.inv_cdf(min(max(share, 1e-9), 1 - 1e-9))
