"""The machine of a simulated office: prompt caches, loaded models, and what a call costs in money and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.routing.tasks import SimTask
from benchmarks.routing.world import SimModel, Suite, World


@dataclass(frozen=True, kw_only=True)
class CallCost:
    """US dollars and seconds of a call."""

    usd: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What calls so far left behind.  A value: playing on gives another one."""

    loaded: tuple[str, ...] = ()
    """Local models in memory, the one used last at the end."""
    met: frozenset[str] = frozenset()
    """Models that know the prefix that all runs share."""
    seen: tuple[tuple[str, int], ...] = ()
    """Tokens of the present run's prompt that a model has read."""

    def next_task(self) -> Machine:
        """The machine when another run begins."""
        return replace(self, seen=())

    def cached(self, world: World, name: str, prompt: int) -> int:
        """Tokens of the prompt that the model has read before."""
        known = dict(self.seen).get(name, world.shared_prefix if name in self.met else 0)
        return min(known, max(0, prompt - world.changing_tail))

    def after(self, world: World, suite: Suite, name: str, model: SimModel, prompt: int) -> Machine:
        """The machine when the model has read the prompt."""
        loaded = self.loaded
        if not model.cloud:
            loaded = (*(other for other in loaded if other != name), name)[-suite.resident :]
        seen = {**dict(self.seen), name: max(0, prompt - world.changing_tail)}
        return Machine(loaded=loaded, met=self.met | {name}, seen=tuple(sorted(seen.items())))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A task with the suite it is from, and what the models are for it."""

    world: World
    suite: Suite
    task: SimTask
    models: Mapping[str, SimModel]

    @classmethod
    def of(cls, world: World, suite: Suite, task: SimTask) -> Place:
        """The models of a late task may be as able as others; speed and price stay."""
        become = suite.becomes if task.late else {}
        models = {}
        for name in suite.models:
            model = world.models[name]
            ability = world.models[become.get(name, name)].success
            models[name] = model.model_copy(update={"success": ability}) if name in become else model
        return cls(world=world, suite=suite, task=task, models=models)

    def call(self, machine: Machine, name: str, prompt: int, answer: int, *, hit: float = 0.0) -> CallCost:
        """What a call costs; ``hit`` is the luck of finding the cached prompt again."""
        model = self.models[name]
        cached = machine.cached(self.world, name, prompt)
        if cached < model.cache_from or hit >= model.cache_hit:
            cached = 0
        price = model.tariff.of(prompt_tokens=prompt, completion_tokens=answer, cached_tokens=cached)
        seconds = model.first_token_s + (prompt - cached) / model.prompt_tokens_s + answer / model.completion_tokens_s
        if not model.cloud:
            seconds += 0.0 if name in machine.loaded else model.load_s
            seconds += self.task.waiting * self.world.queued_call_s
        return CallCost(usd=float(price), seconds=seconds)
