"""The oracle: knows every outcome, and finds the cheapest way to a right result by dynamic programming."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.routing.office import Machine, Place
from benchmarks.routing.play import Outcome, judged
from benchmarks.routing.tasks import SimStep

_KEPT = 48
"""Ways kept after each step: those with the least cost; more of them change nothing but the time it takes."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One way through a task so far."""

    machine: Machine
    prompt: int
    usd: float = 0.0
    seconds: float = 0.0
    local_steps: int = 0
    calls: tuple[str, ...] = ()
    wrong: int = 0


def play_oracle(places: Sequence[Place], *, second_usd: float) -> list[Outcome]:
    """All tasks; where no choice of models gives a right result, nothing is spent."""
    machine = Machine()
    found = []
    for place in places:
        way = _best(place, machine.next_task(), second_usd)
        found.append(_outcome(place, way))
        machine = machine if way is None else way.machine
    return found


def _best(place: Place, machine: Machine, second_usd: float) -> _Way | None:
    def cost(way: _Way) -> float:
        return way.usd + second_usd * way.seconds

    ways = [_Way(machine=machine, prompt=place.task.base)]
    for step in place.task.steps:
        best: dict[tuple[Machine, int], _Way] = {}
        for way in ways:
            for longer in _longer(place, way, step):
                key = (longer.machine, longer.prompt)
                if key not in best or cost(longer) < cost(best[key]):
                    best[key] = longer
        ways = sorted(best.values(), key=cost)[:_KEPT]
    return ways[0] if ways else None


def _longer(place: Place, way: _Way, step: SimStep) -> Iterator[_Way]:
    """The way with each model that gets the step right, with the tries that it needs."""
    world = place.world
    for name, model in place.models.items():
        at, plan_again = way, False
        for n, luck in enumerate(step.tries[name]):
            if at.prompt + luck.answer_tokens > model.context:
                break
            if plan_again:
                at = _called(place, at, name, world.steps["plan"].answer, luck.cache_hit)
                at = replace(at, prompt=at.prompt + world.steps["plan"].adds)
            at = _called(place, at, name, luck.answer_tokens, luck.cache_hit)
            right, passed = judged(place, step, name, luck, repaired=n > 0)
            if passed and not right:
                break
            if passed:
                prompt = at.prompt + luck.answer_tokens + step.adds
                yield replace(at, prompt=prompt, local_steps=at.local_steps + (not model.cloud))
                break
            plan_again = luck.replan
            prompt = at.prompt + luck.answer_tokens + world.failed_tokens
            at = replace(at, prompt=prompt, wrong=at.wrong + (not right))


def _called(place: Place, way: _Way, name: str, answer: int, hit: float) -> _Way:
    cost = place.call(way.machine, name, way.prompt, answer, hit=hit)
    return replace(
        way,
        machine=way.machine.after(place.world, place.suite, name, place.models[name], way.prompt),
        usd=way.usd + cost.usd,
        seconds=way.seconds + cost.seconds,
        calls=(*way.calls, name),
    )


def _outcome(place: Place, way: _Way | None) -> Outcome:
    if way is None:
        return Outcome(task=place.task.id, seed=place.task.seed, right=False, stopped=True)
    return Outcome(
        task=place.task.id,
        seed=place.task.seed,
        right=True,
        usd=way.usd,
        seconds=way.seconds,
        steps=len(place.task.steps),
        local_steps=way.local_steps,
        calls=Counter(way.calls),
        wrong=way.wrong,
        noticed=way.wrong,
    )
