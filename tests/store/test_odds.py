"""The counts on both databases, and in memory the same: nothing is lost, and old evidence fades."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.store.database import Database
from clawdbot.store.odds import CAP, HALF_LIFE_DAYS, Evidence, OddsInMemory, OddsStore

CELL = ("sql", "small", "to_2k")


class Clock:
    """A wall clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> str:
        return self.moment.isoformat(timespec="microseconds")

    def move(self, *, days: float) -> None:
        self.moment += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(ledger_url: str, clock: Clock) -> Iterator[OddsStore]:
    """The counts in the ledger, on each of its databases."""
    database = Database(ledger_url)
    yield OddsStore(database, clock=clock)
    database.close()


def test_attempts_are_counted_by_cell(kept: OddsStore) -> None:
    kept.add(CELL, ok=True, tokens=100)
    kept.add(CELL, ok=False)
    after = kept.add(CELL, ok=True, tokens=60)
    kept.add(("chart", "small", "to_2k"), ok=False, tokens=40)
    assert (after.successes, after.failures, after.answers, after.tokens) == (2, 1, 2, 160)
    known = kept.get_all()
    assert known[CELL] == after
    assert set(known) == {CELL, ("chart", "small", "to_2k")}


def test_a_later_check_takes_the_place_of_an_earlier_one(kept: OddsStore) -> None:
    kept.add(CELL, ok=True)
    kept.add(CELL, ok=True, tokens=50)
    after = kept.add(CELL, ok=False, was=True)
    assert (after.successes, after.failures, after.answers) == (1, 1, 1)
    after = kept.add(CELL, ok=True, was=False)
    assert (after.successes, after.failures) == (2, 0)


def test_counts_that_come_at_once_are_all_kept(ledger_url: str, clock: Clock) -> None:
    databases = [Database(ledger_url) for _ in range(2)]
    stores = [OddsStore(database, clock=clock) for database in databases]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: stores[n % 2].add(CELL, ok=n % 4 != 0, tokens=10), range(64)))
    assert stores[0].get_all() == {
        CELL: Evidence(successes=48, failures=16, answers=64, tokens=640, at=clock()),
    }
    for database in databases:
        database.close()


def test_evidence_fades_with_time(kept: OddsStore, clock: Clock) -> None:
    for ok in (True, True, False, True):
        kept.add(CELL, ok=ok, tokens=200)
    clock.move(days=HALF_LIFE_DAYS)
    (half,) = kept.get_all().values()
    assert (half.successes, half.failures, half.tokens / half.answers) == (1.5, 0.5, 200)
    assert kept.add(CELL, ok=True).successes == 2.5
    clock.move(days=-300)
    assert kept.add(CELL, ok=True).successes == 3.5, "a clock that was set back neither fades nor multiplies"
    clock.move(days=300)
    assert kept.get_all()[CELL].successes == 3.5


def test_a_model_that_changed_is_noticed(kept: OddsStore) -> None:
    for _ in range(300):
        kept.add(CELL, ok=True, tokens=10)
    for _ in range(69):
        known = kept.add(CELL, ok=False, tokens=10)
    assert known.successes + known.failures == pytest.approx(CAP)
    assert known.successes == pytest.approx(CAP / 2, abs=1), "half of what is known is from the last 69"
    assert known.tokens / known.answers == pytest.approx(10)


STEPS = st.tuples(
    st.booleans(), st.none() | st.booleans(), st.none() | st.integers(0, 4000), st.floats(-5, 60), st.sampled_from("ab")
)


@given(steps=st.lists(STEPS, max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_memory_counts_as_the_ledger_does(
    kept: OddsStore, clock: Clock, steps: list[tuple[bool, bool | None, int | None, float, str]]
) -> None:
    tried = secrets.token_hex(8)
    memory = OddsInMemory(clock=clock)
    for ok, was, tokens, days, name in steps:
        clock.move(days=days)
        cell = ("sql", f"{tried} {name}", "to_1k")
        known = memory.add(cell, ok=ok, was=was, tokens=tokens)
        assert kept.add(cell, ok=ok, was=was, tokens=tokens) == known
        assert 0 <= known.successes <= CAP and 0 <= known.failures <= CAP
        assert known.answers <= CAP
    clock.move(days=1)
    mine = {cell: known for cell, known in kept.get_all().items() if cell[1].startswith(tried)}
    assert mine == memory.get_all()
