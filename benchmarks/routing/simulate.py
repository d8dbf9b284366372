"""All policies in all suites of the simulated office."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.routing.choosers import Always, EscalateOnFailure, KnowsOdds, RandomShare
from benchmarks.routing.office import Place
from benchmarks.routing.oracle import play_oracle
from benchmarks.routing.ours import Ours, checked_home
from benchmarks.routing.play import Chooser, Outcome, places_of, play_all
from benchmarks.routing.summary import CHEAP, ORACLE, STRONG, Figures, Played, Worth, figures
from benchmarks.routing.tasks import draw_tasks
from benchmarks.routing.world import World
from clawdbot.models.routing.policy import Policy

OURS = "ours"
OURS_CHECKED = "ours, fitness cards"


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """A suite, played by every policy."""

    name: str
    about: str
    played: Played
    cloud: frozenset[str]
    extreme: bool = False


def simulate(world: World, suites: Sequence[str], policy: Policy, *, seeds: int, tasks: int) -> Iterator[SuiteResult]:
    """Play suite after suite; ``policy`` is ours."""
    for name in suites:
        found: dict[str, list[Outcome]] = {}
        for seed in range(seeds):
            places = places_of(world, name, draw_tasks(world, name, seed=seed, count=tasks))
            for chooser, outcomes in _play(places, policy, seed=f"{name}/{seed}"):
                found.setdefault(chooser, []).extend(outcomes)
        suite = world.suites[name]
        cloud = frozenset(m for m in suite.models if world.models[m].cloud)
        yield SuiteResult(name=name, about=suite.about, played=found, cloud=cloud, extreme=suite.extreme)


def worth(policy: Policy) -> Worth:
    """What time and failures cost: the same for the policy and for the tables."""
    return Worth(second_usd=policy.second_usd, failure_usd=policy.failure_usd)


def all_figures(result: SuiteResult, counted: Worth) -> dict[str, Figures]:
    """The figures of every policy."""
    return {policy: figures(result.played, policy, cloud=result.cloud, worth=counted) for policy in result.played}


def together(results: Sequence[SuiteResult], name: str, about: str) -> SuiteResult:
    """Some suites as one; each counts as much as it has tasks."""
    return SuiteResult(
        name=name,
        about=about,
        played={p: [o for r in results for o in r.played[p]] for p in results[0].played},
        cloud=frozenset[str]().union(*(r.cloud for r in results)),
    )


def _play(places: Sequence[Place], policy: Policy, *, seed: str) -> Iterator[tuple[str, list[Outcome]]]:
    ours = play_all(Ours(OURS, policy), places)
    yield OURS, ours
    with checked_home(places[0], seed=seed) as home:
        yield OURS_CHECKED, play_all(Ours(OURS_CHECKED, policy, home=home), places)
    calls = sum((outcome.calls for outcome in ours), Counter[str]())
    others: tuple[Chooser, ...] = (
        Always(CHEAP, place=0),
        Always(STRONG, place=-1),
        RandomShare(calls, seed=seed),
        EscalateOnFailure(),
        KnowsOdds(worth(policy)),
    )
    for chooser in others:
        yield chooser.name, play_all(chooser, places)
    yield ORACLE, play_oracle(places, second_usd=policy.second_usd)
