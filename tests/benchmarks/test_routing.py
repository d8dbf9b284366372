"""The simulated office: what is drawn, what a call costs, how policies play, and what the tables say of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.routing.__main__ import main
from benchmarks.routing.choosers import Always, EscalateOnFailure, KnowsOdds, RandomShare
from benchmarks.routing.intervals import bootstrap, difference, saved
from benchmarks.routing.office import Machine, Place
from benchmarks.routing.oracle import play_oracle
from benchmarks.routing.ours import Ours, checked_home
from benchmarks.routing.play import Chooser, Outcome, places_of, play_all
from benchmarks.routing.simulate import simulate, together
from benchmarks.routing.summary import CHEAP, ORACLE, STRONG, Worth, figures, noticed_share, verdict
from benchmarks.routing.tasks import SimStep, Try, draw_tasks
from benchmarks.routing.world import World
from clawdbot.config import Config
from clawdbot.models.fitness_card import load_card
from clawdbot.models.routing.policy import Policy

WORLD = World.load()
WORTH = Worth(second_usd=0.0002, failure_usd=0.05)
POLICY = Policy.of(Config())


def places(suite: str, count: int = 40, seed: int = 3) -> list[Place]:
    return places_of(WORLD, suite, draw_tasks(WORLD, suite, seed=seed, count=count))


def made_right(place: Place, *, lucky: bool, noticed: bool = True) -> Place:
    """The task with the same luck for every try of every step."""

    luck = -99.0 if lucky else 99.0

    def one(old: Try) -> Try:
        return replace(old, luck=luck, noticed=noticed, false_alarm=False, replan=False, cache_hit=0.0)

    def step(old: SimStep) -> SimStep:
        return replace(old, tries={model: tuple(map(one, own)) for model, own in old.tries.items()})

    return replace(place, task=replace(place.task, steps=tuple(map(step, place.task.steps))))


def test_tasks_are_the_same_for_the_same_seed_however_many_are_drawn() -> None:
    few, many = draw_tasks(WORLD, "mixed-office", seed=1, count=5), draw_tasks(WORLD, "mixed-office", seed=1, count=9)
    assert [t.steps for t in few] == [t.steps for t in many[:5]]
    assert few[0].steps != draw_tasks(WORLD, "mixed-office", seed=2, count=1)[0].steps


def test_every_suite_is_what_the_comparison_needs() -> None:
    assert len(WORLD.suites) >= 8
    for name, suite in WORLD.suites.items():
        first, last = WORLD.models[suite.models[0]], WORLD.models[suite.models[-1]]
        assert last.cloud and last.tariff.input_usd > 0 and not first.cloud and not first.tariff.input_usd, name
        assert sum(suite.difficulty) == pytest.approx(1) and suite.about
        for model in suite.models:
            for shares in WORLD.models[model].success.values():
                assert all(0 < p < 1 for p in shares) and list(shares) == sorted(shares, reverse=True), (name, model)
    ratio = WORLD.models["lame"].success["sql"][0] / (1 - WORLD.models["lame"].success["sql"][0])
    assert ratio == pytest.approx(0.2 * 9), "a fifth of the small model's odds of 9 to 1"


def test_a_model_that_changed_is_another_in_late_tasks_only() -> None:
    early, late = places("worse-half-way", 2)
    assert early.models["medium"] == WORLD.models["medium"]
    assert late.models["medium"].success == WORLD.models["small"].success
    assert late.models["medium"].load_s == WORLD.models["medium"].load_s


def test_a_call_pays_for_what_no_cache_knows_and_waits_for_loading_and_others() -> None:
    place = places("mixed-office", 1)[0]
    world, suite, strong = place.world, place.suite, place.models["strong"]
    cold = place.call(Machine(), "strong", 3000, 100)
    assert cold.usd == pytest.approx((3000 * 2.5 + 100 * 10) / 1e6)
    assert cold.seconds == pytest.approx(0.7 + 0.5 + 100 / 80)
    warm = Machine().after(world, suite, "strong", strong, 3000)
    known = 3000 - world.changing_tail
    cached = place.call(warm, "strong", 3400, 100, hit=0.0)
    assert cached.usd == pytest.approx(((3400 - known) * 2.5 + known * 1.25 + 100 * 10) / 1e6)
    assert place.call(warm, "strong", 3400, 100, hit=0.95).usd > cached.usd, "the provider lost it"
    assert warm.cached(world, "small", 3400) == 0, "a change of model loses the cache"
    assert warm.next_task().cached(world, "strong", 3400) == world.shared_prefix
    fresh = place.call(Machine(), "small", 1000, 45)
    assert fresh.usd == 0 and fresh.seconds == pytest.approx(3 + 4 + 1)
    busy = replace(place, task=replace(place.task, waiting=2)).call(Machine(loaded=("small",)), "small", 1000, 45)
    assert busy.seconds == pytest.approx(4 + 1 + 2 * world.queued_call_s)


def test_memory_for_one_model_holds_the_last() -> None:
    place = places("one-model-memory", 1)[0]
    machine = Machine()
    for name in ("small", "strong", "medium"):
        machine = machine.after(place.world, place.suite, name, place.models[name], 1000)
    assert machine.loaded == ("medium",)


def test_what_goes_wrong_is_tried_again_noticed_or_not() -> None:
    place = places("laptop", 1)[0]
    cheap = Always(CHEAP, place=0)
    (right,) = play_all(cheap, [made_right(place, lucky=True)])
    assert right.right and not right.stopped and right.wrong == 0
    assert right.local_steps == right.steps == right.calls["small"] == len(place.task.steps)
    (stopped,) = play_all(cheap, [made_right(place, lucky=False)])
    assert stopped.stopped and not stopped.right and not stopped.unnoticed
    assert stopped.calls["small"] == stopped.wrong == stopped.noticed == WORLD.max_attempts
    (silent,) = play_all(cheap, [made_right(place, lucky=False, noticed=False)])
    assert silent.unnoticed and silent.calls["small"] == len(place.task.steps) and silent.noticed == 0


def test_escalation_goes_up_after_one_repair_and_begins_anew_at_each_step() -> None:
    place = made_right(places("easy-office", 1)[0], lucky=False)
    (outcome,) = play_all(EscalateOnFailure(), [place])
    assert outcome.calls == {"small": 2, "medium": 2, "strong": 1}
    hopeful = made_right(place, lucky=True)
    (outcome,) = play_all(EscalateOnFailure(), [hopeful])
    assert set(outcome.calls) == {"small"}


def test_a_prompt_that_does_not_fit_costs_nothing_and_goes_on() -> None:
    narrow = WORLD.models["small"].model_copy(update={"context": 1024})
    place = made_right(places("laptop", 1)[0], lucky=True)
    place = replace(place, models={**place.models, "small": narrow})
    (outcome,) = play_all(EscalateOnFailure(), [place])
    assert outcome.right and set(outcome.calls) == {"strong"}
    (by_chance,) = play_all(RandomShare({"small": 1, "strong": 1}, seed="x"), [place])
    assert by_chance.right and by_chance.calls["small"] == 0
    (knowing,) = play_all(KnowsOdds(WORTH), [place])
    assert knowing.right and set(knowing.calls) == {"strong"}


def test_chance_keeps_to_its_shares() -> None:
    outcomes = play_all(RandomShare({"small": 3, "strong": 1}, seed="x"), places("laptop", 120))
    calls = sum((o.calls for o in outcomes), start=outcomes[0].calls - outcomes[0].calls)
    assert 0.19 < calls["strong"] / calls.total() < 0.31


def loss(outcomes: Sequence[Outcome]) -> float:
    return sum(WORTH.loss(o) for o in outcomes)


@pytest.mark.parametrize("suite", ["mixed-office", "one-model-memory", "local-useless"])
def test_nobody_beats_the_oracle(suite: str) -> None:
    own = places(suite, 60)
    best = play_oracle(own, second_usd=WORTH.second_usd)
    others: list[Chooser] = [
        Always(CHEAP, place=0),
        Always(STRONG, place=-1),
        EscalateOnFailure(),
        KnowsOdds(WORTH),
        Ours("ours", POLICY),
    ]
    for chooser in others:
        outcomes = play_all(chooser, own)
        assert sum(o.right for o in best) >= sum(o.right for o in outcomes), chooser.name
        assert loss(best) <= loss(outcomes), chooser.name
    assert [o.task for o in best] == [p.task.id for p in own]


def test_the_oracle_spends_nothing_on_what_nobody_can_do() -> None:
    hopeless = made_right(places("mixed-office", 1)[0], lucky=False)
    (outcome,) = play_oracle([hopeless], second_usd=WORTH.second_usd)
    assert (outcome.right, outcome.usd, outcome.calls.total()) == (False, 0.0, 0)


def test_ours_is_deterministic_and_is_never_dearer_than_the_strong_model() -> None:
    for suite in ("mixed-office", "cloud-nearly-free", "local-useless"):
        own = places(suite, 60)
        ours = play_all(Ours("ours", POLICY), own)
        assert ours == play_all(Ours("ours", POLICY), own)
        assert sum(o.usd for o in ours) <= sum(o.usd for o in play_all(Always(STRONG, place=-1), own)) + 1e-9


def test_cards_are_read_and_belong_to_the_models(tmp_path: Path) -> None:
    own = places("local-useless", 1)
    with checked_home(own[0], seed="x") as home:
        lame, strong = load_card(home, "lame"), load_card(home, "strong")
        assert lame is not None and strong is not None and len(lame.failures) > len(strong.failures)
        assert play_all(Ours("ours", POLICY, home=home), own)
    assert not home.exists()


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=50))
def test_an_interval_holds_its_figure(pairs: list[tuple[bool, bool]]) -> None:
    ours, theirs = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = difference(ours, theirs)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found.value == pytest.approx(sum(ours) / len(ours) - sum(theirs) / len(theirs))
    same = difference(ours, ours)
    assert (same.low, same.value, same.high) == (0, 0, 0), "paired: the tasks' own spread is no doubt"


def test_intervals_narrow_with_more_tasks_and_are_the_same_each_time() -> None:
    few, many = [float(n % 2) for n in range(20)], [float(n % 2) for n in range(2000)]
    wide, narrow = difference(few, [0.0] * 20), difference(many, [0.0] * 2000)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5
    assert wide == difference(few, [0.0] * 20)
    assert saved([1, 1], [4, 4]).value == 0.75 and saved([0, 0], [0, 0]).value == 0
    with pytest.raises(ValueError, match="no tasks"):
        bootstrap([[], []], lambda means: means[:, 0])


def test_figures_and_verdict() -> None:
    def outcome(n: int, **values: object) -> Outcome:
        return replace(Outcome(task=str(n), seed=0, right=True, steps=2), **values)  # type: ignore[arg-type] # by name

    strong = [outcome(n, usd=1.0, seconds=10.0) for n in range(20)]
    for o in strong:
        o.calls["strong"] = 2
    ours = [outcome(n, usd=0.1, seconds=20.0, local_steps=2, wrong=2, noticed=1) for n in range(20)]
    best = [outcome(n) for n in range(20)]
    played = {STRONG: strong, "ours": ours, ORACLE: best}
    found = figures(played, "ours", cloud=frozenset({"strong"}), worth=WORTH)
    assert (found.success, found.strong_calls, found.local_steps, found.p95_s) == (1.0, 0.0, 1.0, 20.0)
    assert found.saved.value == pytest.approx(0.9) and found.regret.value == pytest.approx(0.1 + 20 * 0.0002)
    assert verdict("here", found).count("reached") == 4 and noticed_share(ours) == 0.5
    assert figures(played, STRONG, cloud=frozenset({"strong"}), worth=WORTH).strong_calls == 1.0
    failed = {**played, "ours": [replace(o, right=False, usd=2.0, local_steps=0) for o in ours]}
    worse = figures(failed, "ours", cloud=frozenset({"strong"}), worth=WORTH)
    assert worse.unnoticed == 1.0 and verdict("here", worse).count("MISSED") == 4
    assert "DEARER" in verdict("here", worse)


def test_suites_together_hold_every_task() -> None:
    found = list(simulate(WORLD, ["laptop", "mixed-office"], POLICY, seeds=2, tasks=5))
    whole = together(found, "both", "")
    assert {len(outcomes) for outcomes in whole.played.values()} == {20}
    tasks = {policy: [o.task for o in outcomes] for policy, outcomes in whole.played.items()}
    assert all(names == tasks[STRONG] for names in tasks.values()), "all policies played the same"


def test_the_command_prints_simulated_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.json"
    arguments = ["--suites", "easy-office,laptop,local-useless", "--seeds", "1", "--tasks", "10", "--json", str(file)]
    assert main(["simulate", *arguments, "--unnoticed", "0.5", "--failure-usd", "0.5"]) == 0
    said = capsys.readouterr().out
    assert "SIMULATED" in said and "a task that fails 0.5 USD" in said and "checks noticed" in said
    for heading in ("easy-office (simulated)", "ordinary suites (simulated)", "all suites (simulated)", "Goals"):
        assert heading in said
    body = json.loads(file.read_text("utf-8"))
    assert body["simulated"] and set(body["suites"]["laptop"]) >= {CHEAP, STRONG, ORACLE, "ours", "knows the odds"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--suites", "nowhere"], "There is no suite 'nowhere'."),
        (["--unnoticed", "2"], "--unnoticed is a share"),
    ],
)
def test_what_cannot_be_simulated_is_said(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == 2
    assert sentence in capsys.readouterr().err
