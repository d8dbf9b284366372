"""What odds say before, while and after there is evidence; on a real ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config import StepKind
from clawdbot.models.fitness_card import FitnessCard, LanguageScore
from clawdbot.models.routing.learning import BUCKETS, NEUTRAL, Learned, bucket
from clawdbot.store.database import Database, sqlite_url
from clawdbot.store.odds import OddsInMemory, OddsStore


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 5.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "clawdbot.db"))
    yield opened
    opened.close()


def card(home: Path, name: str, *, wrong: int, found: int = 8192, model: str = "m") -> None:
    """A stored card of 20 tasks, of which so many failed, and of a needle found in ``found`` of 8,192 tokens."""
    language = LanguageScore(tasks=10, valid_rate=1, argument_accuracy=1, passed_rate=1)
    FitnessCard(
        name=name, provider="ollama", model=model, checked_at="2026-11-21", tasks=20, valid_rate=1,
        argument_accuracy=1, repair_rate=1, stop_rate=1, languages={"zh": language, "en": language}, context=16384,
        effective_context=found, tested_context=8192, prompt_tokens_per_s=100, tokens_per_s=20,
        failures=tuple(f"task-{n}: wrong" for n in range(wrong)), seconds=100,
    ).save(home)  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        (0, "to_1k"),
        (1000, "to_1k"),
        (1001, "to_2k"),
        (2500, "to_4k"),
        (8000, "to_8k"),
        (8001, "over_8k"),
        (10**6, "over_8k"),
    ],
)
def test_a_prompt_has_a_size(tokens: int, name: str) -> None:
    assert bucket(tokens) == name
    assert name in BUCKETS


def test_of_an_unknown_model_much_is_hoped_and_little_believed(database: Database) -> None:
    odds = Learned(OddsStore(database)).odds("sql", "new", "to_1k")
    assert odds.mean == pytest.approx(NEUTRAL)
    assert odds.successes + odds.failures < 10


def test_the_card_is_where_a_checked_model_begins(database: Database, tmp_path: Path) -> None:
    card(tmp_path, "good", wrong=0)
    card(tmp_path, "weak", wrong=12)
    learned = Learned(OddsStore(database), home=tmp_path)
    good, unknown, weak = (learned.odds("sql", name, "to_1k").mean for name in ("good", "unknown", "weak"))
    assert weak < 0.6 < unknown < good < 1


def test_where_the_card_says_that_facts_are_lost_less_is_expected(database: Database, tmp_path: Path) -> None:
    card(tmp_path, "short", wrong=0, found=2048)
    learned = Learned(OddsStore(database), home=tmp_path)
    means = [learned.odds("sql", "short", size).mean for size in BUCKETS]
    assert means[0] == means[1] == means[2], "up to 2,048 tokens it found everything"
    assert means[3] == means[4] < means[0] * 0.6


def test_a_name_that_is_given_to_another_model_begins_anew(database: Database, tmp_path: Path) -> None:
    card(tmp_path, "small", wrong=20, model="old:1b")
    kept = OddsStore(database)
    old = Learned(kept, home=tmp_path, served={"small": "ollama:old:1b"})
    for _ in range(5):
        old.record("sql", "small", "to_1k", False)
    assert old.odds("sql", "small", "to_1k").mean < 0.2
    new = Learned(kept, home=tmp_path, served={"small": "ollama:new:7b", "alias": "ollama:old:1b"})
    assert new.odds("sql", "small", "to_1k").mean == pytest.approx(NEUTRAL)
    assert new.odds("sql", "alias", "to_1k").mean < 0.5, "what was learned belongs to the model, not to its name"


def test_its_own_record_soon_counts_most(database: Database) -> None:
    learned = Learned(OddsStore(database))
    for n in range(40):
        learned.record("chart", "small", "to_2k", True)
        learned.record("sql", "small", "to_2k", n % 4 == 0)
    assert learned.odds("sql", "small", "to_2k").mean == pytest.approx(0.25, abs=0.07)
    assert learned.odds("chart", "small", "to_2k").mean > 0.9


def test_little_is_borrowed_from_neighbours_and_less_from_far_away(database: Database) -> None:
    learned = Learned(OddsStore(database))
    for _ in range(3):
        learned.record("sql", "small", "to_1k", False)
    at, near, far, other_kind, other_model = (
        learned.odds("sql", "small", "to_1k").mean,
        learned.odds("sql", "small", "to_2k").mean,
        learned.odds("sql", "small", "over_8k").mean,
        learned.odds("mail", "small", "to_1k").mean,
        learned.odds("sql", "large", "to_1k").mean,
    )
    assert at < near < far < other_model == pytest.approx(NEUTRAL)
    assert other_kind < other_model


def test_many_attempts_at_one_kind_do_not_drown_the_others() -> None:
    learned = Learned(OddsInMemory())
    for _ in range(500):
        learned.record("mail", "small", "to_1k", True)
    for _ in range(4):
        learned.record("chart", "small", "to_1k", False)
    assert 0.4 < learned.odds("sql", "small", "to_1k").mean < 0.75


def test_a_later_check_takes_the_place_of_an_earlier_one() -> None:
    contradicted, failed = Learned(OddsInMemory()), Learned(OddsInMemory())
    contradicted.record("sql", "small", "to_1k", True)
    contradicted.record("sql", "small", "to_1k", False, was=True)
    failed.record("sql", "small", "to_1k", False)
    mean = contradicted.odds("sql", "small", "to_1k").mean
    assert mean == pytest.approx(failed.odds("sql", "small", "to_1k").mean)


def test_what_other_processes_learned_comes_within_a_minute(tmp_path: Path, clock: Clock) -> None:
    databases = [Database(sqlite_url(tmp_path / "clawdbot.db")) for _ in range(2)]
    here, there = (Learned(OddsStore(database), clock=clock) for database in databases)
    before = here.odds("sql", "small", "to_1k").mean
    for _ in range(6):
        there.record("sql", "small", "to_1k", False, tokens=900)
    assert there.odds("sql", "small", "to_1k").mean < 0.5, "what was learned here counts at once"
    assert here.odds("sql", "small", "to_1k").mean == before
    clock.seconds += 61
    agreed = here.odds("sql", "small", "to_1k").mean
    assert agreed == pytest.approx(there.odds("sql", "small", "to_1k").mean)
    assert here.expected_tokens("sql", "small") == pytest.approx(there.expected_tokens("sql", "small"))
    for database in databases:
        database.close()


def test_a_new_card_counts_within_a_minute(tmp_path: Path, clock: Clock) -> None:
    learned = Learned(OddsInMemory(), home=tmp_path, clock=clock)
    before = learned.odds("sql", "small", "to_1k").mean
    card(tmp_path, "small", wrong=15)
    assert learned.odds("sql", "small", "to_1k").mean == before
    clock.seconds += 61
    assert learned.odds("sql", "small", "to_1k").mean < before


def test_threads_lose_nothing(database: Database) -> None:
    learned = Learned(OddsStore(database))

    def work(n: int) -> float:
        learned.record("sql", f"m{n % 3}", "to_1k", n % 2 == 0, tokens=n)
        return learned.odds("sql", f"m{n % 3}", "to_1k").mean

    with ThreadPoolExecutor(8) as threads:
        assert all(0 < mean < 1 for mean in threads.map(work, range(60)))
    counts = [learned.odds("sql", f"m{n}", "to_1k") for n in range(3)]
    prior = 4.0
    assert sum(one.successes + one.failures - prior for one in counts) == pytest.approx(60)


def test_lengths_are_means_of_what_was_answered(database: Database) -> None:
    learned = Learned(OddsStore(database))
    assert learned.expected_tokens("report", "small") == 150
    for _ in range(40):
        learned.record("report", "large", "to_2k", True, tokens=800)
    borrowed = learned.expected_tokens("report", "small")
    assert 700 < borrowed < 800, "how long an answer is depends most on what it is for"
    for size in ("to_1k", "to_2k"):
        for _ in range(20):
            learned.record("report", "small", size, True, tokens=300)
    assert 300 < learned.expected_tokens("report", "small") < 360
    learned.record("report", "small", "to_1k", False)
    assert 300 < learned.expected_tokens("report", "small") < 360, "an attempt without an answer has no length"
    assert learned.expected_tokens("sql", "small") == 150


KINDS: tuple[StepKind, ...] = ("sql", "mail", "plan")
CELLS = st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b"]), st.sampled_from(BUCKETS))
HISTORY = st.lists(st.tuples(CELLS, st.booleans(), st.integers(1, 30)), max_size=8)


@given(history=HISTORY, new=CELLS, asked=CELLS)
def test_a_success_never_lowers_any_odds_and_a_failure_never_raises_them(
    history: list[tuple[tuple[StepKind, str, str], bool, int]],
    new: tuple[StepKind, str, str],
    asked: tuple[StepKind, str, str],
) -> None:
    def learned() -> Learned:
        made = Learned(OddsInMemory(clock=lambda: "2026-11-21T00:00:00.000000+00:00"))
        for cell, ok, times in history:
            for _ in range(times):
                made.record(*cell, ok)
        return made

    before = learned().odds(*asked).mean
    assert 0 < before < 1
    better, worse = learned(), learned()
    better.record(*new, True)
    worse.record(*new, False)
    assert worse.odds(*asked).mean <= before + 1e-12
    assert better.odds(*asked).mean >= before - 1e-12
    if new[1] != asked[1]:
        assert better.odds(*asked).mean == worse.odds(*asked).mean == before


def test_it_converges_to_what_is_true() -> None:
    learned = Learned(OddsInMemory())
    for n in range(400):
        learned.record("sql", "small", "to_1k", n % 10 != 0)
    odds = learned.odds("sql", "small", "to_1k")
    deviation = math.sqrt(0.9 * 0.1 / 100)
    assert abs(odds.mean - 0.9) < 3 * deviation
